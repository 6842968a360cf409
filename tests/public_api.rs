//! tests/public_api.txt lists the public Rust API. JOBRING_BLESS=1 rewrites it; then review the difference,
//! because users see it. This test reads the sources and does not compile them. So one list has all features,
//! and a `cfg` marks an item that needs one. The list leaves out the C API (include/jobring.h) and what only
//! the models use.

use proc_macro2::TokenStream;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::parse::Parser;
use syn::{Attribute, ImplItem, Item, Visibility, parse_quote};

/// A `cfg` with one of these is not for users.
const NOT_FOR_USERS: [&str; 5] = ["jobring_loom", "jobring_freeze", "jobring_bug", "jobring_tsan", "test"];

/// A path below the crate.
type Names = Vec<String>;

/// Every module's items, and what must be set for it to be there.
#[derive(Default)]
struct Sources {
    modules: BTreeMap<Names, (Vec<Attribute>, Vec<Item>)>,
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn text(tokens: impl quote::ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}

/// Is it only for the tests of this library? `not(jobring_loom)` is for users.
fn is_internal(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = text(&attribute.meta);
        let names = NOT_FOR_USERS.iter().any(|word| text.contains(word));
        let is_cfg = attribute.path().is_ident("cfg") && names && !text.contains("not (");
        is_cfg || text == "doc (hidden)"
    })
}

/// What a user sees of the attributes: when it is there, and what the compiler says of its use.
fn shown(attributes: &[Attribute]) -> Vec<Attribute> {
    let is_shown = |attribute: &&Attribute| {
        ["cfg", "non_exhaustive", "must_use", "derive"].iter().any(|name| attribute.path().is_ident(name))
            && !NOT_FOR_USERS.iter().any(|word| text(&attribute.meta).contains(word))
    };
    attributes.iter().filter(is_shown).cloned().collect()
}

impl Sources {
    fn read(&mut self, file: &Path, folder: &Path, module: Names, needs: Vec<Attribute>) {
        let source = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let items = syn::parse_file(&source).expect("Rust").items;
        for item in &items {
            let Item::Mod(inner) = item else { continue };
            if inner.content.is_some() || is_internal(&inner.attrs) || inner.ident == "ffi" {
                continue;
            }
            let name = inner.ident.to_string();
            let needs = needs.iter().cloned().chain(cfgs(&inner.attrs)).collect();
            let module = [module.clone(), vec![name.clone()]].concat();
            let below = folder.join(&name);
            let flat = below.with_extension("rs");
            let file = if flat.exists() { flat } else { below.join("mod.rs") };
            // A module with a #[path] is a second form of one that is read.
            if file.exists() {
                self.read(&file, &below, module, needs);
            }
        }
        self.modules.insert(module, (needs, items));
    }

    /// The items that a name stands for: itself, or what it passes on.
    fn find(&self, path: &[String]) -> Vec<(Vec<Attribute>, Item)> {
        let (name, module) = path.split_last().expect("a name");
        let Some((needs, items)) = self.modules.get(module) else { panic!("no module {module:?}") };
        let mut found = Vec::new();
        for item in items {
            let is_it = match item {
                Item::Struct(item) => item.ident == name,
                Item::Enum(item) => item.ident == name,
                Item::Trait(item) => item.ident == name,
                Item::Const(item) => item.ident == name,
                Item::Type(item) => item.ident == name,
                Item::Use(item) if !is_internal(&item.attrs) => {
                    for (from, to) in uses(&item.tree) {
                        if to == *name && from.len() > 1 {
                            let path = self.absolute(module, &from);
                            let needs = cfgs(&item.attrs);
                            found.extend(
                                self.find(&path)
                                    .into_iter()
                                    .map(|(more, item)| ([needs.clone(), more].concat(), item)),
                            );
                        }
                    }
                    false
                }
                _ => false,
            };
            if is_it {
                found.push((needs.clone(), item.clone()));
            }
        }
        found
    }

