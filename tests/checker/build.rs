//! Sets the cfgs under which every named atomic site is a stop point, and the bugs of src/sync/bug.rs can be
//! planted.
//!
//! The library's features are set here, not declared, so this package is built the same whatever features a
//! command at the root names.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=jobring_freeze");
    println!("cargo::rustc-cfg=jobring_bug");
    for feature in ["alloc", "std", "capi"] {
        println!("cargo::rustc-cfg=feature=\"{feature}\"");
    }
}
