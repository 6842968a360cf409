//! docs/from-python.md is correct: each verb of its tables has a section, and the section's snippets in Python, C and Rust
//! print what it says. The page is the source. One program for each language is made of it, in which every line stands on its
//! line of the page, so that a compiler's message leads there; it runs the snippet of the verb that is its argument.
//!
//! A new verb is a row of a table, and a section with its three snippets and what they print.
//!
//! The snippets in Python are left out where there is no CPython of 3.9 or later, and those that need a module which is not
//! there (`threadpool`). Those in C and in Rust always run.
#![cfg(target_os = "linux")]

#[path = "common/c.rs"]
mod c;

use c::{FEATURES, for_each, root};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PAGE: &str = "docs/from-python.md";
/// A snippet that takes so long hangs: its own limits are shorter.
const SECONDS: &str = "120";

#[derive(Clone, Copy, PartialEq, Debug)]
enum Language {
    Python,
    C,
    Rust,
    /// What the snippets print.
    Text,
}
use Language::{C, Python, Rust, Text};

impl Language {
    fn of_fence(line: &str) -> Option<Self> {
        let known = [("python", Python), ("c", C), ("rust", Rust), ("text", Text)];
        line.strip_prefix("```").and_then(|name| Some(known.iter().find(|(known, _)| *known == name)?.1))
    }
}

/// A fenced block: its lines, and the number of the first, from 0.
struct Block<'a> {
    language: Language,
    at: usize,
    lines: Vec<&'a str>,
}

/// A heading of the third level, or what stands before the first one, and the blocks below it.
struct Section<'a> {
    verb: &'a str,
    blocks: Vec<Block<'a>>,
}

impl<'a> Section<'a> {
    fn block(&self, language: Language) -> &Block<'a> {
        let mut blocks = self.blocks.iter().filter(|block| block.language == language);
        let (first, more) = (blocks.next(), blocks.next());
        assert!(more.is_none(), "{PAGE}: two blocks of {language:?} for the verb {}", self.verb);
        first.unwrap_or_else(|| panic!("{PAGE}: no block of {language:?} for the verb {}", self.verb))
    }

    /// The name of its function.
    fn function(&self) -> String {
        format!("verb_{}", anchor(self.verb).replace('-', "_"))
    }
}

struct Page<'a> {
    /// The first one is what all snippets have in common.
    sections: Vec<Section<'a>>,
    lines: usize,
}

impl<'a> Page<'a> {
    fn read(text: &'a str) -> Self {
        let mut sections = vec![Section { verb: "", blocks: Vec::new() }];
        let mut open: Option<Block<'a>> = None;
        for (number, line) in text.lines().enumerate() {
            if let Some(mut block) = open.take() {
                if line == "```" {
                    sections.last_mut().expect("the first").blocks.push(block);
                } else {
                    block.lines.push(line);
                    open = Some(block);
                }
            } else if line.starts_with("```") {
                let language = Language::of_fence(line);
                let language = language.unwrap_or_else(|| panic!("{PAGE}:{}: {line}", number + 1));
                open = Some(Block { language, at: number + 1, lines: Vec::new() });
            } else if let Some(verb) = line.strip_prefix("### ") {
                sections.push(Section { verb, blocks: Vec::new() });
            }
        }
        Self { sections, lines: text.lines().count() }
    }

    fn verbs(&self) -> &[Section<'a>] {
        &self.sections[1..]
    }

    /// A program: the blocks of one language, each line where it stands on the page, and the language's `main` behind them.
    fn program(&self, language: Language) -> String {
        let mut lines = vec![String::new(); self.lines];
        for (number, section) in self.sections.iter().enumerate() {
            let block = section.block(language);
            for (line, text) in lines[block.at..].iter_mut().zip(&block.lines) {
                (*text).clone_into(line);
            }
            if number > 0 {
                let lines = &mut lines[block.at - 1..=block.at + block.lines.len()];
                wrap(language, &section.function(), lines);
            }
        }
        let mut program = lines.join("\n");
        program.push('\n');
        program.push_str(&main(language, self.verbs()));
        program
    }
}

/// The anchor of a heading, as GitHub and rustdoc make it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || ['-', '_'].contains(c)).collect()
}

