//! Names the linker scripts: where each board has its memory.

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says so");
    for (bin, board) in [("m4", "m4"), ("calls", "m4"), ("queue", "m4"), ("m0", "m0")] {
        println!("cargo:rustc-link-arg-bin={bin}=-T{folder}/{board}.ld");
    }
    println!("cargo:rustc-link-arg-bins=-L{folder}");
    println!("cargo:rerun-if-changed=build.rs");
}
