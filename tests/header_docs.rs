//! The C header is a manual. It begins with a table of contents, and its functions stand in that order, under
//! its headings. The comment of each function says, in this order: what it does, each parameter, what it
//! returns, from where it may be called, whether it blocks, and whether it allocates.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// A function of the header: what it returns, its name, its parameters, its comment, the line where that
/// begins.
struct Function {
    returned: String,
    name: String,
    parameters: Vec<String>,
    comment: String,
    line: usize,
}

impl Function {
    /// The paragraphs of its comment, each on one line.
    fn paragraphs(&self) -> Vec<String> {
        let text = self.comment.trim_start_matches("/**").trim_end_matches("*/").trim();
        let lines = text.lines().map(|line| line.trim().trim_start_matches('*').trim());
        let mut paragraphs = vec![String::new()];
        for line in lines {
            match paragraphs.last_mut() {
                Some(last) if line.is_empty() && !last.is_empty() => paragraphs.push(String::new()),
                Some(last) => *last = format!("{last} {line}").trim().to_owned(),
                None => {}
            }
        }
        paragraphs
    }

    /// Is its `job` a place to write a handle to, rather than the handle that the call is about?
    fn outputs_job(&self) -> bool {
        self.name.contains("submit") || self.name == "jobring_current_job"
    }
}

fn functions(header: &str) -> Vec<Function> {
    let mut found = Vec::new();
    let mut rest = header;
    while let Some(begin) = rest.find("/**") {
        let comment_and_more = &rest[begin..];
        let line = header[..header.len() - comment_and_more.len()].lines().count() + 1;
        let end = comment_and_more.find("*/").expect("a comment ends") + 2;
        let comment = comment_and_more[..end].to_owned();
        rest = &comment_and_more[end..];
        let Some(declaration) = rest.split(';').next() else { continue };
        let declaration = declaration.trim();
        let is_function = declaration.contains("jobring_")
            && declaration.ends_with(')')
            && !declaration.contains("typedef")
            && !declaration.contains('#')
            && !declaration.contains('{');
        if !is_function {
            continue;
        }
        let (head, tail) = declaration.split_once('(').expect("parameters");
        let name = head.rsplit([' ', '*']).next().expect("a name").to_owned();
        let returned = head.trim_end_matches(name.as_str()).trim().to_owned();
        let parameters = tail.trim_end_matches(')').split(',').map(|parameter| {
            let word = parameter.trim().rsplit([' ', '*']).next().expect("a word");
            word.to_owned()
        });
        let parameters = parameters.filter(|word| word != "void" && !word.is_empty()).collect();
        found.push(Function { returned, name, parameters, comment, line });
    }
    found
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The headers with functions.
fn headers() -> String {
    ["jobring.h", "jobring_ext.h", "jobring_processes.h"]
        .map(|name| read(&format!("include/{name}")))
        .concat()
}

/// The first comment of the header, without stars.
fn preamble(header: &str) -> Vec<&str> {
    let comment = header.split(" */").next().expect("a comment");
    comment.lines().map(|line| line.trim_start_matches(" *").trim_end()).collect()
}

/// The table of contents: each task with its functions.
fn contents(header: &str) -> Vec<(&str, Vec<&str>)> {
    let preamble = preamble(header);
    let begin = preamble.iter().position(|&line| line == " CONTENTS").expect("contents") + 2;
    let mut tasks: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in preamble[begin..].iter().take_while(|line| !line.is_empty()) {
        let at = line.find("jobring_").expect("a function");
        let task = line[..at].trim();
        if !task.is_empty() {
            tasks.push((task, Vec::new()));
        }
        let (_, names) = tasks.last_mut().expect("a task");
        names.push(line[at..].split(' ').next().expect("a name"));
    }
    tasks
}

#[test]
fn the_contents_are_the_order_of_the_header() {
    let (header, symbols) = (read("include/jobring.h"), read("include/jobring.symbols"));
    let contents = contents(&header);
    let mut listed: Vec<_> = contents.iter().flat_map(|(_, names)| names).copied().collect();
    let functions = functions(&header);
    assert_eq!(listed, functions.iter().map(|function| function.name.as_str()).collect::<Vec<_>>());
    listed.sort_unstable();
    let others: Vec<_> =
        self::functions(&(read("include/jobring_ext.h") + &read("include/jobring_processes.h")));
    let is_here = |symbol: &&str| others.iter().all(|function| function.name != *symbol);
    let symbols: Vec<_> = symbols.lines().filter_map(|line| line.split(' ').next()).filter(is_here).collect();
    assert_eq!(listed, symbols);

    // Each function stands under the heading of its task.
    let mut headed: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut rest = functions.iter().peekable();
    for (at, line) in header.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("/* ---- ") {
            headed.push((heading.trim_end_matches(" */").trim_end_matches('-').trim_end(), Vec::new()));
        }
        if let Some(function) = rest.next_if(|function| function.line == at + 1) {
            headed.last_mut().expect("a heading").1.push(&function.name);
        }
    }
    headed.retain(|(_, names)| !names.is_empty());
    assert_eq!(headed, contents);
}

