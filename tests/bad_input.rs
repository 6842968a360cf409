//! The bad-input table of the C API: every function is called with every kind of bad input for each of its
//! parameters, and from every place where it can be called. This test reads from the headers which cells the
//! table must have. The C program tests/c/bad_input.c prints the cells that passed; a missing cell fails this
//! test, and so does an unknown one. So a new function, parameter or field fails the test until it has its
//! cells.
#![cfg(unix)]

#[path = "common/c.rs"]
mod c;

use c::{MACHINE, for_each, library, run};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::process::Command;

/// A place in the table: what of which function is how.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    function: String,
    /// A parameter, with a dot a field of the structure that it points to, or "-": the call as a whole.
    parameter: String,
    kind: String,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cell {} {} {}", self.function, self.parameter, self.kind)
    }
}

/// A parameter or a field: its type, as the header writes it without names of parameters, and its name.
struct Variable {
    kind: String,
    name: String,
}

/// From where a call can be made.
const PLACES: &str = "outside after-shutdown inside-job inside-other inside-done inside-drop inside-cancel \
     inside-start inside-stop";
/// What the size that a structure says it has can be, and its tail beyond what the library knows.
const SIZES: &str = "size-zero size-small size-4097 tail-nonzero tail-zero";

/// What a handle can be.
const HANDLES: &str =
    "zero maximum invented stale reused foreign own-in-job own-in-done own-in-drop own-in-cancel";

/// What an outcome can be that has a result of a process.
const PROCESS_OUTCOME: &str =
    "capacity-alone no-room no-capacity short exact maximum move-alone move move-bytes";

/// Cells that do not follow from a type: sizes about which a function says something of its own.
const SPECIAL: &[(&str, &str, &str)] = &[
    ("jobring_struct_init", "size", "short 4097 4096"),
    ("jobring_struct_init", "structure", "misaligned"),
    ("jobring_init", "size", "short exact"),
    ("jobring_init", "memory", "misaligned"),
    ("jobring_submit_batch", "count", "beyond"),
    ("jobring_completions_init", "size", "short exact"),
    ("jobring_completions_init", "memory", "misaligned"),
    ("jobring_queue_init", "size", "short exact"),
    ("jobring_queue_init", "memory", "misaligned"),
    ("jobring_queue_init", "capacity", "three"),
    ("jobring_queue_layout", "capacity", "three"),
    ("jobring_completions_take", "outcomes", "capacity-alone no-room short exact maximum move-alone second"),
    ("jobring_watch", "watched", "not-made moved"),
    ("jobring_watch", "node", "without-done reserved"),
    ("jobring_wait_opts", "outcome", "capacity-alone no-room short exact maximum move-alone move-peek cut"),
    ("jobring_lane_init", "width", "beyond"),
    ("jobring_lane_init", "capacity", "beyond"),
    ("jobring_lane_submit", "lane", "not-made moved closed"),
    ("jobring_lane_submit", "options", "run-when-full"),
    ("jobring_lane_close", "lane", "not-made moved closed"),
    ("jobring_lane_pending", "lane", "not-made moved closed"),
    ("jobring_processes_take_over", "functions", "hole"),
    ("jobring_processes_create", "config", "hole workers-65 limits-17 spawn spawn-functions"),
    ("jobring_processes_submit", "function", "beyond"),
    ("jobring_processes_submit", "size", "exact beyond"),
    ("jobring_processes_submit", "options", "run-when-full kill-after-minus-one"),
    ("jobring_processes_take", "outcome", PROCESS_OUTCOME),
    ("jobring_processes_wait", "outcome", PROCESS_OUTCOME),
    ("jobring_processes_shutdown", "mode", "three"),
];

/// What the types ask for and makes no sense, each with its reason.
struct Exclusion {
    covers: fn(&Cell, &Header) -> bool,
    reason: &'static str,
}

const EXCLUSIONS: &[Exclusion] = &[
    Exclusion {
        covers: |cell, header| {
            let parameters = &header.functions[&cell.function];
            cell.kind == "after-shutdown" && !parameters.iter().any(|known| is_pool(known) || is_lane(known))
        },
        reason: "there is no pool that could have been shut down",
    },
    Exclusion {
        covers: |cell, _| is_of_processes(cell) && cell.kind == "destroyed",
        reason: "its memory was the library's, and is not there any more",
    },
    Exclusion {
        covers: |cell, _| is_of_processes(cell) && cell.kind.starts_with("own-"),
        reason: "a job of a process pool runs where no call on that pool can be made",
    },
    Exclusion {
        covers: |cell, _| cell.parameter.ends_with(".size"),
        reason: "the size that a structure says it has: has kinds of its own",
    },
];

/// Is it a pool, or a part of one?
fn is_pool(variable: &Variable) -> bool {
    ["jobring_pool *", "jobring_completions *", "jobring_processes *"]
        .iter()
        .any(|kind| variable.kind.ends_with(kind))
}

