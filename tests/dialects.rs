//! The headers compile in every dialect without a warning: gcc and clang, C99 to C23 and C++11 to C++23,
//! hosted and freestanding. Two translation units use everything in the headers, and each includes them
//! twice. Where there is a C library, the units are linked with jobring and run. clang also lays out the
//! structures for other targets.
//!
//! Only with the feature `capi`: `cargo test` must need no compiler except cc.
#![cfg(all(unix, feature = "capi"))]

#[path = "common/c.rs"]
mod c;

use c::{MACHINE, WARNINGS, library, root, run};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A compiler, its package in Debian, and its dialects: where there is a choice, by the first name that it
/// knows.
struct Compiler {
    command: &'static str,
    package: &'static str,
    language: Language,
    /// What links. Nothing of a C++ library is used, and it need not be there for every machine.
    linker: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Language {
    C,
    Cpp,
}

const COMPILERS: &[Compiler] = &[
    Compiler { command: "gcc", package: "gcc", language: Language::C, linker: "gcc" },
    Compiler { command: "clang", package: "clang", language: Language::C, linker: "clang" },
    Compiler { command: "g++", package: "g++", language: Language::Cpp, linker: "gcc" },
    Compiler { command: "clang++", package: "clang", language: Language::Cpp, linker: "clang" },
];

impl Language {
    fn dialects(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::C => &[&["c99"], &["c11"], &["c17"], &["c23", "c2x"]],
            Self::Cpp => &[&["c++11"], &["c++14"], &["c++17"], &["c++20"], &["c++23", "c++2b"]],
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::C => &["-Wstrict-prototypes"],
            Self::Cpp => &["-Wold-style-cast", "-Wzero-as-null-pointer-constant"],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Cpp => "c++",
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::C => "dialects.c",
            Self::Cpp => "dialects.cc",
        }
    }
}

/// Targets of every kind of C: words of 32 and 64 bits, 8-byte numbers aligned to 4 and to 8, `long` shorter
/// than a pointer.
const TARGETS: &[&str] = &[
    "x86_64-linux-gnu",
    "i686-linux-gnu",
    "thumbv6m-none-eabi",
    "thumbv7em-none-eabihf",
    "riscv32-unknown-elf",
    "riscv64-unknown-elf",
    "aarch64-none-elf",
    "powerpc-none-elf",
    "x86_64-windows-gnu",
];

const HEADERS: &[&str] = &["jobring.h", "jobring_ext.h", "jobring_processes.h", "jobring_port.h"];

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A folder for what one test makes.
fn folder(name: &str) -> PathBuf {
    let folder = c::tmp("dialects").join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn compiles(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

impl Compiler {
    fn must_be_there(&self) {
        assert!(
            compiles(Command::new(self.command).arg("--version")),
            "{0} is not there, and no dialect is left out: install the package {1} (Debian: apt-get install {1})",
            self.command,
            self.package
        );
    }

    /// The compiler, for C or C++ of one dialect, with what it may not complain about.
    fn command(&self, dialect: &str) -> Command {
        let mut command = Command::new(self.command);
        command.arg(format!("-std={dialect}")).args(WARNINGS).args(self.language.flags());
        command
    }

    fn knows(&self, dialect: &str) -> bool {
        let mut command = Command::new(self.command);
        let language = self.language.name();
        compiles(command.arg(format!("-std={dialect}")).args(["-x", language, "-fsyntax-only", "/dev/null"]))
    }

    /// Its name for a dialect that has several.
    fn spelling(&self, dialect: &[&'static str]) -> &'static str {
        let known = dialect.iter().find(|name| self.knows(name));
        known.unwrap_or_else(|| panic!("{} knows none of {dialect:?}", self.command))
    }
}

/// The macros of the header that a program may use, each with its parameters and its text.
fn macros(header: &str) -> Vec<(String, String)> {
    let header = header.replace("\\\n", " ");
    let defined = header.lines().filter_map(|line| line.strip_prefix("#define "));
    let parted = defined.map(|macro_| {
        let name = macro_.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next().expect("a name");
        (name.to_owned(), macro_[name.len()..].trim().to_owned())
    });
    // A name that ends in an underscore is the header's own business, and so is what guards a header.
    parted.filter(|(name, text)| !(name.ends_with('_') || name.ends_with("_H") && text.is_empty())).collect()
}

/// Writes functions.inc and constants.inc, and returns how many there are of each.
fn lists(folder: &Path) -> (usize, usize) {
    let symbols = read("include/jobring.symbols");
    let mut functions = String::new();
    for symbol in symbols.lines() {
        let name = symbol.split(' ').next().expect("a name");
        writeln!(functions, "FUNCTION({name})").expect("text");
    }
    let mut constants = String::new();
    let headers: String = HEADERS.iter().map(|header| read(&format!("include/{header}"))).collect();
    for (name, text) in macros(&headers) {
        let number = text.trim_start_matches("(-").trim_end_matches(')');
        if number.bytes().all(|byte| byte.is_ascii_digit()) || ["UINT32_MAX", "SIZE_MAX"].contains(&number) {
            let kind = if text.starts_with("(-") { "NEGATIVE" } else { "POSITIVE" };
            writeln!(constants, "{kind}({name})").expect("text");
        } else {
            for source in ["tests/c/dialects.c", "tests/c/dialects.cc"] {
                assert!(read(source).contains(&name), "{source} does not use {name}");
            }
        }
    }
    fs::write(folder.join("functions.inc"), &functions).expect("functions.inc");
    fs::write(folder.join("constants.inc"), &constants).expect("constants.inc");
    (functions.lines().count(), constants.lines().count())
}

/// Both translation units in one dialect; hosted, also the program.
fn one_dialect(compiler: &Compiler, dialect: &str, hosted: bool, lists: &Path, library: &Path) {
    let kind = if hosted { "hosted" } else { "freestanding" };
    let name = format!("{}-{dialect}-{kind}", compiler.command);
    let mut objects = Vec::new();
    for source in [compiler.language.source(), "dialects_elsewhere.c"] {
        let object = lists.join(format!("{name}-{source}.o"));
        run(compiler
            .command(dialect)
            .args(MACHINE)
            .args(if hosted { &[] } else { &["-ffreestanding"][..] })
            .arg("-I")
            .arg(root().join("include"))
            .arg("-I")
            .arg(lists)
            .args(["-x", compiler.language.name(), "-c"])
            .arg(root().join("tests/c").join(source))
            .arg("-o")
            .arg(&object));
        objects.push(object);
    }
    if hosted {
        let program = lists.join(&name);
        run(Command::new(compiler.linker)
            .args(MACHINE)
            .args(&objects)
            .arg(library)
            .args(["-lpthread", "-ldl", "-lm", "-o"])
            .arg(&program));
        run(&mut Command::new(&program));
    }
}

/// Does each of `work`, on as many threads as there are CPUs.
fn at_once<T: Sync>(work: &[T], one: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(item) = work.get(next.fetch_add(1, Relaxed)) {
                    one(item);
                }
            });
        }
    });
}

