//! The README is correct: its C example is hello.c, and its commands are those that the examples and CI use.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_c_example_is_the_program_that_runs() {
    let readme = read("README.md");
    let shown = readme.split("```c\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a C example");
    let hello = read("c-examples/hello.c");
    let program = &hello[hello.find("#include").expect("a program")..];
    assert_eq!(shown.trim(), program.trim());
}

#[test]
fn the_cpp_example_is_the_program_that_runs() {
    let readme = read("README.md");
    let shown =
        readme.split("```cpp\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a C++ example");
    let hello = read("c-examples/hello.cpp");
    let program = &hello[hello.find("#include").expect("a program")..];
    assert_eq!(shown.trim(), program.trim());
}

#[test]
fn the_link_line_is_the_one_that_the_examples_use() {
    let (readme, makefile) = (read("README.md"), read("c-examples/Makefile"));
    let (archive, libraries) = ("clib/libjobring.a", "-lpthread");
    assert!(readme.contains(&format!("target/{archive} {libraries}\n")), "{archive}");
    assert!(
        makefile.contains(archive) && makefile.contains(&format!("\nLIBS       = {libraries}\n")),
        "{archive}"
    );
}

#[test]
fn ci_runs_the_two_commands() {
    let (readme, ci) = (read("README.md"), read(".ci/run"));
    for command in ["make -C c-examples run", "cargo test"] {
        assert!(readme.contains(&format!("\n{command} ")), "{command} is in the README");
        assert!(ci.contains(&format!("\n{command}\n")), "{command} is in .ci/run");
    }
}

/// What stops the first program of many users is said where they begin, with the number of slots that a pool
/// has.
#[cfg(feature = "std")]
#[test]
fn the_first_pages_say_that_untaken_results_hold_slots() {
    let pool = jobring::Pool::builder().workers(1).build().expect("a pool");
    let capacity = pool.capacity();
    let slots = format!("{},{:03}", capacity / 1000, capacity % 1000);
    let header = read("include/jobring.h");
    let first_page = header.split("*/").next().expect("a comment");
    let documentation = read("src/rust/pool.rs");
    let of_pool = documentation.split("pub struct Pool<").next().expect("its documentation");
    let readme = read("README.md");
    let program = &readme[readme.find("```c\n").expect("a C program")..];
    let after_it = program.split("```").nth(2).expect("what follows it");
    for (page, text) in [("README.md", after_it), ("jobring.h", first_page), ("Pool", of_pool)] {
        let words = |word: &&str| !["///", "*"].contains(word);
        let text = text.split_whitespace().filter(words).collect::<Vec<_>>().join(" ");
        for said in ["A job holds its slot until its result is taken.", slots.as_str(), "for ever"] {
            assert!(text.contains(said), "{page} does not say {said:?}:\n{text}");
        }
    }
    assert!(after_it.contains("`c-examples/many.c`"));
}

#[test]
fn the_oldest_compiler_is_the_one_at_hand() {
    let manifest = read("Cargo.toml");
    let oldest =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("rust-version");
    let output = std::process::Command::new("rustc").arg("--version").output().expect("rustc");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let version = text.split_whitespace().nth(1).expect("a version");
    let minor =
        |text: &str| text.trim_matches('"').split('.').nth(1).and_then(|part| part.parse::<u32>().ok());
    assert!(minor(version) >= minor(oldest), "{version} runs this, {oldest} is promised");
    let promised = format!("Rust {}", oldest.trim_matches('"'));
    assert!(read("README.md").contains(&promised), "README.md does not say {promised}");
}

fn quoted(line: &str) -> Vec<&str> {
    line.split('"').skip(1).step_by(2).collect()
}

