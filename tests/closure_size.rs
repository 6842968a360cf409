//! A closure that does not fit into a slot passes `cargo check` and fails in the build. The compiler's error
//! tells its size, what to do, and where it is submitted.
#![cfg(unix)]

#[path = "common/c.rs"]
mod c;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The library with nothing below it, so that a compiler alone can use it.
fn library() -> PathBuf {
    let target = c::tmp("closure-size");
    let mut cargo = Command::new(env!("CARGO"));
    c::run(
        cargo
            .current_dir(c::root())
            .args(["build", "--package", "jobring", "--lib", "--no-default-features", "--features", "alloc"])
            .arg("--target-dir")
            .arg(&target),
    );
    let named = std::env::var_os("CARGO_BUILD_TARGET").unwrap_or_default();
    target.join(named).join("debug/libjobring.rlib")
}

/// Compiles a program that submits to a pool with this line, as `cargo check` does (metadata), or as a build
/// does (obj).
fn compiled(library: &Path, line: &str, emit: &str) -> Output {
    let name = line.bytes().fold(5381u32, |hash, byte| hash.wrapping_mul(33) ^ u32::from(byte));
    let source = library.with_file_name(format!("size-{name}.rs"));
    let program = format!(
        "use jobring::{{Pool, StaticPool}};\n\
         static SMALL: StaticPool<4, 1, 32> = StaticPool::new();\n\
         #[repr(align(128))] struct Apart(u8);\n\
         fn main() {{\n\
         let (pool, small) = (Pool::builder().workers(0).build().unwrap(), &SMALL);\n\
         {line}\n\
         drop(pool); let _ = (small.capacity(), Apart(0).0);\n}}\n"
    );
    std::fs::write(&source, program).expect("the program");
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    if let Some(target) = std::env::var_os("CARGO_BUILD_TARGET") {
        rustc.arg("--target").arg(target);
    }
    rustc.args(["--edition", "2024", "--crate-type", "bin", "--emit", emit, "-o"]);
    rustc.arg(source.with_extension(emit)).arg("--extern");
    rustc.arg(format!("jobring={}", library.display())).arg(&source);
    c::output(&mut rustc)
}

#[test]
fn the_error_of_a_closure_that_does_not_fit_says_its_size_and_what_to_do() {
    let library = library();
    let mut refused = vec![
        (
            "let large = [1u8; 72]; let _ = pool.submit(move || large[71]);",
            vec![
                "needs 72 bytes",
                "room for 48",
                "its closure takes 72, its result 1",
                "call submit_boxed",
                "payload::<80>()",
            ],
        ),
        (
            "let large = [1u8; 33]; let _ = small.try_submit_detached(move || assert_eq!(large[32], 1));",
            vec![
                "needs 33 bytes",
                "room for 32",
                "its closure takes 33, its result 0",
                "StaticPool<JOBS, WORKERS, ",
            ],
        ),
        (
            "let _ = pool.submit_or_run(|| [1u8; 100]);",
            vec!["needs 100 bytes", "its closure takes 0, its result 100", "return the result in a Box"],
        ),
        (
            "let large = [1u8; 64]; pool.scope(|s| _ = s.spawn(move || assert_eq!(large[63], 1)));",
            vec!["needs 64 bytes", "room for 48", "payload::<64>()"],
        ),
        (
            "let large = [1u8; 64]; let _ = pool.submit_batch_detached([move || assert_eq!(large[63], 1)]);",
            vec!["needs 64 bytes", "room for 48", "Box::new(closure)", "payload::<64>()"],
        ),
        (
            "let _ = small.try_submit(|| Apart(1));",
            vec!["needs 128 bytes", "aligned to 128 bytes", "into a Box"],
        ),
    ];
    if cfg!(target_pointer_width = "64") {
        let three = "let (a, b, c) = (String::new(), String::new(), String::new()); \
                     pool.submit_detached(move || drop((a, b, c))).unwrap();";
        refused
            .push((three, vec!["needs 72 bytes", "room for 48", "capture less", "Box", "payload::<80>()"]));
    }
    for (line, parts) in refused {
        let checked = compiled(&library, line, "metadata");
        assert!(checked.status.success(), "{line}: {}", c::printed(&checked));
        let built = compiled(&library, line, "obj");
        let said = c::printed(&built);
        assert!(!built.status.success(), "{line}: it was built");
        for part in parts {
            assert!(said.contains(part), "{line}: {part}: {said}");
        }
        // The sixth line of the program.
        assert!(said.contains(".rs:6:"), "{line}: the submit is named: {said}");
        assert_eq!(said.matches("evaluation panicked").count(), 1, "{line}: it is said once: {said}");
    }
    for fits in [
        "let right = [1u8; 48]; let _ = pool.submit(move || right[47]);",
        // What the errors advise.
        "let large = [1u8; 72]; let _ = pool.submit_boxed(move || large[71]);",
        "let large = [1u8; 64]; pool.scope(|s| _ = s.spawn(Box::new(move || assert_eq!(large[63], 1))));",
        "let large = [1u8; 64]; let _ = pool.submit_batch_detached([Box::new(move || drop(large))]);",
        "let large = Apart(1); let _ = pool.submit_boxed(move || { let large = large; large.0 });",
        "let _ = small.try_submit(|| Box::new(Apart(1)));",
    ] {
        let built = compiled(&library, fits, "obj");
        assert!(built.status.success(), "{fits}: {}", c::printed(&built));
    }
}
