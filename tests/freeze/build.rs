//! Sets the cfg under which every named atomic site is a stop point.
//!
//! The features of the library are set here and not declared: whatever features a command at the root names, or takes away,
//! this package is built the same.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=jobring_freeze");
    for feature in ["alloc", "std"] {
        println!("cargo::rustc-cfg=feature=\"{feature}\"");
    }
}
