//! `make install` puts a library where a C programmer looks for it; hello builds against it outside of the tree, and
//! only jobring's own names can be seen.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
    output
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// The names that a library gives to those that link it.
fn exported(nm: &mut Command) -> BTreeSet<String> {
    let defined = lines(&run(nm));
    let names = defined.iter().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned);
    names.collect()
}

#[test]
fn an_installed_library_is_found_and_exports_its_own_names_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let prefix = tmp.join("prefix");
    let _ = fs::remove_dir_all(&prefix);
    run(Command::new("make")
        .current_dir(root)
        .arg("install")
        .arg(format!("PREFIX={}", prefix.display()))
        .env("CARGO_TARGET_DIR", tmp.join("install-target"))
        .env("CARGO", env!("CARGO")));

    let listed = fs::read_to_string(root.join("include/jobring.symbols")).expect("the symbol list");
    let entries: Vec<&str> = listed.lines().collect();
    assert!(entries.is_sorted(), "include/jobring.symbols is sorted");
    let expected: BTreeSet<String> = entries
        .iter()
        .map(|entry| entry.split_once(' ').expect("a name and an ABI version").0.to_owned())
        .collect();
    let library = prefix.join("lib");
    let shared =
        exported(Command::new("nm").args(["-D", "--defined-only"]).arg(library.join("libjobring.so")));
    assert_eq!(shared, expected, "the shared library");
    let object =
        exported(Command::new("nm").args(["-g", "--defined-only"]).arg(library.join("libjobring.a")));
    assert_eq!(object, expected, "the static library");

    let header = fs::read_to_string(prefix.join("include/jobring.h")).expect("the header");
    for name in &expected {
        assert!(header.contains(&format!("{name}(")), "{name} is declared");
    }
    let dynamic = lines(&run(Command::new("readelf").arg("-d").arg(library.join("libjobring.so"))));
    let abi =
        header.lines().find_map(|line| line.strip_prefix("#define JOBRING_ABI_VERSION ")).expect("a version");
    assert!(
        dynamic.iter().any(|line| line.contains(&format!("soname: [libjobring.so.{abi}]"))),
        "{dynamic:?}"
    );

    let outside = tmp.join("outside");
    fs::create_dir_all(&outside).expect("a directory");
    fs::copy(root.join("c-examples/hello.c"), outside.join("hello.c")).expect("hello.c");
    for (name, flags) in
        [("shared", &["--cflags", "--libs"][..]), ("static", &["--static", "--cflags", "--libs"])]
    {
        let found = run(Command::new("pkg-config")
            .args(flags)
            .arg("jobring")
            .env("PKG_CONFIG_PATH", library.join("pkgconfig")));
        let found = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        let found = if name == "static" { found.replace("-ljobring", "-l:libjobring.a") } else { found };
        run(Command::new("cc")
            .current_dir(&outside)
            .args(["hello.c", "-o", name])
            .args(found.split_whitespace()));
        let said = run(Command::new(outside.join(name)).env("LD_LIBRARY_PATH", &library));
        assert_eq!(lines(&said), ["a worker says: twice 21 is 42"]);
        let needed = lines(&run(Command::new("readelf").arg("-d").arg(outside.join(name))));
        let uses_shared = needed.iter().any(|line| line.contains("libjobring.so"));
        assert_eq!(uses_shared, name == "shared", "{name}");
    }
}
