//! Sets the cfg under which every named atomic site is a stop point.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=jobring_freeze");
}
