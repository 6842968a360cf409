//! Sets the cfg under which the library is built on loom.
//!
//! The library's features are set here, not declared, so this package is built the same whatever features a
//! command at the root names.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=jobring_loom");
    for feature in ["alloc", "future", "loom"] {
        println!("cargo::rustc-cfg=feature=\"{feature}\"");
    }
}
