//! Sets the cfgs under which every named atomic site is a stop point, and the bugs of src/sync/bug.rs can be put in.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=jobring_freeze");
    println!("cargo::rustc-cfg=jobring_bug");
}