    fn absolute(&self, module: &[String], path: &[String]) -> Names {
        match path[0].as_str() {
            "crate" => path[1..].to_vec(),
            "super" => [&module[..module.len() - 1], &path[1..]].concat(),
            _ => [module, path].concat(),
        }
    }
}

/// Where each name of a `use` comes from, and what it is called.
fn uses(tree: &syn::UseTree) -> Vec<(Names, String)> {
    match tree {
        syn::UseTree::Path(path) => {
            let more = |(mut from, to): (Names, String)| {
                from.insert(0, path.ident.to_string());
                (from, to)
            };
            uses(&path.tree).into_iter().map(more).collect()
        }
        syn::UseTree::Name(name) => vec![(vec![name.ident.to_string()], name.ident.to_string())],
        syn::UseTree::Rename(name) => vec![(vec![name.ident.to_string()], name.rename.to_string())],
        syn::UseTree::Group(group) => group.items.iter().flat_map(uses).collect(),
        syn::UseTree::Glob(_) => panic!("the API is listed by name"),
    }
}

fn without_body(function: &syn::ImplItemFn) -> syn::ImplItemFn {
    let mut function = function.clone();
    function.attrs = shown(&function.attrs);
    function.block = parse_quote!({});
    if let Some(syn::FnArg::Receiver(receiver)) = function.sig.inputs.first_mut()
        && receiver.reference.is_none()
    {
        receiver.mutability = None;
    }
    function
}

/// The functions of a `const_fn!`.
fn of_macro(tokens: &TokenStream) -> Vec<syn::ImplItemFn> {
    let parse = |input: syn::parse::ParseStream<'_>| {
        let mut functions = Vec::new();
        while !input.is_empty() {
            functions.push(input.parse::<syn::ImplItemFn>()?);
        }
        Ok(functions)
    };
    let mut functions = parse.parse2(tokens.clone()).expect("functions");
    functions.iter_mut().for_each(|function| function.sig.constness = Some(Default::default()));
    functions
}

/// What a user sees of an item: no private fields, no bodies.
fn outside(mut item: Item, name: &str, needs: &[Attribute]) -> Item {
    let ident = syn::Ident::new(name, proc_macro2::Span::call_site());
    let all = |attributes: &[Attribute]| [shown(needs), shown(attributes)].concat();
    match &mut item {
        Item::Struct(item) => {
            item.attrs = all(&item.attrs);
            item.ident = ident;
            // Private fields, if there are any.
            let mut fields: syn::FieldsNamed = parse_quote!({ _private: () });
            for field in item.fields.iter().filter(|field| field.ident.is_some() && is_public(&field.vis)) {
                fields.named.push(syn::Field { attrs: shown(&field.attrs), ..field.clone() });
            }
            item.fields = syn::Fields::Named(fields);
            for parameter in &mut item.generics.params {
                if let syn::GenericParam::Type(parameter) = parameter {
                    parameter.attrs = cfgs(&parameter.attrs);
                }
            }
        }
        Item::Enum(item) => {
            item.attrs = all(&item.attrs);
            item.variants.iter_mut().for_each(|variant| variant.attrs = shown(&variant.attrs));
        }
        Item::Trait(item) => {
            item.attrs = all(&item.attrs);
            for item in &mut item.items {
                if let syn::TraitItem::Fn(function) = item {
                    function.attrs = shown(&function.attrs);
                    function.default = function.default.as_ref().map(|_| parse_quote!({ _default }));
                }
            }
        }
        Item::Type(item) => item.attrs = all(&item.attrs),
        Item::Const(item) => {
            item.attrs = all(&item.attrs);
            item.expr = parse_quote!(_);
        }
        _ => unreachable!("not found by find"),
    }
    item
}

fn last(path: &syn::Path) -> String {
    path.segments.last().expect("a name").ident.to_string()
}

