//! The archive for C and C++ programs under ThreadSanitizer, which `make tsan` builds. With it no hand-over of the C API is reported,
//! and the program's own races are; with the ordinary archive the hand-overs are reported too, which is why there is this one. An
//! ordering that is weakened orders no more there than it should. docs/thread-sanitizer.md lists the hand-overs.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

#[path = "common/c.rs"]
mod c;
#[path = "common/tsan.rs"]
mod tsan;

use c::tmp;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const PAGE: &str = "docs/thread-sanitizer.md";

/// The scenes of a program that lists them.
fn scenes(program: &Path) -> Vec<String> {
    c::run(&mut Command::new(program)).lines().map(str::to_owned).collect()
}

fn is_race(scene: &str) -> bool {
    scene.starts_with("race_")
}

/// The scenes of the page's table, and whether they have a star: the system orders them.
fn rows() -> Vec<(String, bool)> {
    let page = std::fs::read_to_string(c::root().join(PAGE)).expect("the page");
    let cells =
        page.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit_once("| `")?.1.split_once('`'));
    cells.map(|(scene, behind)| (scene.to_owned(), behind.ends_with(r"\*"))).collect()
}

/// No report, and the scene came to its end.
fn plays(program: &Path, scene: &str) {
    let output = tsan::run(program, &[scene]);
    let text = c::printed(&output);
    assert!(output.status.success() && text == "played\n", "{scene}: {}\n{text}", output.status);
}

/// A data race of what gives the memory and what gets it.
fn is_reported(program: &Path, scene: &str) {
    let output = tsan::run(program, &[scene]);
    let text = c::printed(&output);
    assert_eq!(output.status.code(), Some(tsan::REPORTED), "{scene}: nothing was reported\n{text}");
    let (later, earlier) = tsan::race(&text).unwrap_or_else(|| panic!("{scene}: no data race\n{text}"));
    for stack in [later, earlier] {
        // The library's own copies, and this program's clearing, are calls of functions that the runtime replaces.
        let innermost = ["give ", "get ", "memcpy ", "memset "].map(|name| format!("#0 {name}"));
        assert!(innermost.iter().any(|name| stack.contains(name)), "{scene}: another race\n{text}");
    }
}

#[test]
fn no_hand_over_is_reported_and_each_race_is() {
    let announcing = c::announcing_archive();
    for compiler in ["cc", "clang"] {
        let program = tmp(&format!("hand-overs-{compiler}"));
        tsan::compile(compiler, "-std=c11", &["hand_overs.c"], &announcing, &program);
        for scene in scenes(&program) {
            if is_race(&scene) { is_reported(&program, &scene) } else { plays(&program, &scene) }
        }
    }
}

#[test]
fn the_ordinary_archive_gets_each_of_them_reported() {
    let program = tmp("hand-overs-ordinary");
    tsan::compile("cc", "-std=c11", &["hand_overs.c"], &c::archive(), &program);
    for (scene, is_ordered_by_the_system) in rows() {
        if is_ordered_by_the_system { plays(&program, &scene) } else { is_reported(&program, &scene) }
    }
}

#[test]
fn the_page_lists_every_scene() {
    let program = tmp("hand-overs-listed");
    tsan::compile("cc", "-std=c11", &["hand_overs.c"], &c::announcing_archive(), &program);
    let is_other = |scene: &String| is_race(scene) || scene.starts_with("also_");
    let (others, scenes): (Vec<_>, Vec<_>) = scenes(&program).into_iter().partition(is_other);
    assert_eq!(rows().into_iter().map(|(scene, _)| scene).collect::<Vec<_>>(), scenes, "left: {PAGE}");
    let page = std::fs::read_to_string(c::root().join(PAGE)).expect("the page");
    let named = |scene: &String| page.contains(&format!("`{scene}`"));
    assert!(others.iter().any(|scene| is_race(scene)) && others.iter().all(named), "{others:?}");
}

#[test]
fn values_of_cpp_go_there_and_back() {
    let (announcing, ordinary) = (c::announcing_archive(), c::archive());
    for compiler in ["c++", "clang++"] {
        let program = |library: &Path, name: &str| {
            let program = tmp(&format!("hand-overs-{compiler}-{name}"));
            tsan::compile(compiler, "-std=c++17", &["hand_overs.cpp"], library, &program);
            tsan::run(&program, &[])
        };
        let output = program(&announcing, "announced");
        assert_eq!(c::printed(&output), "played\n", "{compiler}");
        let output = program(&ordinary, "ordinary");
        let text = c::printed(&output);
        assert_eq!(output.status.code(), Some(tsan::REPORTED), "{compiler}: nothing was reported\n{text}");
        assert!(tsan::race(&text).is_some(), "{compiler}: no data race\n{text}");
    }
}

#[test]
fn the_programs_of_the_cpp_header_are_not_reported() {
    // The other one takes a minute to compile (.ci/deep).
    let sources: &[&str] =
        if std::env::var_os("JOBRING_CPP_ALL").is_some() { &["pool", "later"] } else { &["later"] };
    for source in sources {
        let program = tmp(&format!("announced-{source}"));
        let path = format!("../cpp/{source}.cpp");
        tsan::compile("c++", "-std=c++20", &[&path], &c::announcing_archive(), &program);
        let output = tsan::run(&program, &[]);
        assert!(output.status.success(), "{source}: {}\n{}", output.status, c::printed(&output));
    }
}

