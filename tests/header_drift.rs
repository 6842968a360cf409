//! The C headers are what cbindgen makes of src/ffi, in the order of src/ffi/jobring.h.in and src/ffi/jobring_port.h.in.
//! `JOBRING_BLESS=1` rewrites them.
//!
//! A `.h.in` file is the header as a reader wants it: its preamble, its headings, and the parts that cbindgen cannot make. A line
//! that begins with `@` stands for the items that it names; `JOBRING_E_*` names all items with that prefix.

use std::collections::BTreeSet;
use std::path::Path;

/// The headers. The second one includes the first.
const HEADERS: &[&str] = &["jobring.h", "jobring_port.h"];

/// The files with items. They are named one by one: over the whole crate cbindgen would export every constant.
const SOURCES: &[&str] = &[
    "version",
    "status",
    "port",
    "struct_init",
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
];

/// A comment line that is longer stays a block.
const LINE: usize = 118;

/// One declaration, with its comment.
struct Item {
    name: String,
    text: String,
}

#[test]
fn the_headers_are_generated_from_the_source() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let items = items(root);
    let mut placed = BTreeSet::new();
    for header in HEADERS {
        let layout = root.join("src/ffi").join(format!("{header}.in"));
        let layout = std::fs::read_to_string(&layout).expect("a layout");
        let made = compose(&layout, &items, &mut placed);
        let path = root.join("include").join(header);
        if std::env::var_os("JOBRING_BLESS").is_some() {
            std::fs::write(&path, &made).expect("a header");
        }
        let kept = std::fs::read_to_string(&path).expect("a header");
        assert!(
            kept == made,
            "include/{header} is out of date: JOBRING_BLESS=1 cargo test --test header_drift"
        );
    }
    let without: Vec<_> =
        items.iter().map(|item| item.name.as_str()).filter(|&name| !placed.contains(name)).collect();
    assert!(without.is_empty(), "no .h.in file has a place for {without:?}");
}

/// What cbindgen makes of the sources, item by item.
fn items(root: &Path) -> Vec<Item> {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in SOURCES {
        builder = builder.with_src(root.join("src/ffi").join(file).with_extension("rs"));
    }
    let mut made = Vec::new();
    builder.generate().expect("cbindgen").write(&mut made);
    let made = String::from_utf8(made).expect("UTF-8");
    let blocks = made.split("\n\n").map(|block| block.trim_matches('\n')).filter(|block| !block.is_empty());
    blocks.map(|block| Item { name: name(block), text: tidy(block) }).collect()
}

/// The name that a declaration declares.
fn name(block: &str) -> String {
    let (comment, declaration) = block.split_once("*/\n").unwrap_or_else(|| panic!("no comment:\n{block}"));
    assert!(comment.starts_with("/**"), "{block}");
    let begin = match declaration {
        define if define.starts_with("#define ") => "#define ".len(),
        structure if structure.starts_with("typedef struct ") => "typedef struct ".len(),
        pointer if pointer.contains("(*") => pointer.find("(*").expect("a pointer") + 2,
        typedef if typedef.starts_with("typedef ") => typedef.rfind(' ').expect("a name") + 1,
        function => {
            let head = function.split('(').next().expect("a head");
            head.rfind([' ', '*']).expect("a type") + 1
        }
    };
    let name = &declaration[begin..];
    name.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next().expect("a name").to_owned()
}

/// As a C programmer writes it: a short comment on one line, negative numbers in parentheses, `struct` only where a
/// structure is declared, which the layout has given a typedef. The Rust side's `# Safety` sections go: they say again what
/// the C text says.
fn tidy(block: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut skipping = false;
    for line in block.lines() {
        let text = line.trim();
        if text == "* # Safety" {
            skipping = true;
            // The empty comment line before it goes too.
            lines.pop_if(|line| line == " *");
        } else if text == "*/" {
            skipping = false;
            let one_line = lines.len() >= 2 && lines[lines.len() - 2].trim() == "/**";
            let comment = lines.last().and_then(|line| line.trim().strip_prefix("* ")).map(str::to_owned);
            if let (true, Some(comment)) = (one_line, comment) {
                let indent = &line[..line.find('*').expect("a star") - 1];
                let short = format!("{indent}/** {comment} */");
                if short.len() <= LINE {
                    lines.truncate(lines.len() - 2);
                    lines.push(short);
                    continue;
                }
            }
        }
        if !skipping {
            lines.push(declaration(line.trim_end()));
        }
    }
    lines.join("\n")
}

fn declaration(line: &str) -> String {
    if line.trim_start().starts_with('*') {
        return line.to_owned();
    }
    if let Some(structure) = line.strip_prefix("typedef struct ").and_then(|rest| rest.strip_suffix(" {")) {
        return format!("struct {structure} {{");
    }
    if line.starts_with("} ") {
        return "};".to_owned();
    }
    let constant = line.strip_prefix("#define ").and_then(|rest| rest.split_once(" -"));
    let negative = constant.filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
    match negative {
        Some((name, number)) => format!("#define {name} (-{number})"),
        None if line.starts_with("typedef struct ") => line.to_owned(),
        None => line.replace("struct jobring_", "jobring_"),
    }
}

/// The layout, with the items in the places that it has for them.
fn compose(layout: &str, items: &[Item], placed: &mut BTreeSet<String>) -> String {
    let mut header = String::new();
    for line in layout.lines() {
        let Some(names) = line.strip_prefix('@') else {
            header.push_str(line);
            header.push('\n');
            continue;
        };
        let mut before: Option<usize> = None;
        for name in names.split(' ') {
            let is_meant = |item: &&Item| match name.strip_suffix('*') {
                Some(stem) => item.name.starts_with(stem),
                None => item.name == name,
            };
            let meant: Vec<_> = items.iter().filter(is_meant).collect();
            assert!(!meant.is_empty(), "src/ffi has no {name}");
            for item in meant {
                assert!(placed.insert(item.name.clone()), "{} has two places", item.name);
                // Short ones stand close together.
                let lines = item.text.lines().count();
                if before.is_some_and(|before| before.max(lines) > 2) {
                    header.push('\n');
                }
                before = Some(lines);
                header.push_str(&item.text);
                header.push('\n');
            }
        }
    }
    header
}