/// Makes a function of a block, whose fences are the first and the last of the lines.
fn wrap(language: Language, function: &str, lines: &mut [String]) {
    let end = lines.len() - 1;
    match language {
        Python => {
            for line in lines[1..end].iter_mut().filter(|line| !line.is_empty()) {
                line.insert_str(0, "    ");
            }
            lines[0] = format!("def {function}(pool):");
        }
        C => {
            // The statements stand behind the last function.
            let brace = lines.iter().rposition(|line| line == "{").unwrap_or(0);
            let functions = lines[brace..].iter().position(|line| line == "}").filter(|_| brace > 0);
            let before = functions.map_or(0, |end| brace + end + 1);
            assert!(
                lines[before].is_empty(),
                "{PAGE}: a blank line is missing in {function}: {}",
                lines[before]
            );
            lines[before] = format!("static void {function}(jobring_pool *pool) {{ (void)pool;");
            lines[end] = "}".into();
        }
        Rust => {
            lines[0] = format!("fn {function}(pool: &Pool) -> Result<()> {{ let _ = pool;");
            lines[end] = "Ok(()) }".into();
        }
        Text => unreachable!("a text is no program"),
    }
}

/// What a program ends with: it runs the verb that it is given, on a pool of four workers.
fn main(language: Language, verbs: &[Section<'_>]) -> String {
    let mut calls = String::new();
    for verb in verbs {
        let (name, function) = (anchor(verb.verb), verb.function());
        let _ = match language {
            Python => writeln!(calls, "    {name:?}: {function},"),
            C => writeln!(calls, "    if (strcmp(name, {name:?}) == 0) {function}(pool);"),
            Rust => writeln!(calls, "        {name:?} => {function}(&pool),"),
            Text => unreachable!("a text is no program"),
        };
    }
    match language {
        Python => format!(
            "verbs = {{\n{calls}}}\nwith ThreadPoolExecutor(max_workers=4) as pool:\n    verbs[sys.argv[1]](pool)\n"
        ),
        C => format!(
            "int main(int count, char **arguments) {{\n    jobring_pool *pool = pool_of(4);\n    \
             const char *name = arguments[count - 1];\n{calls}    TRY(jobring_destroy(pool));\n    return EXIT_SUCCESS;\n}}\n"
        ),
        Rust => format!(
            "fn main() -> Result<()> {{\n    let pool = Pool::builder().workers(4).build()?;\n    \
             match std::env::args().nth(1).unwrap().as_str() {{\n{calls}        name => panic!(\"{{name}}\"),\n    }}\n}}\n"
        ),
        Text => unreachable!("a text is no program"),
    }
}

fn page() -> String {
    fs::read_to_string(root().join(PAGE)).expect("the page")
}

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).expect("a source");
    path
}

/// Compiles a program of the page. If that fails, the panic names the verbs on whose lines the compiler complains.
fn compile(page: &Page<'_>, language: Language, compiler: &mut Command) {
    let output = c::output(compiler);
    let said = c::printed(&output);
    let complains_at = |line: usize| said.contains(&format!(":{}:", line + 1));
    let verbs = page.verbs().iter().filter(|section| {
        let block = section.block(language);
        (block.at..block.at + block.lines.len()).any(complains_at)
    });
    let verbs: Vec<_> = verbs.map(|section| section.verb).collect();
    assert!(output.status.success(), "{PAGE}: {verbs:?} in {language:?}, on the page's own lines:\n{said}");
}

/// The programs in C and in Rust, of the same build of the library.
fn compiled(page: &Page<'_>, folder: &Path) -> (PathBuf, PathBuf) {
    let (c_program, rust_program) = (folder.join("from-python-c"), folder.join("from-python-rust"));
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-I"]);
    cc.arg(root().join("include")).arg(written(folder, "from-python.c", &page.program(C)));
    cc.arg(c::library(FEATURES)).args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&c_program);
    compile(page, C, &mut cc);

    let source = written(folder, "from-python.rs", &page.program(Rust));
    c::in_release_folder(|target| {
        let release = c::build(target, FEATURES, &[]);
        let library = format!("jobring={}", release.join("libjobring.rlib").display());
        let mut rustc = Command::new("rustc");
        rustc.args(["--edition=2024", "-Dwarnings", "--extern", &library, "-L"]).arg(release.join("deps"));
        rustc.arg("-o").arg(&rust_program).arg(source);
        compile(page, Rust, &mut rustc);
    });
    (c_program, rust_program)
}

/// The CPython that is here, if it knows what the snippets use.
fn python() -> Option<PathBuf> {
    const ASK: &str = "import sys; sys.version_info >= (3, 9) and sys.implementation.name == 'cpython' and print(sys.executable)";
    let output = Command::new("python3").args(["-c", ASK]).stderr(Stdio::null()).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    (!path.trim().is_empty()).then(|| path.trim().into())
}

/// Can this snippet be run here? It names the module that it needs besides those of the standard library.
fn has_modules(python: &Path, snippet: &Block<'_>) -> bool {
    snippet.lines.iter().filter(|line| line.starts_with("import ")).all(|line| {
        let mut python = Command::new(python);
        python.args(["-c", line]).stderr(Stdio::null());
        python.status().is_ok_and(|status| status.success())
    })
}

