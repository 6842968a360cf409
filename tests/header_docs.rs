//! Every function of the C header says what a C programmer has to know: what it does, each parameter, what it returns,
//! from where it may be called, whether it blocks, and whether it allocates.

use std::fmt::Write;
use std::path::Path;

/// A function of the header: its name, its parameters, its comment.
struct Function {
    name: String,
    parameters: Vec<String>,
    comment: String,
}

impl Function {
    /// Is its `job` a place to write a handle to, rather than the handle that the call is about?
    fn outputs_job(&self) -> bool {
        self.name.contains("submit") || self.name == "jobring_self"
    }
}

fn functions(header: &str) -> Vec<Function> {
    let mut found = Vec::new();
    let mut rest = header;
    while let Some(begin) = rest.find("/**") {
        let comment_and_more = &rest[begin..];
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
        let parameters = tail.trim_end_matches(')').split(',').map(|parameter| {
            let word = parameter.trim().rsplit([' ', '*']).next().expect("a word");
            word.to_owned()
        });
        let parameters = parameters.filter(|word| word != "void" && !word.is_empty()).collect();
        found.push(Function { name, parameters, comment });
    }
    found
}

#[test]
fn every_function_says_what_its_caller_has_to_know() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = std::fs::read_to_string(root.join("include/jobring.h")).expect("the header");
    let symbols = std::fs::read_to_string(root.join("include/jobring.symbols")).expect("the symbols");
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
        // A comment that begins with "As jobring_…()" takes over what that one says, and tells the difference.
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