/// The names in an `impl`'s type, and then in its trait: the first public one is whose it is.
fn subjects(item: &syn::ItemImpl) -> Names {
    struct Found(Names);
    impl<'ast> syn::visit::Visit<'ast> for Found {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0.push(last(path));
            syn::visit::visit_path(self, path);
        }
    }
    let mut names = Found(Vec::new());
    syn::visit::Visit::visit_type(&mut names, &item.self_ty);
    if let Some((_, path, _)) = &item.trait_ {
        syn::visit::Visit::visit_path(&mut names, path);
    }
    names.0
}

/// The same, as a user sees it: public functions only. None if nothing is left.
fn outside_impl(item: &syn::ItemImpl, needs: &[Attribute]) -> Option<syn::ItemImpl> {
    let mut seen = item.clone();
    seen.attrs = [shown(needs), shown(&item.attrs)].concat();
    seen.items.clear();
    for inner in &item.items {
        match inner {
            // An implementation shows its associated types. Its functions are listed once, at the trait.
            ImplItem::Type(_) if item.trait_.is_some() => seen.items.push(inner.clone()),
            _ if item.trait_.is_some() => {}
            ImplItem::Fn(function) if is_public(&function.vis) && !is_internal(&function.attrs) => {
                seen.items.push(ImplItem::Fn(without_body(function)));
            }
            ImplItem::Const(constant) if is_public(&constant.vis) && !is_internal(&constant.attrs) => {
                let mut constant = constant.clone();
                constant.attrs = shown(&constant.attrs);
                constant.expr = parse_quote!(_);
                seen.items.push(ImplItem::Const(constant));
            }
            ImplItem::Macro(call) if call.mac.path.is_ident("const_fn") => {
                let functions = of_macro(&call.mac.tokens);
                let public = functions.iter().filter(|function| is_public(&function.vis));
                seen.items.extend(public.map(|function| ImplItem::Fn(without_body(function))));
            }
            _ => {}
        }
    }
    (item.trait_.is_some() || !seen.items.is_empty()).then_some(seen)
}

/// Adds an `impl`, to one with the same head if there is one: the list does not say which file a function
/// stands in.
fn add(items: &mut Vec<Item>, seen: syn::ItemImpl) {
    let head = |item: &syn::ItemImpl| text(syn::ItemImpl { items: Vec::new(), ..item.clone() });
    for item in items.iter_mut() {
        if let Item::Impl(other) = item
            && other.trait_.is_none()
            && head(other) == head(&seen)
        {
            return other.items.extend(seen.items);
        }
    }
    items.push(Item::Impl(seen));
}

/// One name's items as text, in an order that does not depend on the files.
fn written(mut items: Vec<Item>) -> String {
    let name = |item: &ImplItem| match item {
        ImplItem::Fn(function) => function.sig.ident.to_string(),
        _ => String::new(),
    };
    for item in &mut items {
        if let Item::Impl(item) = item {
            item.items.sort_by_key(name);
        }
    }
    items.sort_by_key(|item| match item {
        Item::Impl(item) => (1 + usize::from(item.trait_.is_some()), text(item)),
        item => (0, text(item)),
    });
    let text = prettyplease::unparse(&syn::File { shebang: None, attrs: Vec::new(), items });
    let text = text
        .replace("    _private: (),\n", "    // private\n")
        .replace("{\n        _default\n    }", "{ default }");
    // An empty body stands behind the signature, or below its bounds.
    text.replace(",\n    {}\n", ";\n").replace(" {}\n", ";\n")
}

/// What lib.rs passes on: each name, where it comes from, and what it needs.
fn public_names(sources: &Sources) -> BTreeMap<String, (Names, Vec<Attribute>)> {
    let mut public = BTreeMap::new();
    for item in &sources.modules[&Vec::new()].1 {
        let Item::Use(item) = item else { continue };
        if is_public(&item.vis) && !is_internal(&item.attrs) {
            for (from, to) in uses(&item.tree) {
                public.insert(to, (from, cfgs(&item.attrs)));
            }
        }
    }
    public
}

