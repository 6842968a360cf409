//! Sizes that a pool cannot have: the compiler's error names them and says which sizes are allowed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The sizes of a pool, and what must be said about them.
const MISUSES: &[(&str, &str)] = &[
    ("StaticPool<63, 2, 48>", "a static pool's number of jobs must be a power of two"),
    ("StaticPool<0, 2, 48>", "a static pool's number of jobs must be a power of two"),
    ("StaticPool<1048576, 2, 48>", "a static pool holds at most 1,048,575 jobs"),
    ("StaticPool<64, 2, 44>", "the payload must be a multiple of 16 bytes (8 on 32-bit targets)"),
    ("StaticPool<64, 65536, 48>", "a pool has at most 65,535 workers (255 on 32-bit targets)"),
];

/// What the compiler says about a crate with a pool of this type. None if it takes it.
fn compiled(place: &Path, pool: &str) -> Option<String> {
    let source = format!("pub static POOL: jobring::{pool} = jobring::StaticPool::new();\n");
    fs::write(place.join("src/lib.rs"), source).expect("written");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["check", "-q", "--offline", "--color", "never", "--manifest-path"])
        .arg(place.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(place.join("target"))
        // For this machine, whatever the test was built for.
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("CARGO_UNSTABLE_BUILD_STD")
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_the_compiler_says_about_wrong_sizes_is_readable() {
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("misuse");
    fs::create_dir_all(place.join("src")).expect("a directory");
    let manifest = format!(
        "[package]\nname = \"misuse\"\nedition = \"2024\"\n[workspace]\n[dependencies]\njobring = {{ path = {:?}, default-features = false }}\n",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::write(place.join("Cargo.toml"), manifest).expect("written");
    assert_eq!(compiled(&place, "StaticPool<64, 2, 48>"), None, "right sizes are taken");
    for (pool, expected) in MISUSES {
        let said = compiled(&place, pool).unwrap_or_else(|| panic!("{pool} is taken"));
        assert!(said.contains(expected), "{pool}: {said}");
        // One error, and not the errors that follow from it.
        assert_eq!(said.matches("error[E0080]").count(), 1, "{pool}: {said}");
    }
}
