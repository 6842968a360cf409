//! `make install-doc`: the manual in HTML, made from the headers by doxygen. It lacks no function, structure or section, and doxygen
//! warns of nothing.
#![cfg(target_os = "linux")]

#[path = "common/c.rs"]
mod c;

use std::fs;
use std::process::Command;

#[test]
fn the_manual_has_every_function_and_section_of_the_headers() {
    let folder = c::fresh("manual");
    let variables = [
        format!("OUTDIR={}", folder.join("out").display()),
        format!("PREFIX={}", folder.join("usr").display()),
    ];
    c::run(Command::new("make").arg("install-doc").args(&variables).current_dir(c::root()));
    let manual = folder.join("usr/share/doc/jobring/html");
    let pages: Vec<String> = fs::read_dir(&manual)
        .expect("the manual")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "html"))
        .map(|path| fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .collect();
    let has = |text: &str| pages.iter().any(|page| page.contains(text));

    let index = fs::read_to_string(manual.join("index.html")).expect("its first page");
    for name in c::symbols() {
        assert!(has(&format!("</span>{name}()</h2>")), "the page of {name}");
        assert!(
            name.starts_with("jobring_lane_")
                || c::is_about_processes(&name)
                || index.contains(&format!(">{name}()</a>: ")),
            "{name} in the contents"
        );
    }
    let headers = c::header();
    let sections = headers.lines().filter_map(|line| line.strip_prefix("/* ---- "));
    let sections: Vec<_> = sections.map(|rest| rest.trim_end_matches(['-', ' ', '*', '/'])).collect();
    assert!(sections.len() > 10, "{sections:?}");
    for section in sections {
        assert!(has(&format!("<title>jobring: {section}</title>")), "{section}");
    }
    let structures = headers.lines().filter_map(|line| line.strip_prefix("struct ")?.strip_suffix(" {"));
    let structures: Vec<_> = structures.collect();
    assert!(structures.len() > 10, "{structures:?}");
    for structure in structures {
        assert!(has(&format!("<title>jobring: {structure} Struct Reference</title>")), "{structure}");
    }
    c::run(Command::new("make").arg("uninstall").args(&variables).current_dir(c::root()));
    assert!(!manual.exists(), "it is uninstalled");
}