/// crates.io shows the README of a package that has these files alone.
#[test]
fn the_links_lead_to_files_of_the_package() {
    let (readme, manifest) = (read("README.md"), read("Cargo.toml"));
    let include = manifest.lines().find_map(|line| line.strip_prefix("include = ")).expect("include");
    let include = quoted(include);
    let is_packed = |path: &str| {
        let path = format!("/{path}");
        include.iter().any(|&pattern| match pattern.split_once('*') {
            Some((before, after)) => {
                path.rsplit_once('/').is_some_and(|(folder, _)| before.starts_with(&format!("{folder}/")))
                    && path.starts_with(before)
                    && path.ends_with(after)
            }
            None => path.starts_with(&format!("{pattern}/")),
        })
    };
    assert!(is_packed("README.md") && is_packed("src/BARE.md") && !is_packed("benches/README.md"));
    // A lambda of C++ looks like one.
    let prose: String = readme.split("```").step_by(2).collect();
    let links = prose.split("](").skip(1).map(|rest| rest.split(')').next().expect("an end"));
    let mut checked = 0;
    for link in links.filter(|link| !link.starts_with("https://")) {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let headings = |text: &str| -> Vec<String> {
            let titles = text.lines().filter(|line| line.starts_with('#'));
            let name = |title: &str| {
                title.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-").replace(',', "")
            };
            titles.map(name).collect()
        };
        let text = if path.is_empty() { readme.clone() } else { read(path) };
        assert!(path.is_empty() || is_packed(path), "{link} is not in the package");
        assert!(anchor.is_empty() || headings(&text).iter().any(|name| name == anchor), "{link}");
        checked += 1;
    }
    assert!(checked > 5);
}