#[test]
fn no_hand_over_under_load_is_reported() {
    let program = tmp("announced-stress");
    tsan::compile("cc", "-std=c11", &tsan::STRESS, &c::announcing_archive(), &program);
    let output = tsan::run(&program, &[]);
    let played = c::printed(&output);
    assert!(output.status.success(), "{}\n{played}", output.status);
    assert_eq!(
        played.lines().filter(|line| line.ends_with(" rounds")).count(),
        tsan::STRESS_SCENES,
        "{played}"
    );
}

/// A site of each kind of operation, and of each edge that the program's own data can show, with the scene that shows it and
/// its rounds.
const WEAKENED: &[(&str, &str, u32)] = &[
    ("PushPublish", "results", 100_000),
    ("PopEntry", "results", 100_000),
    ("SlotFill", "exchange", 200_000),
    ("SlotLook", "exchange", 200_000),
    ("InsideEntry", "idle_waits", 100_000),
    ("Resolve", "results", 100_000),
    ("Take", "results", 100_000),
    ("PopNextEntry", "queues", 200_000),
    ("InterruptRaise", "interrupts", 200_000),
    ("SlotClose", "shutdowns", 5_000),
    ("VisitEnd", "helped_destroy", 20_000),
    ("WatchAdd", "watches", 100_000),
    ("LaneLeave", "lanes", 100_000),
    ("LaneEnter", "lanes", 100_000),
];

#[test]
fn a_weakened_ordering_orders_no_more() {
    let target = tmp("announced-weak");
    // The package that tests/tsan.rs builds instrumented.
    c::run(
        Command::new(env!("CARGO"))
            .args(["build", "--release", "--target-dir"])
            .arg(&target)
            .arg("--manifest-path")
            .arg(c::root().join("tests/tsan/Cargo.toml"))
            .env_remove("CARGO_BUILD_TARGET")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env("RUSTFLAGS", "--cfg jobring_tsan --cfg jobring_announced"),
    );
    let program = target.join("stress");
    let library = target.join("release/libjobring_tsan.a");
    tsan::compile("cc", "-std=c11", &tsan::STRESS, &library, &program);
    for (site, scene, rounds) in WEAKENED {
        // In one run: nothing is reported before the site is weakened.
        let (rounds, before) = (rounds.to_string(), (rounds / 200).to_string());
        let output = tsan::run(&program, &[scene, &before, "--weaken", site, scene, &rounds]);
        let text = c::printed(&output);
        assert_eq!(output.status.code(), Some(tsan::REPORTED), "{site}: nothing was reported\n{text}");
        let played: Vec<_> = text.lines().filter(|line| line.ends_with(" rounds")).collect();
        assert_eq!(played, [format!("{scene}: {before} rounds")], "{site}: too early\n{text}");
        assert!(tsan::race(&text).is_some(), "{site}: no data race\n{text}");
    }
}

/// The examples that do not run here, each with its reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("stacks", "compares the stacks with what it asked for, and the sanitizer takes a part of each"),
    ("static_pool", "has a malloc() of its own, which the sanitizer calls before it is ready"),
];

#[test]
fn the_examples_run_under_it() {
    let build = tmp("announced-examples");
    let mut examples = c::examples();
    for (left_out, reason) in LEFT_OUT {
        let at = examples.iter().position(|example| example == left_out);
        examples.remove(at.unwrap_or_else(|| panic!("there is no {left_out} any more, which {reason}")));
    }
    let programs: Vec<_> = examples.iter().map(|example| build.join(example)).collect();
    c::run(
        Command::new("make")
            .arg("-C")
            .arg(c::root().join("c-examples"))
            .arg(format!("BUILD={}", build.display()))
            .arg(format!("LIB={}", c::announcing_archive().display()))
            .args(["CFLAGS=-g -fsanitize=thread", "LDFLAGS=-fsanitize=thread"])
            .args(&programs),
    );
    let sources = c::root().join("src").display().to_string();
    for (example, program) in examples.iter().zip(&programs) {
        let words: &[&str] = match example.as_str() {
            "hashtree" => &["--check", &sources],
            "echo_server" => &["--self-test", "300", "4"],
            _ => &[],
        };
        let output = tsan::run(program, words);
        assert!(output.status.success(), "{example}: {}\n{}", output.status, c::printed(&output));
    }
}

#[test]
fn no_other_archive_calls_the_sanitizer() {
    let needed = |library: &Path| -> BTreeSet<String> {
        let names = c::run(Command::new("nm").arg("--undefined-only").arg(library));
        let names = names.lines().filter_map(|line| line.split_whitespace().last());
        names.filter(|name| name.starts_with("__tsan")).map(str::to_owned).collect()
    };
    assert_eq!(needed(&c::archive()), BTreeSet::new());
    let facade = std::fs::read_to_string(c::root().join("src/sync/announced.rs")).expect("the atomics");
    let declared = facade.lines().filter_map(|line| line.trim().strip_prefix("fn __tsan_")?.split_once('('));
    let declared: BTreeSet<_> = declared.map(|(name, _)| format!("__tsan_{name}")).collect();
    assert!(declared.contains("__tsan_atomic64_load"), "{declared:?}");
    assert_eq!(needed(&c::announcing_archive()), declared);
}