/// The list, from the sources below `src`.
fn listed(src: &Path) -> String {
    let mut sources = Sources::default();
    sources.read(&src.join("lib.rs"), src, Vec::new(), Vec::new());
    let public = public_names(&sources);
    let mut list: BTreeMap<&String, Vec<Item>> = BTreeMap::new();
    // What a public name is called inside.
    let mut inside: BTreeMap<String, &String> = BTreeMap::new();
    for (name, (path, needs)) in &public {
        for (more, item) in sources.find(path) {
            let called = match &item {
                Item::Struct(item) => item.ident.to_string(),
                _ => name.clone(),
            };
            inside.insert(called, name);
            let needs: Vec<_> =
                needs.iter().chain(more.iter().filter(|cfg| !needs.contains(cfg))).cloned().collect();
            list.entry(name).or_default().push(outside(item, name, &needs));
        }
        assert!(list.contains_key(name), "{name} is nowhere: {path:?}");
    }
    let traits: BTreeSet<String> = sources
        .modules
        .values()
        .flat_map(|(_, items)| items)
        .filter_map(|item| if let Item::Trait(item) = item { Some(item.ident.to_string()) } else { None })
        .filter(|name| !public.contains_key(name))
        .collect();
    for (needs, items) in sources.modules.values() {
        for item in items {
            let Item::Impl(item) = item else { continue };
            let is_for_users = !is_internal(&item.attrs)
                && item
                    .trait_
                    .as_ref()
                    .is_none_or(|(_, path, _)| !traits.contains(&last(path)) && last(path) != "Drop");
            if is_for_users
                && let Some(name) = subjects(item).iter().find_map(|name| inside.get(name).copied())
                && let Some(seen) = outside_impl(item, needs)
            {
                add(list.get_mut(name).expect("it is public"), seen);
            }
        }
    }
    let mut whole = String::from(
        "// The public API, written by JOBRING_BLESS=1 cargo test -p jobring --test public_api. Bodies, private fields and documentation\n\
         // are left out.\n",
    );
    for (name, items) in list {
        whole += &format!("\n// {name}\n");
        whole += &written(items);
    }
    whole
}

