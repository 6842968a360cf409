//! Imports go downwards only. This test reads every import and every path of the sources and checks three
//! things: each folder stands on a floor, a file names only files of lower floors or of its own folder, and
//! there is no circle of files that name each other.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use syn::spanned::Spanned;
use syn::visit::Visit;

/// The folders and files of src, lowest floor first. Those on one floor do not know each other.
const FLOORS: &[&[&str]] = &[
    &["sync", "error"],
    &["util"],
    &["job"],
    &["ring", "slot", "platform"],
    &["sleep", "queue"],
    &["engine", "processes"],
    &["workers", "fork_join"],
    &["rust", "ffi"],
    &["testing"],
    &["lib"],
];

type Name = String;
/// A module's path below the crate: `["engine", "submit"]`.
type Module = Vec<Name>;

/// What one file says.
#[derive(Default)]
struct File {
    /// Below src.
    path: String,
    /// Paths that it names, from the crate down, and the line.
    named: Vec<(Module, usize)>,
    /// Names that it passes on from elsewhere (`pub use`), and where they come from.
    passed_on: BTreeMap<Name, Module>,
}

struct Reader {
    file: File,
    /// The module that the code belongs to, and the inline modules around it.
    module: Module,
    inline: usize,
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let text = list.tokens.to_string();
        list.path.is_ident("cfg") && (text == "test" || text.starts_with("all (test"))
    })
}

impl Reader {
    /// The path from the crate down; None for what is no path of this crate.
    fn absolute(&self, segments: &[Name]) -> Option<Module> {
        let (first, rest) = segments.split_first()?;
        let base = match first.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.module.clone(),
            _ => return None,
        };
        let mut path = base;
        if first == "super" {
            path.pop()?;
        }
        let mut rest = rest;
        while let Some((segment, after)) = rest.split_first()
            && segment == "super"
        {
            path.pop()?;
            rest = after;
        }
        path.extend_from_slice(rest);
        Some(path)
    }

    fn names(&mut self, segments: &[Name], line: usize) {
        if let Some(path) = self.absolute(segments) {
            self.file.named.push((path, line));
        }
    }

    /// Each name that a `use` brings in, with its whole path.
    fn tree(tree: &syn::UseTree, before: &[Name], found: &mut Vec<(Name, Vec<Name>)>) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => Self::tree(&path.tree, &with(&path.ident), found),
            syn::UseTree::Name(name) if name.ident == "self" => {
                found.push((before.last().cloned().unwrap_or_default(), before.to_vec()));
            }
            syn::UseTree::Name(name) => found.push((name.ident.to_string(), with(&name.ident))),
            syn::UseTree::Rename(rename) => found.push((rename.rename.to_string(), with(&rename.ident))),
            syn::UseTree::Glob(_) => found.push(("*".into(), before.to_vec())),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| Self::tree(tree, before, found));
            }
        }
    }

    /// The bodies of macros are tokens: `crate :: a :: b` in them is a path too.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut segments: Vec<Name> = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) if colons == 2 || segments.is_empty() => {
                    (line, colons) = (name.span().start().line, 0);
                    segments.push(name.to_string());
                }
                TokenTree::Punct(point) if point.as_char() == ':' => colons += 1,
                other => {
                    self.names(&std::mem::take(&mut segments), line);
                    colons = 0;
                    match other {
                        TokenTree::Ident(name) => {
                            line = name.span().start().line;
                            segments.push(name.to_string());
                        }
                        TokenTree::Group(group) => self.tokens(group.stream()),
                        _ => {}
                    }
                }
            }
        }
        self.names(&segments, line);
    }
}

impl<'a> Visit<'a> for Reader {
    fn visit_item(&mut self, item: &'a syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_test(attributes) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if item.content.is_some() {
            self.module.push(item.ident.to_string());
            self.inline += 1;
            syn::visit::visit_item_mod(self, item);
            self.inline -= 1;
            self.module.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        let mut found = Vec::new();
        Self::tree(&item.tree, &[], &mut found);
        let passes_on = !matches!(item.vis, syn::Visibility::Inherited) && self.inline == 0;
        for (name, segments) in found {
            // `use child::X` in the file of a module.
            let own = [&["self".to_string()], segments.as_slice()].concat();
            let path = self.absolute(&segments).or_else(|| self.absolute(&own));
            match path {
                Some(path) if passes_on => drop(self.file.passed_on.insert(name, path)),
                Some(path) => self.file.named.push((path, item.span().start().line)),
                None => {}
            }
        }
    }

    // pub(super) names nothing.
    fn visit_vis_restricted(&mut self, _: &'a syn::VisRestricted) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.names(&segments, path.span().start().line);
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'a syn::Macro) {
        self.tokens(called.tokens.clone());
        syn::visit::visit_macro(self, called);
    }
}

/// Reads `src`, by module. Test files (`…_tests.rs`) look where they like.
fn read(folder: &Path, module: &[Name], files: &mut BTreeMap<Module, File>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_string();
        let module =
            if name == "mod" { module.to_vec() } else { [module, std::slice::from_ref(&name)].concat() };
        if path.is_dir() {
            read(&path, &module, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !name.ends_with("_tests") {
            let text = fs::read_to_string(&path).expect("a file");
            let file = File { path: path.display().to_string(), ..File::default() };
            let mut reader = Reader { file, module: module.clone(), inline: 0 };
            reader.visit_file(&syn::parse_file(&text).expect("Rust"));
            files.insert(module, reader.file);
        }
    }
}

struct SourceTree {
    files: BTreeMap<Module, File>,
}

/// One import: the file that names another, and where.
struct Import<'a> {
    from: &'a Module,
    to: Module,
    line: usize,
}

