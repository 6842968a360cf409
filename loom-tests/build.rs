//! Sets the cfg under which the library is built on loom.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=jobring_loom");
    println!("cargo::rustc-check-cfg=cfg(feature, values(\"std\", \"pthread\", \"capi\"))");
}
