//! The linker's scripts: where each board has its memory.

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says so");
    for board in ["m4", "m0"] {
        println!("cargo:rustc-link-arg-bin={board}=-T{folder}/{board}.ld");
    }
    println!("cargo:rustc-link-arg-bins=-L{folder}");
    println!("cargo:rerun-if-changed=build.rs");
}