/// A reader comes to the functions within four screens of 50 lines. The preamble and the types of every
/// program stand before them, all other types in the functions' sections.
const BEFORE_THE_FUNCTIONS: usize = 200;

#[test]
fn the_functions_come_first() {
    let first = functions(&read("include/jobring.h"))[0].line;
    assert!(first < BEFORE_THE_FUNCTIONS, "the first function stands at line {first}");
}

/// What the preamble says that every function does.
fn rules(header: &str) -> String {
    let preamble = preamble(header).join(" ");
    preamble.split_once("RULES FOR EVERY FUNCTION").expect("rules").1.to_owned()
}

/// The functions and codes that a text names.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c != '_' && !c.is_ascii_alphanumeric());
    words.filter(|word| word.starts_with("jobring_") || word.starts_with("JOBRING_E_"))
}

#[test]
fn the_rules_name_the_functions_that_return_no_status() {
    let header = read("include/jobring.h");
    let rules = rules(&header);
    let (_, rule) = rules.split_once("JOBRING_PENDING").expect("the first rule");
    let (rule, _) = rule.split_once(" - ").expect("its end");
    let functions = functions(&header);
    let others = functions.iter().filter(|function| function.returned != "jobring_status");
    assert_eq!(names(rule).collect::<BTreeSet<_>>(), others.map(|function| function.name.as_str()).collect());
}

#[test]
fn a_call_that_has_done_a_part_says_so() {
    let header = read("include/jobring.h");
    let rules = rules(&header);
    let (_, exceptions) = rules.split_once("Some calls have done a part").expect("the exceptions");
    let (exceptions, _) = exceptions.split_once(" - ").expect("their end");
    let functions = functions(&header);
    let mut pairs = 0;
    let mut comment = "";
    for name in names(exceptions) {
        if let Some(function) = functions.iter().find(|function| function.name == name) {
            comment = &function.comment;
        } else {
            assert!(comment.contains(name), "{name} is not in\n{comment}");
            pairs += 1;
        }
    }
    assert!(pairs > 5, "{exceptions}");
}

#[test]
fn every_comment_has_the_same_form() {
    let mut wrong = String::new();
    for function in functions(&headers()) {
        let paragraphs = function.paragraphs();
        let mut want = |there: bool, what: &str| {
            if !there {
                writeln!(wrong, "{}: {what}", function.name).expect("text");
            }
        };
        let is_one = !paragraphs[0].contains(". ") && paragraphs[0].ends_with(['.', '?']);
        want(is_one, "begins with one sentence");
        let place = |begins: &str| paragraphs.iter().position(|paragraph| paragraph.starts_with(begins));
        let last = paragraphs.len() - 1;
        want(place("From ") == Some(last), "ends with: From …, where it may be called");
        // A function that cannot fail begins with what it returns.
        let returns = place("Returns");
        want(
            returns.is_none_or(|returns| returns < last),
            "what it returns, then from where it may be called",
        );
        let parameters = paragraphs.iter().position(|text| text.starts_with('`') || text.starts_with("- `"));
        want(
            parameters.is_none_or(|parameters| returns.is_none_or(|returns| parameters < returns)),
            "its parameters, then what it returns",
        );
    }
    assert!(wrong.is_empty(), "the header has another form:\n{wrong}");
}

#[test]
fn every_function_says_what_its_caller_has_to_know() {
    let header = headers();
    let symbols = read("include/jobring.symbols");
    let functions = functions(&header);
    assert_eq!(functions.len(), symbols.lines().count(), "each exported function is declared with a comment");

    let mut missing = String::new();
    for function in &functions {
        let comment = function.comment.replace("\n *", " ");
        let mut want = |there: bool, what: &str| {
            if !there {
                writeln!(missing, "{}: {what}", function.name).expect("text");
            }
        };
        // A comment that begins with "As jobring_…()" takes over what that one says, and tells the
        // difference.
        let refers = comment.contains("As jobring_") || comment.contains("From where jobring_");
        want(comment.contains("From "), "from where it may be called");
        want(refers || comment.contains("lock"), "whether it blocks");
        want(refers || comment.contains("llocate"), "whether it allocates");
        want(refers || comment.contains("Returns"), "what it returns");
        for parameter in &function.parameters {
            // The pool is first everywhere, and the same everywhere.
            let known =
                ["pool", "fn"].contains(&parameter.as_str()) || parameter == "job" && !function.outputs_job();
            let named = known || comment.contains(&format!("`{parameter}`"));
            want(refers || named, &format!("the parameter {parameter}"));
        }
        let checks = function.parameters.iter().any(|parameter| parameter == "pool");
        want(refers || !checks || comment.contains("JOBRING_E_INVALID"), "JOBRING_E_INVALID");
    }
    assert!(missing.is_empty(), "the header does not say:\n{missing}");
}