impl SourceTree {
    fn of(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        read(root, &[], &mut files);
        Self { files }
    }

    /// The file in which the thing lies that a path names: names that a module passes on are followed.
    fn home(&self, path: &[Name]) -> Option<Module> {
        let depth = (1..=path.len()).rev().find(|&depth| self.files.contains_key(&path[..depth]))?;
        let module = path[..depth].to_vec();
        let item = path.get(depth);
        let passed_on = item.and_then(|item| self.files[&module].passed_on.get(item));
        let from_glob = || {
            let item = item?;
            let globs = self.files[&module].passed_on.get("*")?;
            let whole = [globs.as_slice(), std::slice::from_ref(item)].concat();
            self.home(&whole)
        };
        match passed_on {
            Some(origin) if *origin != path => self.home(origin),
            _ => from_glob().or(Some(module)),
        }
    }

    fn imports(&self) -> Vec<Import<'_>> {
        let mut imports = Vec::new();
        for (from, file) in &self.files {
            for (path, line) in &file.named {
                if let Some(to) = self.home(path).filter(|to| to != from) {
                    imports.push(Import { from, to, line: *line });
                }
            }
        }
        imports
    }

    fn place(&self, import: &Import) -> String {
        format!("{}:{} imports {}", self.files[import.from].path, import.line, import.to.join("::"))
    }

    /// Imports that go up or sideways between folders.
    fn wrong_floors(&self, floors: &[&[&str]]) -> Vec<String> {
        let floor = |module: &Module| {
            let of = |floor: &&[&str]| floor.contains(&module[0].as_str());
            floors.iter().position(of).unwrap_or_else(|| panic!("{} has no floor", module[0]))
        };
        let imports = self.imports();
        let wrong = imports.iter().filter(|import| {
            import.from[0] != import.to[0] && floor(import.to.as_ref()) >= floor(import.from)
        });
        wrong.map(|import| self.place(import)).collect()
    }

    /// One circle of files, if there is any: each imports the next.
    fn circle(&self) -> Option<Vec<String>> {
        let imports = self.imports();
        let mut left: BTreeMap<&Module, Vec<&Import>> = BTreeMap::new();
        for import in &imports {
            left.entry(import.from).or_default().push(import);
        }
        // Files that import nothing that is left are in no circle.
        loop {
            let known: BTreeSet<&Module> = left.keys().copied().collect();
            let before = left.len();
            for all in left.values_mut() {
                all.retain(|import| known.contains(&import.to));
            }
            left.retain(|_, all| !all.is_empty());
            if left.len() == before {
                break;
            }
        }
        let mut at = *left.keys().next()?;
        let (mut walked, mut circle) = (Vec::new(), Vec::new());
        while !walked.contains(&at) {
            walked.push(at);
            let import = left[at][0];
            circle.push(self.place(import));
            at = left.keys().find(|module| **module == &import.to).expect("it imports something itself");
        }
        let begin = walked.iter().position(|module| *module == at).expect("it was walked");
        Some(circle.split_off(begin))
    }
}

#[test]
fn a_file_imports_from_lower_floors_only() {
    let house = SourceTree::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(house.imports().len() > 400, "imports were found: {}", house.imports().len());
    let wrong = house.wrong_floors(FLOORS);
    assert!(wrong.is_empty(), "upwards or sideways:\n{}", wrong.join("\n"));
    for folder in FLOORS.iter().copied().flatten() {
        let exists = house.files.keys().any(|module| module[0] == *folder);
        assert!(exists, "{folder} has a floor and does not exist");
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let house = SourceTree::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    if let Some(circle) = house.circle() {
        panic!("{} files in a circle:\n{}", circle.len(), circle.join("\n"));
    }
}

/// A house of a few files, to see the test fail.
fn house_of(files: &[(&str, &str)]) -> SourceTree {
    let mut house = SourceTree { files: BTreeMap::new() };
    for (path, text) in files {
        let module: Module = path.split('/').filter(|part| *part != "mod").map(String::from).collect();
        let file = File { path: (*path).to_string(), ..File::default() };
        let mut reader = Reader { file, module: module.clone(), inline: 0 };
        reader.visit_file(&syn::parse_file(text).expect("Rust"));
        house.files.insert(module, reader.file);
    }
    house
}

#[test]
fn an_import_upwards_is_found_however_it_is_written() {
    const TWO: &[&[&str]] = &[&["low"], &["high"]];
    let upwards = [
        "use crate::high::submit::Thing;",
        "use super::super::high::submit::Thing;",
        "use crate::{high::submit::Thing};",
        "fn f() -> crate::high::submit::Thing { g() }",
        "fn f() { crate::high::submit::go(1) }",
        "const_fn! { fn f() { crate::high::submit::go(1) } }",
        "mod inner { use super::super::super::high::submit::Thing; }",
        "use crate::high::Thing;",
    ];
    for text in upwards {
        let house = house_of(&[
            ("low/a", text),
            ("low/mod", ""),
            ("high/mod", "pub use submit::Thing;"),
            ("high/submit", "pub struct Thing;"),
        ]);
        assert_eq!(house.wrong_floors(TWO).len(), 1, "{text}");
    }
    let house =
        house_of(&[("low/a", "use super::b::B;"), ("low/b", "#[cfg(test)] mod t { use crate::high::H; }")]);
    assert!(house.wrong_floors(TWO).is_empty() && house.circle().is_none());
}

#[test]
fn a_circle_is_found_also_through_a_name_that_is_passed_on() {
    let house = house_of(&[
        ("ring/mod", "pub(crate) use ncq::Ring;"),
        ("ring/ncq", "use super::init::Seed;"),
        ("ring/init", "use super::Ring;"),
    ]);
    assert_eq!(house.circle().expect("a circle").len(), 2);
}
