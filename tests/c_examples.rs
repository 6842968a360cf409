//! The C examples do what the README says, on this repository and on a large tree.
#![cfg(target_os = "linux")]

#[path = "common/c.rs"]
mod c;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn examples() -> PathBuf {
    c::root().join("c-examples")
}

fn build_dir() -> PathBuf {
    c::tmp("c-examples")
}

/// Makes the examples with the library that other tests link too. `.ci/run` runs the README's command, which builds its own.
fn make(build: &Path, arguments: &[String]) -> Output {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    Command::new("make")
        .arg("-C")
        .arg(examples())
        .arg(format!("-j{jobs}"))
        .args(arguments)
        .arg(format!("BUILD={}", build.display()))
        .arg(format!("LIB={}", c::archive().display()))
        .output()
        .expect("make")
}

fn expect_success(output: &Output, what: &str) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {}\n{text}\n{errors}", output.status);
}

/// 20,000 small files, 10 deep, of which a few are larger and some have names that a shell would stumble
/// over.
fn tree() -> PathBuf {
    let root = build_dir().join("tree");
    let _ = fs::remove_dir_all(&root);
    let mut made = 0;
    for branch in 0..20 {
        let mut dir = root.join(format!("branch {branch}"));
        for level in 0..10 {
            dir.push(format!("level-{level}"));
            fs::create_dir_all(&dir).expect("a directory");
            for file in 0..100 {
                let name = if file == 7 { "a b\\c\nd".into() } else { format!("file-{file}") };
                let content =
                    format!("{branch} {level} {file}\n").repeat(if file == 50 { 5000 } else { 1 + file });
                fs::write(dir.join(name), content).expect("a file");
                made += 1;
            }
        }
    }
    assert_eq!(made, 20_000);
    root
}

#[test]
fn every_example_runs_and_finds_itself_right() {
    let output = make(&build_dir(), &["run".into()]);
    expect_success(&output, "make run");
    let text = String::from_utf8_lossy(&output.stdout);
    let names = c::examples().into_iter().chain(["hello_cpp".into()]);
    for name in names {
        let heading = format!("== {}: ", name.trim_start_matches("seams/"));
        assert!(text.lines().any(|line| line.starts_with(&heading)), "{heading:?} is missing in:\n{text}");
    }

    let tree = tree();
    let hashtree = build_dir().join("hashtree");
    let parallel =
        Command::new(&hashtree).args(["--check", "-j", "4"]).arg(&tree).output().expect("hashtree");
    expect_success(&parallel, "hashtree --check");
    let serial = Command::new(&hashtree).args(["-j", "1"]).arg(&tree).output().expect("hashtree");
    expect_success(&serial, "hashtree -j 1");
    assert_eq!(parallel.stdout, serial.stdout, "one worker and four print the same");
    assert_eq!(serial.stdout.iter().filter(|&&byte| byte == b'\n').count(), 20_000);

    let sums = build_dir().join("tree.sums");
    fs::write(&sums, &serial.stdout).expect("sums");
    let standard =
        Command::new("sha256sum").args(["--check", "--quiet"]).arg(&sums).output().expect("sha256sum");
    expect_success(&standard, "sha256sum --check");

    let interrupted =
        Command::new(&hashtree).args(["--interrupt-after", "500"]).arg(&tree).output().expect("hashtree");
    assert_eq!(interrupted.status.code(), Some(130), "{interrupted:?}");
    fs::remove_dir_all(&tree).expect("the tree goes");
}

/// The programs with sockets under AddressSanitizer and UndefinedBehaviorSanitizer. The library is not instrumented here.
#[test]
fn sanitizers_find_nothing_in_the_programs_with_sockets() {
    const RUNS: [(&str, &[&str]); 3] =
        [("epoll_echo", &["10"]), ("fetch", &[]), ("echo_server", &["--self-test", "300", "4"])];
    const FLAGS: &str = "-g -fsanitize=address,undefined -fno-sanitize-recover=all";
    let build = build_dir().join("sanitized");
    let mut arguments = vec![format!("CFLAGS={FLAGS}"), format!("LDFLAGS={FLAGS}")];
    arguments.extend(RUNS.map(|(name, _)| build.join(name).display().to_string()));
    expect_success(&make(&build, &arguments), "make with sanitizers");
    for (name, arguments) in RUNS {
        let mut program = Command::new(build.join(name));
        program.args(arguments).env("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1");
        expect_success(&program.output().expect("a program"), name);
    }
}