/// Is it about pools whose workers are processes?
fn is_of_processes(cell: &Cell) -> bool {
    cell.function.starts_with("jobring_processes_")
}

/// Is it a lane, which knows its pool?
fn is_lane(variable: &Variable) -> bool {
    variable.kind.ends_with("jobring_lane *")
}

/// What the header declares.
#[derive(Default)]
struct Header {
    functions: BTreeMap<String, Vec<Variable>>,
    structs: BTreeMap<String, Vec<Variable>>,
    /// Types of functions.
    callbacks: BTreeSet<String>,
}

impl Header {
    fn read(text: &str) -> Self {
        let mut found = Self::default();
        let text = without_comments_and_directives(text);
        let mut rest = text.as_str();
        while let Some(at) = rest.find([';', '{']) {
            let declaration = rest[..at].trim();
            if rest[at..].starts_with('{') && declaration.starts_with("struct ") {
                let (fields, tail) = rest[at + 1..].split_once('}').expect("a structure ends");
                let (_, tail) = tail.split_once(';').expect("a structure's end");
                let name = declaration.trim_start_matches("struct ");
                let fields = fields.split(';').map(str::trim).filter(|field| !field.is_empty());
                found.structs.insert(name.to_owned(), fields.map(Variable::read).collect());
                rest = tail;
                continue;
            }
            rest = &rest[at + 1..];
            if let Some((name, _)) = declaration.strip_prefix("typedef").and_then(|d| d.split_once(")(")) {
                let name = name.rsplit('*').next().expect("a name");
                found.callbacks.insert(name.to_owned());
            } else if let (Some((head, parameters)), false) =
                (declaration.split_once('('), declaration.starts_with("typedef"))
            {
                let name = Variable::read(head).name;
                let parameters = parameters.trim_end_matches(')').split(',').map(str::trim);
                let parameters = parameters.filter(|&parameter| parameter != "void");
                found.functions.insert(name, parameters.map(Variable::read).collect());
            }
        }
        found
    }

    /// All cells that the table must have, the excluded ones among them.
    fn cells(&self) -> BTreeSet<Cell> {
        let mut cells = BTreeSet::new();
        for (function, parameters) in &self.functions {
            let mut add = |parameter: &str, kinds: &str| {
                for kind in kinds.split(' ').filter(|kind| !kind.is_empty()) {
                    let (function, parameter, kind) =
                        (function.clone(), parameter.to_owned(), kind.to_owned());
                    cells.insert(Cell { function, parameter, kind });
                }
            };
            add("-", PLACES);
            for parameter in parameters {
                self.variable(parameter, "", &mut add);
            }
        }
        for (function, parameter, kinds) in SPECIAL {
            for kind in kinds.split(' ') {
                let (function, parameter) = ((*function).to_owned(), (*parameter).to_owned());
                assert!(self.functions[&function].iter().any(|known| known.name == parameter));
                cells.insert(Cell { function, parameter, kind: kind.to_owned() });
            }
        }
        cells
    }

    /// The cells of a parameter or field, and of the fields behind it that a function reads.
    fn variable(&self, variable: &Variable, within: &str, add: &mut impl FnMut(&str, &str)) {
        // The library's own words.
        if variable.name.starts_with("words[") {
            return;
        }
        let name = format!("{within}{}", variable.name);
        let kind = variable.kind.as_str();
        let Some(target) = kind.strip_suffix('*') else {
            return add(&name, self.kinds_of_value(kind, &variable.name));
        };
        add(&name, "null");
        let (constant, target) = match target.trim().strip_prefix("const ") {
            Some(target) => (true, target.trim()),
            None => (false, target.trim()),
        };
        match target {
            // A word for a later version: 0.
            "void" if variable.name == "reserved" => return add(&name, "set"),
            // Bytes, or the caller's own: they lie anywhere.
            "void" | "char" => return,
            _ => add(&name, "misaligned"),
        }
        if is_pool(variable) {
            return add(&name, "no-pool destroyed moved");
        }
        if target == "jobring_queue" {
            return add(&name, "no-queue moved");
        }
        let Some(fields) = self.structs.get(target) else { return };
        if fields[0].name == "size" {
            add(&name, SIZES);
        }
        if constant {
            for field in fields {
                self.variable(field, &format!("{name}."), add);
            }
        }
    }

    fn kinds_of_value(&self, kind: &str, name: &str) -> &'static str {
        match kind {
            "jobring_job" => HANDLES,
            "int64_t" if name.ends_with("_ns") => "zero maximum minus-two minimum",
            "uint32_t" | "uint64_t" | "size_t" => "zero maximum",
            "int32_t" | "jobring_status" => "zero maximum minimum",
            "jobring_move_fn" => "null without-copy",
            callback if self.callbacks.contains(callback) => "null",
            other => panic!("what bad input can a {other} be? ({name})"),
        }
    }
}

