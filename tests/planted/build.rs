//! Sets the cfg under which the bugs of src/sync/bug.rs can be put in.
//!
//! The features of the library are set here and not declared: whatever features a command at the root names, or takes away,
//! this package is built the same.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=jobring_bug");
    for feature in ["alloc", "std", "capi"] {
        println!("cargo::rustc-cfg=feature=\"{feature}\"");
    }
}