/// Public things without an example of their own, and where they are shown.
const SHOWN_ELSEWHERE: &[(&str, &str)] = &[
    ("Builder::on_stop", "Builder::on_start"),
    ("Completions::arm", "Completions::descriptor"),
    ("DEFAULT_CAPACITY", "Builder::capacity"),
    ("DEFAULT_PAYLOAD", "Builder::payload"),
    ("JobId", "JobId::to_bits"),
    ("JobPanic", "JobError"),
    ("OsError", "OsError::raw_os_error"),
    ("Pool::worker_stack_used", "Builder::paint_stacks"),
    ("PoolCore", "AnyPool"),
    ("PoolStats::claimed", "PoolCore::stats"),
    ("PoolStats::completed", "PoolCore::stats"),
    ("PoolStats::forced_wakes", "PoolCore::stats"),
    ("PoolStats::queued", "PoolCore::stats"),
    ("PoolStats::running", "PoolCore::stats"),
    ("PoolStats::sleeping", "PoolCore::stats"),
    ("PoolStats::submitted", "PoolCore::stats"),
    ("PoolStats::untaken", "PoolCore::stats"),
    ("PoolStats::wakes", "PoolCore::stats"),
    ("PoolStats::workers", "PoolCore::stats"),
    ("ShutdownMode", "PoolCore::shutdown"),
    ("ShutdownError::report", "ShutdownError"),
    ("ShutdownReport::queued", "ShutdownReport"),
    ("ShutdownReport::running", "ShutdownReport"),
    ("ShutdownReport::submitting", "ShutdownReport"),
    ("ShutdownReport::untaken", "ShutdownReport"),
    ("Seat", "UserPort"),
    ("Seat::new", "UserPort"),
    ("StaticPool::with_port", "UserPort"),
    ("System", "PoolPort"),
    ("WorkerState", "Pool::worker"),
    ("WorkerStats::job", "WorkerStats"),
    ("WorkerStats::jobs", "WorkerStats"),
    ("WorkerStats::longest_run", "WorkerStats"),
    ("WorkerStats::run_time", "WorkerStats"),
    ("WorkerStats::running_for", "WorkerStats"),
    ("WorkerStats::state", "WorkerStats"),
    ("ProcessDeath", "ProcessPool"),
    ("ProcessDeathCause", "ProcessJob::kill_after"),
    ("ProcessEnd", "ProcessPool"),
    ("ProcessFunction", "ProcessPool"),
    ("ProcessJob", "ProcessPool"),
    ("ProcessJob::new", "ProcessPool"),
    ("ProcessJob::tag", "ProcessPool::take"),
    ("ProcessJobId", "ProcessPool::cancel"),
    ("ProcessOutcome", "ProcessPool"),
    ("ProcessPool::fork", "ProcessPool"),
    ("ProcessPool::kill", "ProcessPool::cancel"),
    ("ProcessPool::spawn", "ProcessPool::take_over"),
    ("ProcessPool::submit", "ProcessPool"),
    ("ProcessPool::submit_timeout", "ProcessError"),
    ("ProcessPool::terminate", "ProcessPool::shutdown"),
    ("ProcessPool::try_take", "ProcessPool::descriptor"),
    ("ProcessPool::wait", "ProcessPool"),
    ("ProcessPoolBuilder::build", "ProcessPoolBuilder"),
    ("ProcessPoolBuilder::capacity", "ProcessPoolBuilder"),
    ("ProcessPoolBuilder::descriptor", "ProcessPool::descriptor"),
    ("ProcessPoolBuilder::initializer", "ProcessPoolBuilder"),
    ("ProcessPoolBuilder::jobs_per_worker", "ProcessPoolBuilder"),
    ("ProcessPoolBuilder::payload", "ProcessPoolBuilder"),
    ("ProcessPoolBuilder::resource_limit", "ProcessPoolBuilder"),
    ("ProcessPoolBuilder::restarts", "ProcessPoolBuilder"),
    ("ProcessPoolBuilder::stack_size", "ProcessPoolBuilder"),
    ("ProcessPoolBuilder::workers", "ProcessPoolBuilder"),
    ("ProcessPoolStats", "ProcessPool::stats"),
];

