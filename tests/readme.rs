//! The README says what is so: its C example is hello.c, its commands are the ones that the examples and CI use.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_c_example_is_the_program_that_runs() {
    let readme = read("README.md");
    let shown = readme.split("```c\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a C example");
    let hello = read("c-examples/hello.c");
    let program = &hello[hello.find("#include").expect("a program")..];
    assert_eq!(shown.trim(), program.trim());
}

#[test]
fn the_link_line_is_the_one_that_the_examples_use() {
    let (readme, makefile) = (read("README.md"), read("c-examples/Makefile"));
    for needed in ["-lpthread -ldl -lm", "capi,pthread"] {
        assert!(readme.contains(needed) && makefile.contains(needed), "{needed}");
    }
}

#[test]
fn ci_runs_the_two_commands() {
    let (readme, ci) = (read("README.md"), read(".ci/run"));
    for command in ["make -C c-examples run", "cargo test"] {
        assert!(readme.contains(&format!("\n{command} ")), "{command} is in the README");
        assert!(ci.contains(&format!("\n{command}\n")), "{command} is in .ci/run");
    }
}

#[test]
fn the_oldest_compiler_is_the_one_at_hand() {
    let manifest = read("Cargo.toml");
    let oldest =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("rust-version");
    let output = std::process::Command::new("rustc").arg("--version").output().expect("rustc");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let version = text.split_whitespace().nth(1).expect("a version");
    let minor =
        |text: &str| text.trim_matches('"').split('.').nth(1).and_then(|part| part.parse::<u32>().ok());
    assert!(minor(version) >= minor(oldest), "{version} runs this, {oldest} is promised");
}
