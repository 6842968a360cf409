//! Sets the cfg under which the library is built on loom.
//!
//! The features of the library are set here and not declared: whatever features a command at the root names, or takes away,
//! this package is built the same.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=jobring_loom");
    for feature in ["alloc", "future", "loom"] {
        println!("cargo::rustc-cfg=feature=\"{feature}\"");
    }
}