#[test]
fn every_public_item_has_an_example() {
    let (mut with, mut without) = (BTreeSet::new(), BTreeSet::new());
    let src = root().join("src");
    let mut sources = Sources::default();
    sources.read(&src.join("lib.rs"), &src, Vec::new(), Vec::new());
    let public = public_names(&sources);
    let has_example =
        |attributes: &[Attribute]| attributes.iter().any(|attribute| text(&attribute.meta).contains("```"));
    let mut called: BTreeMap<String, String> = BTreeMap::new();
    for (name, (path, _)) in &public {
        for (_, item) in sources.find(path) {
            let (attributes, ident) = match &item {
                Item::Struct(item) => (&item.attrs, item.ident.to_string()),
                Item::Enum(item) => (&item.attrs, item.ident.to_string()),
                Item::Trait(item) => (&item.attrs, item.ident.to_string()),
                Item::Const(item) => (&item.attrs, item.ident.to_string()),
                Item::Type(item) => (&item.attrs, item.ident.to_string()),
                _ => unreachable!("not found by find"),
            };
            let list = if has_example(attributes) { &mut with } else { &mut without };
            list.insert(name.clone());
            called.insert(ident, name.clone());
        }
    }
    for item in sources.modules.values().flat_map(|(_, items)| items) {
        let Item::Impl(item) = item else { continue };
        let Some(name) = subjects(item).first().and_then(|name| called.get(name)) else { continue };
        if item.trait_.is_some() || is_internal(&item.attrs) {
            continue;
        }
        let functions = item.items.iter().flat_map(|inner| match inner {
            ImplItem::Fn(function) => vec![function.clone()],
            ImplItem::Macro(call) if call.mac.path.is_ident("const_fn") => of_macro(&call.mac.tokens),
            _ => Vec::new(),
        });
        for function in functions.filter(|function| is_public(&function.vis) && !is_internal(&function.attrs))
        {
            let list = if has_example(&function.attrs) { &mut with } else { &mut without };
            list.insert(format!("{name}::{}", function.sig.ident));
        }
        for inner in &item.items {
            if let ImplItem::Const(constant) = inner
                && is_public(&constant.vis)
            {
                let list = if has_example(&constant.attrs) { &mut with } else { &mut without };
                list.insert(format!("{name}::{}", constant.ident));
            }
        }
    }
    let excused: BTreeSet<String> = SHOWN_ELSEWHERE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(without, excused, "left: without an example; right: shown elsewhere");
    for (name, shown_at) in SHOWN_ELSEWHERE {
        assert!(
            with.contains(*shown_at),
            "{name} is shown at {shown_at}, which has no example or is not public"
        );
    }
}

/// The list sees what a user sees.
#[test]
fn what_is_private_is_not_listed() {
    let src = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("public_api");
    fs::create_dir_all(&src).expect("a folder");
    let write = |file: &str, text: &str| fs::write(src.join(file), text).expect("written");
    write(
        "lib.rs",
        "mod pool; #[cfg(feature = \"future\")] mod future; pub use pool::Pool;\n\
         #[cfg(jobring_loom)] pub use pool::Model;",
    );
    write(
        "pool.rs",
        "#[derive(Clone)] pub struct Pool { jobs: usize } struct Private; pub struct Model; trait Inner {}\n\
         impl Inner for Pool {} impl Drop for Pool { fn drop(&mut self) {} } impl From<Pool> for u8 { fn from(pool: Pool) -> u8 { 1 } }\n\
         impl Pool { fn hidden(&self) {} pub(crate) fn inside(&self) {} const_fn! { pub fn new() -> Self { Self { jobs: 1 } } } }",
    );
    write(
        "future.rs",
        "impl super::pool::Pool { pub fn poll(mut self) -> usize where Self: Sized { self.jobs } }",
    );
    let list = listed(&src);
    let (_, list) = list.split_once("// Pool\n").expect("the pool");
    assert_eq!(
        list,
        "#[derive(Clone)]\npub struct Pool {\n    // private\n}\n\
         #[cfg(feature = \"future\")]\nimpl super::pool::Pool {\n    pub fn poll(self) -> usize\n    where\n        Self: Sized;\n}\n\
         impl Pool {\n    pub const fn new() -> Self;\n}\nimpl From<Pool> for u8;\n"
    );
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_public_api_is_as_listed() {
    let (now, file) = (listed(&root().join("src")), root().join("tests/public_api.txt"));
    if std::env::var_os("JOBRING_BLESS").is_some() {
        fs::write(&file, &now).expect("written");
    }
    let listed = fs::read_to_string(&file).unwrap_or_default();
    let (listed, now): (Vec<_>, Vec<_>) = (listed.lines().collect(), now.lines().collect());
    let differs = listed.iter().zip(&now).position(|(a, b)| a != b).unwrap_or(listed.len().min(now.len()));
    assert!(
        listed == now,
        "tests/public_api.txt differs from the sources from line {} on:\n- {}\n+ {}\nIf that is wanted: JOBRING_BLESS=1 cargo test \
         -p jobring --test public_api",
        differs + 1,
        listed.get(differs).unwrap_or(&""),
        now.get(differs).unwrap_or(&""),
    );
}
