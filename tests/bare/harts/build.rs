//! Names the linker script, wherever cargo is called from.

fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let machine = std::env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets it");
    println!("cargo:rustc-link-arg-bins=-T{here}/{machine}.ld");
    println!("cargo:rerun-if-changed={machine}.ld");
}
