//! Sets the cfg under which every named atomic site is a stop point.
//!
//! The library's features are set here, not declared, so this package is built the same whatever features a
//! command at the root names.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=jobring_freeze");
    for feature in ["alloc", "std"] {
        println!("cargo::rustc-cfg=feature=\"{feature}\"");
    }
}
