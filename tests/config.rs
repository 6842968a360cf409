//! Every field of the C API's configuration and of a job's options is tried at its default, its constants and
//! its bounds, and beyond them. This test reads from the header which cells there must be, so a new field
//! fails it until it is tried. tests/c/config.c and tests/c/options.c have the cells.
#![cfg(target_os = "linux")]

#[path = "common/c.rs"]
mod c;

use std::collections::BTreeSet;
use std::process::Command;

const BUILDS: &[(&str, &[&str])] = &[("both", &["std", "pthread", "capi"]), ("std", &["std", "capi"])];

/// Cells that make no sense, each with its reason.
const EXCLUDED: &[(&str, &str)] = &[
    ("config.spin beyond", "every number is one"),
    ("config.stack_reserve beyond", "every number is one"),
    (
        "config.stack_memory_size highest",
        "every number is one, if there is memory; tests/bad_input.rs has it",
    ),
];

/// The cells that a structure's fields must have.
fn wanted(header: &str, structure: &str) -> BTreeSet<String> {
    let short = structure.strip_prefix("jobring_").expect("a prefix");
    let mut cells = BTreeSet::new();
    for field in c::fields(header, structure) {
        let mut add = |how: &str| cells.insert(format!("{short}.{} {how}", field.name));
        add("default");
        let constants = constants(header, &field.comment);
        let is_number = !field.kind.contains('*') && field.kind.ends_with("_t");
        if !is_number {
            add("given");
        } else if field.comment.ends_with("Zero.") || field.comment.contains("_.") {
            // One value, or those of the constants.
            assert!(field.comment.ends_with("Zero.") || constants.len() > 1, "{}", field.name);
            add("beyond");
        } else {
            for how in ["lowest", "highest", "beyond"] {
                add(how);
            }
        }
        constants.iter().for_each(|constant| {
            add(constant);
        });
        // The shorter structure that ends with it.
        cells.insert(format!("{short}.size {}", field.name));
    }
    for (cell, reason) in EXCLUDED.iter().filter(|(cell, _)| cell.starts_with(&format!("{short}."))) {
        assert!(cells.remove(*cell), "{cell} is excluded ({reason}), but nobody wants it");
    }
    cells
}

/// The constants that a field's comment names: all that begin so ("JOBRING_X_."), or one that says a
/// meaningful zero.
fn constants(header: &str, comment: &str) -> Vec<String> {
    let defined: Vec<_> =
        header.lines().filter_map(|line| line.strip_prefix("#define ")?.split(' ').next()).collect();
    let words = comment.split(|c: char| !c.is_ascii_uppercase() && c != '_' && c != '.');
    let mut found = Vec::new();
    for word in words.filter(|word| word.starts_with("JOBRING_")) {
        let is_zero = |name: &str| name.ends_with("_NONE") || name == "JOBRING_FOREVER";
        match word.strip_suffix("_.") {
            Some(stem) => found.extend(
                defined.iter().filter(|name| name.starts_with(&format!("{stem}_"))).map(|&n| n.to_owned()),
            ),
            None => {
                found.extend(Some(word.trim_end_matches('.')).filter(|name| is_zero(name)).map(str::to_owned))
            }
        }
    }
    found
}

/// The fields' names and sizes, as the programs take them.
fn arguments(header: &str, structure: &str) -> Vec<String> {
    let bytes = |kind: &str| match kind {
        "uint32_t" | "int32_t" => 4,
        "int64_t" | "uint64_t" => 8,
        kind if kind == "size_t" || kind.ends_with('*') || kind.ends_with("_fn") => size_of::<usize>(),
        other => panic!("how large is a {other}?"),
    };
    let fields = c::fields(header, structure);
    fields.into_iter().flat_map(|field| [field.name, bytes(&field.kind).to_string()]).collect()
}

fn tried(program: &str, structure: &str, flags: &[&str], first: &[String]) {
    let header = c::header();
    for (build, features) in BUILDS {
        let sources = [&*format!("{program}.c"), "scene.c"];
        let program = c::program(&c::library(features), &sources, &format!("{program}-{build}"), flags);
        let cells = c::cells(Command::new(program).args(first).args(arguments(&header, structure)));
        c::none_is_missing(&wanted(&header, structure), &cells);
        println!("{structure}, {build}: {} cells", cells.len());
    }
}

#[test]
fn every_field_of_a_configuration() {
    let cpus = std::thread::available_parallelism().expect("a number of CPUs").to_string();
    let wrapped =
        ["malloc", "calloc", "realloc", "posix_memalign", "free"].map(|name| format!("-Wl,--wrap={name}"));
    tried("config", "jobring_config", &wrapped.each_ref().map(String::as_str), &[cpus]);
}

#[test]
fn every_field_of_a_jobs_options() {
    tried("options", "jobring_submit_options", &[], &[]);
}

#[test]
fn a_field_that_is_added_is_missed() {
    let header = c::header();
    let add = "    uint32_t reserved;\n};";
    assert!(header.contains(add));
    let more =
        header.replace(add, "    uint32_t reserved;\n    /** JOBRING_WHEN_FULL_. */\n    uint32_t more;\n};");
    let news = &wanted(&more, "jobring_config") - &wanted(&header, "jobring_config");
    let news: Vec<_> = news.iter().map(String::as_str).collect();
    let expected = [
        "config.more JOBRING_WHEN_FULL_FAIL",
        "config.more JOBRING_WHEN_FULL_FAIL_ISR",
        "config.more JOBRING_WHEN_FULL_RUN",
        "config.more JOBRING_WHEN_FULL_WAIT",
        "config.more beyond",
        "config.more default",
        "config.size more",
    ];
    assert_eq!(news, expected);
}