/// What is wrong with a run, if anything is.
fn complaint(section: &Section<'_>, language: Language, mut program: Command) -> Option<String> {
    let verb = section.verb;
    let output = c::output(program.arg(anchor(verb)));
    let printed = String::from_utf8_lossy(&output.stdout);
    let expected = section.block(Text).lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let is_right = output.status.success() && printed == expected;
    let errors = String::from_utf8_lossy(&output.stderr);
    let status = output.status;
    (!is_right).then(|| format!("{verb}, in {language:?}: {status}\n{printed}{errors}instead of\n{expected}"))
}

fn within_limit(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("timeout");
    command.arg(SECONDS).arg(program);
    command
}

#[test]
fn the_snippets_of_each_verb_print_the_same() {
    let text = page();
    let page = Page::read(&text);
    let folder = c::tmp("from-python");
    fs::create_dir_all(&folder).expect("a folder");
    let (c_program, rust_program) = compiled(&page, &folder);
    let python_program = written(&folder, "from_python.py", &page.program(Python));
    let python = python();
    if python.is_none() {
        println!("no CPython of 3.9 or later here: the snippets in Python were not run");
    }

    let complaints = std::sync::Mutex::new(Vec::new());
    for_each(page.verbs(), |section| {
        let mut runs = vec![(C, within_limit(&c_program)), (Rust, within_limit(&rust_program))];
        if let Some(python) = &python {
            if has_modules(python, section.block(Python)) {
                let mut program = within_limit(python);
                program.arg(&python_program);
                runs.push((Python, program));
            } else {
                println!("{}: a module is missing, so the snippet in Python was not run", section.verb);
            }
        }
        let wrong = runs.into_iter().filter_map(|(language, program)| complaint(section, language, program));
        complaints.lock().expect("no panic").extend(wrong);
    });
    let complaints = complaints.into_inner().expect("no panic");
    assert!(complaints.is_empty(), "{PAGE}:\n{}", complaints.join("\n"));
}

/// The rows of the tables: the verb, the anchor of its section, the other cells.
fn rows(text: &str) -> impl Iterator<Item = (&str, &str, Vec<&str>)> {
    let is_row = |line: &&str| line.starts_with("| ") && *line != "| Python | C | Rust |";
    text.lines().filter(is_row).map(|line| {
        let parts = || {
            let (verb, rest) = line.strip_prefix("| [")?.split_once("](#")?;
            let (link, rest) = rest.split_once(')')?;
            Some((verb, link, rest.strip_suffix(" |")?.split(" | ").skip(1).collect()))
        };
        parts().unwrap_or_else(|| panic!("{PAGE}: a row that leads to no section: {line}"))
    })
}

/// The names in a cell: what stands between backticks.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn each_verb_of_the_tables_has_its_section_with_the_calls_that_the_table_names() {
    let text = page();
    let page = Page::read(&text);
    let mut named = BTreeSet::new();
    for (verb, link, cells) in rows(&text) {
        let section = page.verbs().iter().find(|section| anchor(section.verb) == link);
        let section = section.unwrap_or_else(|| panic!("{PAGE}: the verb {verb} has no section #{link}"));
        named.insert(link);
        let [c, rust] = cells[..] else { panic!("{PAGE}: {verb}: C and Rust are two cells") };
        for (language, cell) in [(C, c), (Rust, rust)] {
            let snippet = section.block(language).lines.join("\n");
            let missing: Vec<_> = names(cell).filter(|name| !snippet.contains(name)).collect();
            assert!(missing.is_empty(), "{PAGE}: {verb}: {missing:?} is not in the snippet in {language:?}");
            assert!(names(cell).next().is_some(), "{PAGE}: {verb}: names no call in {language:?}");
        }
    }
    for section in page.verbs() {
        let anchor = anchor(section.verb);
        assert!(named.contains(anchor.as_str()), "{PAGE}: {} is in no table", section.verb);
        assert_eq!(section.blocks.len(), 4, "{PAGE}: {}: three snippets and their output", section.verb);
    }
}

#[test]
fn the_programs_that_the_page_names_are_there() {
    let text = page();
    let paths = names(&text).filter(|name| name.contains("-examples/"));
    let missing: Vec<_> = paths.filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), "{PAGE}: {missing:?}");
}

#[test]
fn the_readme_and_rustdoc_lead_to_the_page() {
    for path in ["README.md", "src/lib.rs"] {
        let text = fs::read_to_string(root().join(path)).expect("a file");
        assert!(text.contains(PAGE), "{path}");
    }
}
