//! Sets the cfg under which the bugs of src/sync/bug.rs can be put in.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=jobring_bug");
}
