//! For tests of the C API: builds the library and the programs of tests/c, and reads the declarations of
//! include/jobring.h.
//!
//! Tests build for their own target. If that is not the host's, the variable CARGO_BUILD_TARGET names it for
//! the outer and the inner cargo.
#![allow(dead_code, reason = "each test uses a part of it")]

#[allow(unused_imports, reason = "each test uses a part of it")]
pub use jobring_harness::for_each;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The options that make a C compiler generate code for this target.
pub const MACHINE: &[&str] = if cfg!(target_arch = "x86") { &["-m32"] } else { &[] };

/// What the headers must not make C and C++ compilers warn of.
pub const WARNINGS: &[&str] = &[
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wshadow",
    "-Wundef",
    "-Wcast-qual",
    "-Werror",
];
/// Options for a program of which sanitizers report nothing.
pub const SANITIZED: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover"];

/// The features of the library that most C programs link: with one list it is built once.
pub const FEATURES: &[&str] = &["std", "pthread", "capi", "processes"];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A place for what tests make.
pub fn tmp(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A folder there in which nothing is left from an earlier run.
pub fn fresh(name: &str) -> PathBuf {
    let folder = tmp(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Runs a command to its end. If it fails, the panic shows all that it printed.
pub fn run(command: &mut Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, printed(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// The static library with these features, as cargo builds it.
pub fn library(features: &[&str]) -> PathBuf {
    library_with(features, &[])
}

/// As `library`, with compiler options.
pub fn library_with(features: &[&str], options: &[&str]) -> PathBuf {
    let kept = format!("libjobring-{}{}.a", features.join("-"), options.join("-").replace('=', "-"));
    let kept = tmp(&kept);
    in_release_folder(|target| {
        let release = build(target, features, options);
        keep(&release.join("libjobring.a"), &kept);
    });
    kept
}

/// The static library that `make` builds, which has no std in it.
pub fn archive() -> PathBuf {
    made("static", "libjobring")
}

/// The one that announces its hand-overs to ThreadSanitizer.
pub fn announcing_archive() -> PathBuf {
    made("tsan", "libjobring_tsan")
}

fn made(goal: &str, library: &str) -> PathBuf {
    let kept = tmp(&format!("{library}-make.a"));
    in_release_folder(|target| {
        let mut make = Command::new("make");
        make.current_dir(root()).arg(goal).env("CARGO_TARGET_DIR", target).env("CARGO", env!("CARGO"));
        run(make.env_remove("STD"));
        keep(&target.join(format!("clib/{library}.a")), &kept);
    });
    kept
}

/// Copies a library beside the old one and renames it, so that a test that links the old one can continue.
fn keep(library: &Path, kept: &Path) {
    let fresh = kept.with_extension("fresh");
    std::fs::copy(library, &fresh).expect("the library");
    std::fs::rename(&fresh, kept).expect("the library");
}

/// Builds the library into a target folder: for C libjobring.a, for Rust libjobring.rlib and what it needs in deps. Returns the
/// folder in which they lie.
pub fn build(target: &Path, features: &[&str], options: &[&str]) -> PathBuf {
    run(Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["rustc", "--package", "jobring", "--lib", "--release", "--crate-type", "staticlib,lib"])
        .args(["--no-default-features", "--features", &features.join(",")])
        .arg("--target-dir")
        .arg(target)
        .arg("--")
        .args(options));
    // Cargo keeps builds for a named target apart from builds for the host.
    target.join(std::env::var_os("CARGO_BUILD_TARGET").unwrap_or_default()).join("release")
}

/// Calls `build` with the target folder of the optimised builds of the library, which the tests share.
#[allow(clippy::incompatible_msrv, reason = "the tests ask for CI's compiler")]
pub fn in_release_folder(build: impl FnOnce(&Path)) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // Cargo gives each build the same name, and another test may build at the same time.
    let lock = std::fs::File::create(folder.join("capi.lock")).expect("a lock");
    lock.lock().expect("the lock");
    // A separate target folder, since the outer cargo holds the lock of its own.
    build(&folder.join("capi"));
}

/// Compiles sources of tests/c and links them with a library.
pub fn program(library: &Path, sources: &[&str], name: &str, flags: &[&str]) -> PathBuf {
    let program = tmp(name);
    let is_cpp = sources.iter().any(|source| source.ends_with(".cpp"));
    let (compiler, standard) = if is_cpp { ("c++", "-std=c++17") } else { ("cc", "-std=c11") };
    run(Command::new(compiler)
        .args(MACHINE)
        .args([standard, "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(flags)
        .arg("-I")
        .arg(root().join("include"))
        .args(sources.iter().map(|source| root().join("tests/c").join(source)))
        .arg(library)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program));
    program
}

/// The programs of c-examples, as its Makefile lists them.
pub fn examples() -> Vec<String> {
    let makefile = root().join("c-examples/Makefile");
    let text =
        std::fs::read_to_string(&makefile).unwrap_or_else(|error| panic!("{}: {error}", makefile.display()));
    let lists = text
        .lines()
        .filter_map(|line| line.strip_prefix("PROGRAMS = ").or(line.strip_prefix("PROGRAMS += ")));
    let examples: Vec<_> = lists.flat_map(str::split_whitespace).map(str::to_owned).collect();
    assert!(examples.len() > 10, "{examples:?}");
    examples
}

/// The lines of a program's output that begin with "cell ", without that word.
pub fn cells(command: &mut Command) -> BTreeSet<String> {
    run(command).lines().filter_map(|line| line.strip_prefix("cell ")).map(str::to_owned).collect()
}

/// Fails for each cell that is wanted and was not tried.
pub fn none_is_missing(wanted: &BTreeSet<String>, tried: &BTreeSet<String>) {
    assert!(!wanted.is_empty(), "nothing is wanted");
    let missing: Vec<_> = wanted.difference(tried).cloned().collect();
    assert!(missing.is_empty(), "{} cells are missing:\n{}", missing.len(), missing.join("\n"));
}

/// Those that programs on a system include, one behind the other.
pub fn header() -> String {
    let read = |name| {
        let path = root().join("include").join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    read("jobring.h") + &read("jobring_ext.h") + &read("jobring_processes.h")
}

/// The exported functions, as include/jobring.symbols lists them.
pub fn symbols() -> Vec<String> {
    let path = root().join("include/jobring.symbols");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// A function's comment and parameters in the header.
pub fn function<'a>(header: &'a str, name: &str) -> (String, &'a str) {
    let call = format!("{name}(");
    let declares = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(&call);
    let line = header.lines().find(declares).unwrap_or_else(|| panic!("{name} is not declared"));
    let at = line.as_ptr() as usize - header.as_ptr() as usize;
    let before = &header[..at];
    let comment = &before[before.rfind("/**").expect("a comment")..];
    let after = &header[at..];
    let parameters = &after[after.find('(').expect("parameters")..after.find(';').expect("an end")];
    (joined(comment), parameters)
}

/// Does the function take a pool or a queue of one (and not make one)?
pub fn takes_pool(header: &str, name: &str) -> bool {
    let takes = ["jobring_pool *pool", "jobring_completions *completions"];
    let parameters = function(header, name).1;
    parameters.split(',').any(|parameter| takes.iter().any(|kind| parameter.contains(kind)))
}

/// Is the function about pools whose workers are processes?
pub fn is_about_processes(name: &str) -> bool {
    name.starts_with("jobring_processes_")
}

/// Functions on pools of threads that may sleep until something happens.
pub fn sleepers(header: &str) -> Vec<String> {
    let says_so = [
        "Blocks.",
        "Blocks for as long as the jobs",
        "else it sleeps",
        "where jobring_submit() may",
        "where jobring_wait() may",
    ];
    let sleeps = |name: &String| says_so.iter().any(|words| function(header, name).0.contains(words));
    symbols().into_iter().filter(|name| !is_about_processes(name) && sleeps(name)).collect()
}

/// A comment as one line.
fn joined(comment: &str) -> String {
    let words = comment.split_whitespace().filter(|word| !word.chars().all(|c| "*/".contains(c)));
    words.collect::<Vec<_>>().join(" ")
}

/// A field of a structure in the header.
pub struct Field {
    pub kind: String,
    pub name: String,
    pub comment: String,
}

/// The fields of a structure, in order.
pub fn fields(header: &str, structure: &str) -> Vec<Field> {
    let begin = format!("\nstruct {structure} {{");
    let at = header.find(&begin).unwrap_or_else(|| panic!("{structure} is not declared")) + begin.len();
    let body = &header[at..at + header[at..].find("};\n").expect("a structure ends")];
    let fields = body.split(";\n").filter(|field| !field.trim().is_empty()).map(|field| {
        let (comment, declaration) = field.split_once("*/").expect("each field has a comment");
        let name_at = declaration.rfind([' ', '*']).expect("a type") + 1;
        Field {
            kind: declaration[..name_at].trim().to_owned(),
            name: declaration[name_at..].to_owned(),
            comment: joined(comment),
        }
    });
    fields.collect()
}