impl Variable {
    fn read(text: &str) -> Self {
        let at = text.rfind([' ', '*']).map_or(0, |at| at + 1);
        Self { kind: text[..at].trim().to_owned(), name: text[at..].to_owned() }
    }
}

fn without_comments_and_directives(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((code, comment)) = rest.split_once("/*") {
        kept.push_str(code);
        rest = comment.split_once("*/").expect("a comment ends").1;
    }
    kept.push_str(rest);
    let mut continued = false;
    let lines = kept.lines().filter(|line| {
        let directive = continued || line.starts_with('#');
        continued = directive && line.ends_with('\\');
        !directive && !line.starts_with("extern \"C\"") && line.trim_end() != "}"
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The lines that the program prints.
fn tried(library: &Path, name: &str, flags: &[&str]) -> Vec<String> {
    let sources = ["bad_input.c", "bad_input_structs.c", "bad_input_processes.c", "bad_input_place.c"];
    let program = c::program(library, &sources, name, flags);
    run(&mut Command::new(program)).lines().map(str::to_owned).collect()
}

/// The cells that the table must have.
fn required(header: &Header) -> BTreeSet<Cell> {
    let mut cells = header.cells();
    for Exclusion { covers, reason } in EXCLUSIONS {
        let all = cells.len();
        cells.retain(|cell| !covers(cell, header));
        assert!(cells.len() < all, "excludes nothing: {reason}");
    }
    cells
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn headers() -> String {
    let headers = ["jobring.h", "jobring_ext.h", "jobring_processes.h", "jobring_port.h"];
    headers.map(|name| read(&format!("include/{name}"))).concat()
}

#[test]
fn every_function_refuses_every_bad_input() {
    let header = Header::read(&headers());
    let symbols = read("include/jobring.symbols");
    let exported: BTreeSet<_> = symbols.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(header.functions.keys().map(String::as_str).collect::<BTreeSet<_>>(), exported);
    let required: BTreeSet<String> = required(&header).iter().map(Cell::to_string).collect();

    let both = library(c::FEATURES);
    let std_alone = library(&["std", "capi"]);
    let mut runs = vec![
        (&both, "bad-input-sanitized", c::SANITIZED, ""),
        (&both, "bad-input", &[][..], ""),
        // Only a job on a pthread may end its thread, so that a start hook is called in a pool that is made.
        (&std_alone, "bad-input-std", &[][..], "inside-start"),
    ];
    // What `make` builds is for this machine.
    let without_std = MACHINE.is_empty().then(c::archive);
    runs.extend(without_std.iter().map(|library| (library, "bad-input-no-std", &[][..], "")));
    for_each(&runs, |&(library, name, flags, without)| {
        let tried = tried(library, name, flags);
        let cells: BTreeSet<String> = tried.iter().cloned().collect();
        let is_left_out = |cell: &String| !without.is_empty() && cell.ends_with(without);
        let required: BTreeSet<_> = required.iter().filter(|cell| !is_left_out(cell)).cloned().collect();
        let missing: Vec<_> = required.difference(&cells).cloned().collect();
        assert!(missing.is_empty(), "{} cells are missing:\n{}", missing.len(), missing.join("\n"));
        let unknown: Vec<_> = cells.difference(&required).cloned().collect();
        assert!(unknown.is_empty(), "nothing in the header asks for\n{}", unknown.join("\n"));
        assert_eq!(tried.len(), cells.len(), "a cell was tried twice");
        println!("{name}: {} cells, {} functions", cells.len(), header.functions.len());
    });
}

#[test]
fn what_is_added_to_the_header_is_missed() {
    let header = headers();
    let before = required(&Header::read(&header));
    let more = |from: &str, to: &str| {
        assert!(header.contains(from), "{from}");
        let cells = required(&Header::read(&header.replacen(from, to, 1)));
        assert!(cells.is_superset(&before), "{to}");
        cells.difference(&before).map(Cell::to_string).collect::<Vec<_>>()
    };
    let function = more(
        "jobring_status jobring_destroy(jobring_pool *pool);",
        "jobring_status jobring_destroy(jobring_pool *pool);\njobring_status jobring_new(jobring_pool *pool);",
    );
    assert_eq!(
        function.len(),
        PLACES.split(' ').count() + "null misaligned no-pool destroyed moved".split(' ').count()
    );
    let parameter = more("jobring_fail(int32_t code,", "jobring_fail(size_t *more, int32_t code,");
    assert_eq!(parameter, ["cell jobring_fail more misaligned", "cell jobring_fail more null"]);
    let field =
        more("    jobring_done_node *nodes;\n", "    jobring_done_node *nodes;\n    uint32_t more;\n");
    assert_eq!(field.len(), 10);
    assert_eq!(field[4], "cell jobring_submit_batch items.options.more maximum");
}