/// Each compiler with each of its dialects.
fn matrix() -> Vec<(&'static Compiler, &'static str)> {
    let mut matrix = Vec::new();
    for compiler in COMPILERS {
        compiler.must_be_there();
        for dialect in compiler.language.dialects() {
            matrix.push((compiler, compiler.spelling(dialect)));
        }
    }
    matrix
}

#[test]
fn every_dialect_takes_all_of_the_header_without_a_warning() {
    let folder = folder("all");
    let (functions, constants) = lists(&folder);
    assert!(functions > 30 && constants > 30, "{functions} functions, {constants} constants");
    let library = library(c::FEATURES);
    let matrix = matrix();
    at_once(&matrix, |(compiler, dialect)| {
        one_dialect(compiler, dialect, true, &folder, &library);
        one_dialect(compiler, dialect, false, &folder, &library);
    });
    println!(
        "{} dialects, each hosted and freestanding: {functions} functions, {constants} constants",
        matrix.len()
    );
}

/// The end of a structure with one more field.
fn grown(end: &str) -> String {
    let (fields, close) = end.strip_suffix("};\n").map_or((end, ""), |fields| (fields, "};\n"));
    format!("{fields}    uint32_t newest;\n{close}")
}

/// Compiles with one header in which a text was replaced, and tells what the compiler said, or None if it did
/// not mind.
fn said_to(
    (changed, from): (&str, &str),
    to: &str,
    compiler: &Compiler,
    dialect: &str,
    folder: &Path,
) -> Option<String> {
    for header in HEADERS {
        let mut text = read(&format!("include/{header}"));
        if *header == changed {
            assert_eq!(text.matches(from).count(), 1, "{from}");
            text = text.replacen(from, to, 1);
        }
        fs::write(folder.join(header), text).expect("a header");
    }
    let output = compiler
        .command(dialect)
        .arg("-I")
        .arg(folder)
        .args(["-x", compiler.language.name(), "-fsyntax-only"])
        .arg(root().join("tests/c").join(compiler.language.source()))
        .output()
        .expect("a compiler");
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_field_without_an_initial_value_is_missed() {
    at_once(&matrix(), |(compiler, dialect)| {
        let folder = folder(&format!("field-{}-{dialect}", compiler.command));
        lists(&folder);
        // The last fields of the structures that grow.
        for (header, last) in [
            ("jobring.h", "    uint32_t grow_to;\n    /** Zero. */\n    uint32_t reserved;\n"),
            ("jobring.h", "    /** NULL: for a later version. */\n    void *reserved;\n"),
            ("jobring.h", "    int64_t limit_ns;\n};\n"),
            ("jobring.h", "    /** NULL. */\n    void *reserved;\n"),
            ("jobring_processes.h", "    size_t stack_size;\n};\n"),
            ("jobring_processes.h", "    /** NULL: for a later version. */\n    void *reserved;\n"),
            ("jobring_processes.h", "    /** 0. */\n    uint32_t reserved;\n};\n"),
        ] {
            assert_eq!(said_to((header, last), last, compiler, dialect, &folder), None, "as it is");
            let said = said_to((header, last), &grown(last), compiler, dialect, &folder);
            let said = said
                .unwrap_or_else(|| panic!("{} {dialect}: nobody misses it after {last}", compiler.command));
            assert!(said.contains("missing") && said.contains("newest"), "{said}");
        }
    });
}

#[test]
fn no_target_has_padding_in_a_structure() {
    let folder = folder("targets");
    lists(&folder);
    let cpp = COMPILERS.iter().find(|compiler| compiler.command == "clang++").expect("clang++");
    cpp.must_be_there();
    at_once(TARGETS, |target| {
        run(cpp
            .command("c++17")
            .arg(format!("--target={target}"))
            .args(["-ffreestanding", "-Wpadded", "-fsyntax-only", "-I"])
            .arg(root().join("include"))
            .arg("-I")
            .arg(&folder)
            .arg(root().join("tests/c/dialects.cc")));
    });
}