#[test]
fn docs_rs_shows_every_feature() {
    let manifest = read("Cargo.toml");
    let section = |name: &str| {
        let section =
            manifest.split(&format!("\n[{name}]\n")).nth(1).and_then(|rest| rest.split("\n[").next());
        section.unwrap_or_else(|| panic!("no section {name}")).to_owned()
    };
    let mut shown: Vec<_> = section("package.metadata.docs.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("features = "))
        .flat_map(|line| quoted(line).into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let features = section("features");
    let names =
        features.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let mut wanted: Vec<_> = names
        .map(|(name, _)| name.to_owned())
        .filter(|name| !["default", "loom"].contains(&name.as_str()))
        .collect();
    shown.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(shown, wanted);
}

/// What the README says under "Link", in a folder of links to this one: the commands stand as they are
/// written, and what they build goes to a `target` of its own.
#[cfg(all(feature = "capi", target_os = "linux"))]
mod link {
    use super::read;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    fn section() -> String {
        let readme = read("README.md");
        let section = readme.split("\n## Link\n").nth(1).and_then(|rest| rest.split("\n## ").next());
        section.expect("the section").to_owned()
    }

    /// Its commands, block by block.
    fn blocks(section: &str) -> Vec<&str> {
        let blocks = section.split("```sh\n").skip(1);
        blocks.map(|rest| rest.split("```").next().expect("an end")).collect()
    }

    /// The folder, for one test at a time: they build into it.
    fn checkout() -> (PathBuf, MutexGuard<'static, ()>) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (root, folder) = (Path::new(env!("CARGO_MANIFEST_DIR")), Path::new(env!("CARGO_TARGET_TMPDIR")));
        let folder = folder.join("readme");
        fs::create_dir_all(&folder).expect("a folder");
        for entry in fs::read_dir(root).expect("the root") {
            let name = entry.expect("an entry").file_name();
            if name != "target" && !folder.join(&name).exists() {
                symlink(root.join(&name), folder.join(&name)).expect("a link");
            }
        }
        fs::copy(root.join("c-examples/hello.c"), folder.join("program.c")).expect("a program");
        (folder, guard)
    }

    fn shell(folder: &Path, script: &str) -> Output {
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", script]).current_dir(folder).env("CARGO_NET_OFFLINE", "true");
        for (name, _) in std::env::vars_os() {
            if name
                .to_str()
                .is_some_and(|name| name.starts_with("CARGO_TARGET") || name == "CARGO_BUILD_TARGET")
            {
                shell.env_remove(name);
            }
        }
        let prefix = folder.join("target/usr/local");
        shell.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).env("LD_LIBRARY_PATH", prefix.join("lib"));
        shell.output().expect("sh")
    }

    fn printed(output: &Output) -> String {
        String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
    }

    #[test]
    fn the_commands_work_as_they_stand() {
        let (section, (folder, _guard)) = (section(), checkout());
        let installed = folder.join("target/usr/local").display().to_string();
        let blocks = blocks(&section);
        assert_eq!(blocks.len(), 2, "{section}");
        for block in blocks {
            let _ = fs::remove_file(folder.join("a.out"));
            // The folder is the test's own, so nobody else is needed.
            let output = shell(&folder, &block.replace("sudo ", "").replace("/usr/local", &installed));
            assert!(output.status.success(), "{block}{}", printed(&output));
            let ran = shell(&folder, "./a.out");
            assert!(
                ran.status.success() && printed(&ran).contains("twice 21 is 42"),
                "{block}{}",
                printed(&ran)
            );
        }
    }

    /// The commands in the text.
    #[test]
    fn the_other_ways_to_link_work_too() {
        let (section, (folder, _guard)) = (section(), checkout());
        let text = section.split_whitespace().collect::<Vec<_>>().join(" ");
        let in_text = |begin: &str| {
            let command = text.split('`').find(|part| part.starts_with(begin));
            command.unwrap_or_else(|| panic!("{begin}: {section}")).to_owned()
        };
        let prefix = folder.join("target/usr/local").display().to_string();
        let rpath = in_text("-Wl,-rpath,").replace("FOLDER", &format!("{prefix}/lib"));
        let script = [
            format!("make install PREFIX={prefix}"),
            format!("{} -o static.out", in_text("cc -static")),
            "./static.out".into(),
            "unset LD_LIBRARY_PATH".into(),
            format!("cc program.c $(pkg-config --cflags --libs jobring) {rpath} -o rpath.out"),
            "./rpath.out".into(),
            "clang -flto -Iinclude program.c target/clib/libjobring.a -lpthread -o lto.out".into(),
            "./lto.out".into(),
            in_text("cargo rustc"),
            "cc -Iinclude program.c target/release/libjobring.a -lpthread -ldl -lm -o cargo.out".into(),
            "./cargo.out".into(),
        ];
        let output = shell(&folder, &script.join("\n"));
        assert!(output.status.success(), "{}", printed(&output));
        assert_eq!(printed(&output).matches("twice 21 is 42").count(), 4, "{}", printed(&output));
    }

    #[test]
    fn a_library_without_std_ends_with_the_words_that_the_readme_explains() {
        let (section, (folder, _guard)) = (section(), checkout());
        let cargo = section.split('`').find(|part| part.starts_with("cargo rustc")).expect("a command");
        let words = "`#[panic_handler]` function required";
        assert!(section.contains(words), "{section}");
        for kind in ["staticlib", "cdylib"] {
            for features in ["capi,pthread", "capi,port", "capi"] {
                let line = cargo.replace("staticlib", kind);
                let line = line.replace("capi,pthread", features)
                    + " --no-default-features --target-dir target/no-std";
                let output = shell(&folder, &line);
                assert!(!output.status.success() && printed(&output).contains(words), "{}", printed(&output));
            }
        }
        // The packages that it points to.
        for package in ["packaging/clib", "tests/ported", "tests/bare/staticlib"] {
            assert!(section.contains(&format!("`{package}`")), "{package}");
            let line = format!(
                "cargo build --release --manifest-path {package}/Cargo.toml --target-dir target/no-std"
            );
            let output = shell(&folder, &line);
            assert!(output.status.success(), "{package}: {}", printed(&output));
        }
    }
}
