//! include/jobring.h is what cbindgen makes of src/ffi. `JOBRING_BLESS=1` writes it anew.

use std::path::Path;

#[test]
fn the_header_is_generated_from_the_source() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    // The files are named one by one, in the order in which a reader wants them: over the whole crate cbindgen would
    // export every constant.
    for file in [
        "version",
        "status",
        "port",
        "config",
        "types",
        "create",
        "shutdown",
        "submit",
        "batch",
        "wait",
        "parallel_for",
        "run",
        "info",
        "worker",
    ] {
        builder = builder.with_src(root.join("src/ffi").join(file).with_extension("rs"));
    }
    let mut made = Vec::new();
    builder.generate().expect("cbindgen").write(&mut made);
    let made = tidy(&String::from_utf8(made).expect("UTF-8"));
    let path = root.join("include/jobring.h");
    if std::env::var_os("JOBRING_BLESS").is_some() {
        std::fs::write(&path, &made).expect("include/jobring.h");
    }
    let kept = std::fs::read_to_string(&path).expect("include/jobring.h");
    assert!(kept == made, "include/jobring.h is out of date: JOBRING_BLESS=1 cargo test --test header_drift");
}

/// The Rust side's `# Safety` sections say again what the C text says; C readers are spared them. Negative numbers get
/// the parentheses that a C macro wants.
fn tidy(header: &str) -> String {
    let mut out = String::new();
    let mut skipping = false;
    for line in header.lines() {
        let text = line.trim();
        if text == "* # Safety" {
            skipping = true;
            // The empty comment line before it goes too.
            if out.ends_with(" *\n") {
                out.truncate(out.len() - " *\n".len());
            }
        } else if text == "*/" {
            skipping = false;
        }
        if !skipping {
            let constant = line.strip_prefix("#define ").and_then(|rest| rest.split_once(" -"));
            let negative = constant.filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
            match negative {
                Some((name, number)) => out.push_str(&format!("#define {name} (-{number})")),
                None => out.push_str(line.trim_end()),
            }
            out.push('\n');
        }
    }
    out
}
