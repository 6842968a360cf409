//! `make install` puts the library where a C programmer looks for it. The example `hello` builds against it
//! outside the repository, and only jobring's own symbols are visible.
#![cfg(target_os = "linux")]

#[path = "common/c.rs"]
mod c;

use c::{fresh, root, tmp};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A tool that is missing fails the test, with its name; `.ci/packages` lists them.
fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error} (.ci/packages installs it)"))
}

fn run(command: &mut Command) -> Output {
    let output = output(command);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
    output
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// The names that a library gives to those that link it.
fn exported(nm: &mut Command) -> BTreeSet<String> {
    let defined = lines(&run(nm));
    let names = defined.iter().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned);
    names.collect()
}

/// The files below a folder, by their names from there.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let found = lines(&run(Command::new("find").args([".", "!", "-type", "d"]).current_dir(folder)));
    found.iter().map(|name| Path::new(name).components().skip(1).collect()).collect()
}

/// `make install` with these variables. It shares with other tests what it builds.
fn install(variables: &[String]) {
    c::in_release_folder(|target| {
        let mut make = Command::new("make");
        make.current_dir(root()).arg("install").args(variables);
        run(make.env("CARGO_TARGET_DIR", target).env("CARGO", env!("CARGO")));
    });
}

#[test]
fn an_installed_library_is_found_and_exports_its_own_names_only() {
    let root = root();
    let prefix = fresh("prefix");
    install(&[format!("PREFIX={}", prefix.display())]);

    let listed = fs::read_to_string(root.join("include/jobring.symbols")).expect("the symbol list");
    let entries: Vec<&str> = listed.lines().collect();
    assert!(entries.is_sorted(), "include/jobring.symbols is sorted");
    let expected: BTreeSet<String> = entries
        .iter()
        .map(|entry| entry.split_once(' ').expect("a name and an ABI version").0.to_owned())
        .collect();
    let library = prefix.join("lib");
    let shared =
        exported(Command::new("nm").args(["-D", "--defined-only"]).arg(library.join("libjobring.so")));
    assert_eq!(shared, expected, "the shared library");
    let object =
        exported(Command::new("nm").args(["-g", "--defined-only"]).arg(library.join("libjobring.a")));
    assert_eq!(object, expected, "the static library");

    let is_header = |path: &PathBuf| path.extension().is_some_and(|extension| extension != "symbols");
    for (from, to) in [("include", "include"), ("docs", "share/doc/jobring/docs")] {
        for file in files(&root.join(from)).into_iter().filter(is_header) {
            let installed = fs::read(prefix.join(to).join(&file)).expect("an installed file");
            assert_eq!(installed, fs::read(root.join(from).join(&file)).expect("a file"), "{file:?}");
        }
    }
    for file in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        let installed = fs::read(prefix.join("share/doc/jobring").join(file)).expect("an installed file");
        assert_eq!(installed, fs::read(root.join(file)).expect("a file"), "{file}");
    }
    let header = fs::read_to_string(prefix.join("include/jobring.h")).expect("the header");
    let others = ["jobring_ext.h", "jobring_processes.h"];
    let others = others.map(|name| fs::read_to_string(prefix.join("include").join(name)).expect("a header"));
    let all = others.concat() + &header;
    for name in &expected {
        assert!(all.contains(&format!("{name}(")), "{name} is declared");
    }
    let dynamic = lines(&run(Command::new("readelf").arg("-d").arg(library.join("libjobring.so"))));
    let abi =
        header.lines().find_map(|line| line.strip_prefix("#define JOBRING_ABI_VERSION ")).expect("a version");
    assert!(
        dynamic.iter().any(|line| line.contains(&format!("soname: [libjobring.so.{abi}]"))),
        "{dynamic:?}"
    );

    let outside = tmp("outside");
    fs::create_dir_all(&outside).expect("a directory");
    fs::copy(root.join("c-examples/hello.c"), outside.join("hello.c")).expect("hello.c");
    for (name, flags) in
        [("shared", &["--cflags", "--libs"][..]), ("static", &["--static", "--cflags", "--libs"])]
    {
        let found = run(Command::new("pkg-config")
            .args(flags)
            .arg("jobring")
            .env("PKG_CONFIG_PATH", library.join("pkgconfig")));
        let found = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        let found = if name == "static" { found.replace("-ljobring", "-l:libjobring.a") } else { found };
        run(Command::new("cc")
            .current_dir(&outside)
            .args(["hello.c", "-o", name])
            .args(found.split_whitespace()));
        let said = run(Command::new(outside.join(name)).env("LD_LIBRARY_PATH", &library));
        assert_eq!(lines(&said), ["a worker says: twice 21 is 42"]);
        let needed = lines(&run(Command::new("readelf").arg("-d").arg(outside.join(name))));
        let uses_shared = needed.iter().any(|line| line.contains("libjobring.so"));
        assert_eq!(uses_shared, name == "shared", "{name}");
        // `cargo test` without features must need no compiler except cc.
        if cfg!(feature = "capi") {
            let in_cpp = format!("{name}-cpp");
            fs::copy(root.join("c-examples/hello.cpp"), outside.join("hello.cpp")).expect("hello.cpp");
            run(Command::new("c++")
                .current_dir(&outside)
                .args(["-std=c++17", "hello.cpp", "-o", &in_cpp])
                .args(found.split_whitespace()));
            let said = run(Command::new(outside.join(in_cpp)).env("LD_LIBRARY_PATH", &library));
            assert_eq!(lines(&said), ["workers say: twice 21 is 42, and the square of 1000 is 1000000"]);
        }
    }
}

/// As root does it: with another umask, and without cargo.
#[test]
fn what_was_made_is_installed_without_cargo_and_uninstalled() {
    let prefix = fresh("no-cargo");
    let others = ["include/other.h", "lib/libother.a", "lib/pkgconfig/other.pc", "share/doc/other/README"];
    for other in others {
        fs::create_dir_all(prefix.join(other).parent().expect("a folder")).expect("a folder");
        fs::write(prefix.join(other), "of another library").expect("a file");
    }
    c::in_release_folder(|target| {
        let make = |arguments: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("umask 077; make {arguments} PREFIX={}", prefix.display())]);
            shell.current_dir(root()).env("PATH", "/usr/bin:/bin").env("CARGO", "no-cargo-here");
            shell.env("CARGO_TARGET_DIR", target);
            shell
        };
        run(Command::new("make")
            .current_dir(root())
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO", env!("CARGO")));
        run(&mut make("install"));
        // What the umask would hide. The folders that were there before are another library's.
        let installed = files(&prefix);
        assert!(installed.contains(Path::new("include/jobring.h")), "{installed:?}");
        let before: BTreeSet<_> = others.iter().flat_map(|other| Path::new(other).ancestors()).collect();
        let made = installed.iter().flat_map(|file| file.ancestors()).filter(|path| !before.contains(path));
        for path in made.map(|path| prefix.join(path)) {
            let metadata = fs::metadata(&path).expect("its mode");
            let needed = if metadata.is_dir() { 0o555 } else { 0o444 };
            assert_eq!(
                metadata.permissions().mode() & needed,
                needed,
                "everybody may read {}",
                path.display()
            );
        }
        run(&mut make("uninstall"));
        assert_eq!(files(&prefix), others.iter().map(PathBuf::from).collect());
        // Nothing to uninstall is no error.
        run(&mut make("uninstall"));

        // What was not made needs cargo.
        let refused = output(&mut make("install STD=1"));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned() + &lines(&refused).join("\n");
        assert!(!refused.status.success() && said.contains("there is no no-cargo-here in PATH"), "{said}");
    });
}

/// `make STD=1`.
#[test]
fn a_library_with_std_is_installed_too() {
    let prefix = fresh("with-std");
    install(&[format!("PREFIX={}", prefix.display()), "STD=1".into()]);
    let program = "#include <jobring.h>\nint main(void) {\n\
        jobring_config config = JOBRING_CONFIG_INIT;\njobring_pool *pool;\nconfig.backend = JOBRING_BACKEND_STD;\n\
        return !(jobring_features() & JOBRING_FEATURE_STD) || jobring_create(&config, &pool) || jobring_destroy(pool);\n}\n";
    fs::write(prefix.join("program.c"), program).expect("a program");
    let library = prefix.join("lib");
    for (name, flags) in [("shared", &[][..]), ("static", &["--static"])] {
        let link = if name == "static" { &["-static"][..] } else { &[] };
        let mut cc = Command::new("cc");
        cc.args(link).args(["program.c", "-o", name]).args(pkg_config(&library, flags, None));
        run(cc.current_dir(&prefix));
        run(Command::new(prefix.join(name)).env("LD_LIBRARY_PATH", &library));
    }
}

/// The flags that pkg-config gives for an installed tree.
fn pkg_config(library: &Path, arguments: &[&str], sysroot: Option<&Path>) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.args(arguments).args(["--cflags", "--libs", "jobring"]);
    command.env("PKG_CONFIG_PATH", library.join("pkgconfig"));
    if let Some(sysroot) = sysroot {
        command.env("PKG_CONFIG_SYSROOT_DIR", sysroot);
    }
    lines(&run(&mut command)).join(" ").split_whitespace().map(str::to_owned).collect()
}

#[test]
fn pkg_config_finds_a_tree_that_was_staged_or_moved() {
    let stage = fresh("pkg-config-stage");
    install(&[format!("DESTDIR={}", stage.display()), "PREFIX=/opt/jobring".into()]);
    let library = stage.join("opt/jobring/lib");
    let flags =
        |prefix: &str| [format!("-I{prefix}/include"), format!("-L{prefix}/lib"), "-ljobring".to_owned()];
    assert_eq!(pkg_config(&library, &[], None), flags("/opt/jobring"));
    let staged = stage.join("opt/jobring").display().to_string();
    assert_eq!(pkg_config(&library, &[], Some(&stage)), flags(&staged), "as a sysroot");
    assert_eq!(pkg_config(&library, &["--define-prefix"], None), flags(&staged), "moved");

    // Folders that are not below the prefix keep their names.
    let elsewhere = ["PREFIX=/opt/jobring", "LIBDIR=/opt/lib", "INCLUDEDIR=/opt/include"].map(str::to_owned);
    install(&[&[format!("DESTDIR={}", stage.display())], &elsewhere[..]].concat());
    let found = pkg_config(&stage.join("opt/lib"), &["--define-variable=prefix=/other"], None);
    assert_eq!(found, flags("/opt"));
}

/// A project that CMake configures, and builds where it has something to build.
#[cfg(feature = "capi")]
mod cmake {
    use super::{Command, Path, PathBuf, fresh, fs, install, lines, output, root, run};

    /// Both targets, linked to the example and run.
    const BOTH: &str = "add_executable(shared hello.c)\ntarget_link_libraries(shared jobring::jobring)\n\
                        add_executable(static hello.c)\ntarget_link_libraries(static jobring::static)\n";
    const FIND: &str = "find_package(jobring REQUIRED)\n";

    /// Does CMake configure a project of these lines with what is below `prefix`? What it printed.
    fn configure(name: &str, languages: &str, text: &str, prefix: &Path) -> (PathBuf, bool, String) {
        let project = fresh(&format!("project-{name}"));
        fs::copy(root().join("c-examples/hello.c"), project.join("hello.c")).expect("hello.c");
        let text = format!("cmake_minimum_required(VERSION 3.13)\nproject(user {languages})\n{text}");
        fs::write(project.join("CMakeLists.txt"), text).expect("a project");
        let configured = output(
            Command::new("cmake")
                .args(["-S", ".", "-B", "build"])
                .arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()))
                .current_dir(&project),
        );
        let printed = [configured.stdout, configured.stderr].concat();
        let printed = String::from_utf8_lossy(&printed).split_whitespace().collect::<Vec<_>>().join(" ");
        // Not another one that is installed on this machine.
        let cache = fs::read_to_string(project.join("build/CMakeCache.txt")).unwrap_or_default();
        let found = cache.lines().find_map(|line| line.strip_prefix("jobring_DIR:PATH="));
        let found = found.filter(|found| !found.ends_with("NOTFOUND"));
        assert!(found.is_none_or(|found| Path::new(found).starts_with(prefix)), "{name}: {found:?}");
        (project, configured.status.success(), printed)
    }

    /// The project configures and builds, and both programs run.
    fn builds(name: &str, languages: &str, text: &str, prefix: &Path) {
        let (project, configured, printed) = configure(name, languages, text, prefix);
        assert!(configured, "{name}: {printed}");
        run(Command::new("cmake").args(["--build", "build"]).current_dir(&project));
        for program in ["shared", "static"] {
            let said = lines(&run(&mut Command::new(project.join("build").join(program))));
            assert_eq!(said, ["a worker says: twice 21 is 42"], "{name}: {program}");
            let needed =
                lines(&run(Command::new("readelf").arg("-d").arg(project.join("build").join(program))));
            let uses_shared = needed.iter().any(|line| line.contains("libjobring.so"));
            assert_eq!(uses_shared, program == "shared", "{name}");
        }
    }

    #[test]
    fn an_installed_tree_is_found_where_it_is_now() {
        let layouts: [(&str, &str, &str); 5] = [
            ("lib", "/usr/lib", "/usr/include"),
            ("lib64", "/usr/lib64", "/usr/include"),
            ("multiarch", "/usr/lib/MULTIARCH", "/usr/include/MULTIARCH/jobring"),
            ("outside", "/lib", "/headers/jobring"),
            ("with-a-space", "/my usr/lib", "/my usr/include"),
        ];
        let multiarch = lines(&run(Command::new("cc").arg("-print-multiarch"))).join("");
        for (name, libdir, includedir) in layouts {
            let folder = fresh(&format!("cmake-tree-{name}"));
            let at = |start: &Path, folder: &str| {
                format!("{}{}", start.display(), folder.replace("MULTIARCH", &multiarch))
            };
            let prefix = if name == "with-a-space" { "/my usr" } else { "/usr" };
            // Where the library is looked for.
            let searched =
                |start: &Path| PathBuf::from(at(start, if name == "outside" { "" } else { prefix }));

            let here = folder.join("here");
            let variables = |start: &Path| {
                [
                    format!("PREFIX={}", at(start, prefix)),
                    format!("LIBDIR={}", at(start, libdir)),
                    format!("INCLUDEDIR={}", at(start, includedir)),
                ]
            };
            install(&variables(&here));
            // Where lib64 is in use CMake knows it, and looks there.
            let lib64 = "set_property(GLOBAL PROPERTY FIND_LIBRARY_USE_LIB64_PATHS ON)\n";
            let text = format!("{}{FIND}{BOTH}", if name == "lib64" { lib64 } else { "" });
            builds(&format!("{name}-in-place"), "C", &text, &searched(&here));

            let moved = folder.join("moved");
            fs::rename(&here, &moved).expect("it can be moved");
            builds(&format!("{name}-moved"), "C", &text, &searched(&moved));
            std::os::unix::fs::symlink(&moved, folder.join("link")).expect("a link");
            builds(&format!("{name}-by-link"), "C", &text, &searched(&folder.join("link")));

            let stage = folder.join("stage");
            install(&[&[format!("DESTDIR={}", stage.display())], &variables(Path::new(""))[..]].concat());
            builds(&format!("{name}-staged"), "C", &text, &searched(&stage));
        }
    }

    #[test]
    fn headers_that_stayed_when_the_library_was_moved_are_found() {
        let folder = fresh("cmake-headers");
        let headers = folder.join("headers");
        let variables = |prefix: &Path| {
            [format!("PREFIX={}", prefix.display()), format!("INCLUDEDIR={}", headers.display())]
        };
        install(&variables(&folder.join("a/b/here")));
        fs::rename(folder.join("a/b/here"), folder.join("moved")).expect("it can be moved");
        builds("headers-stayed", "C", &format!("{FIND}{BOTH}"), &folder.join("moved"));

        fs::remove_dir_all(&headers).expect("they can be removed");
        let (_, configured, printed) = configure("no-headers", "C", FIND, &folder.join("moved"));
        assert!(!configured && printed.contains("jobring.h, installed to"), "{printed}");
    }

    /// The config file in its own folder, reached by a link: what a tool does that keeps trees in a store.
    #[test]
    fn a_config_file_reached_by_a_link_finds_its_tree() {
        let folder = fresh("cmake-store");
        install(&[format!("PREFIX={}", folder.join("store").display())]);
        fs::create_dir_all(folder.join("profile/lib/cmake")).expect("a folder");
        let link = folder.join("profile/lib/cmake/jobring");
        std::os::unix::fs::symlink(folder.join("store/lib/cmake/jobring"), link).expect("a link");
        builds("store", "C", &format!("{FIND}{BOTH}"), &folder.join("profile"));
    }

    #[test]
    fn the_package_can_be_found_again() {
        let prefix = fresh("cmake-again");
        install(&[format!("PREFIX={}", prefix.display())]);
        builds("twice", "C", &format!("{FIND}{FIND}{BOTH}"), &prefix);
        // By the project and below it, before and after, with targets that are globally visible and without.
        let below = "foreach(part one two)\n\
             file(WRITE ${CMAKE_SOURCE_DIR}/${part}/CMakeLists.txt \"find_package(jobring REQUIRED)\nfind_package(jobring 0)\n\")\n\
             add_subdirectory(${part})\nendforeach()\n";
        builds("below", "C", &format!("{below}{FIND}{BOTH}"), &prefix);
        builds("above", "C", &format!("{FIND}{below}{BOTH}"), &prefix);
        let everywhere = "set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)\n";
        builds("global", "C", &format!("{everywhere}{below}{FIND}{BOTH}"), &prefix);
        // By a package that the project uses too.
        let dependency = prefix.join("lib/cmake/user-of-jobring");
        fs::create_dir_all(&dependency).expect("a folder");
        let config = "include(CMakeFindDependencyMacro)\nfind_dependency(jobring)\n";
        fs::write(dependency.join("user-of-jobring-config.cmake"), config).expect("a config file");
        let both = format!("{FIND}find_package(user-of-jobring REQUIRED)\n{BOTH}");
        builds("dependency", "C", &both, &prefix);

        // Only one of the two libraries: a system may package them apart.
        fs::remove_file(prefix.join("lib/libjobring.a")).expect("it is there");
        let only_shared = format!(
            "{FIND}if(TARGET jobring::static OR NOT TARGET jobring::jobring)\nmessage(FATAL_ERROR wrong)\nendif()\n"
        );
        let (_, configured, printed) = configure("only-shared", "C", &only_shared, &prefix);
        assert!(configured, "{printed}");
    }

    #[test]
    fn a_project_of_any_language_finds_the_package() {
        let prefix = fresh("cmake-languages");
        install(&[format!("PREFIX={}", prefix.display())]);
        let (_, configured, printed) = configure("none", "NONE", &format!("{FIND}{FIND}"), &prefix);
        assert!(configured, "{printed}");
        let cpp = "file(WRITE ${CMAKE_SOURCE_DIR}/hello.cpp \"#include <jobring.h>\n#include <cstdio>\n\
             static void *twice(void *arg) { *static_cast<int *>(arg) *= 2; return arg; }\n\
             int main() { int number = 21; void *result; jobring_job job; jobring_pool *pool;\n\
             if (jobring_create(NULL, &pool) || jobring_submit(pool, twice, &number, &job) ||\n\
             jobring_wait(pool, job, JOBRING_FOREVER, &result) || jobring_destroy(pool)) return 1;\n\
             return std::printf(\\\"a worker says: twice 21 is %d\\\\n\\\", number) < 0; }\n\")\n";
        builds("cpp", "CXX", &format!("{FIND}{cpp}{}", BOTH.replace("hello.c", "hello.cpp")), &prefix);
        builds("threads", "C", &format!("find_package(Threads REQUIRED)\n{FIND}{BOTH}"), &prefix);
    }

    #[test]
    fn a_version_is_accepted_as_cargo_would() {
        let prefix = fresh("cmake-versions");
        install(&[format!("PREFIX={}", prefix.display())]);
        let version = env!("CARGO_PKG_VERSION");
        let numbers: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
        let [major, minor, patch] = numbers[..] else { panic!("{version}") };
        let next_minor = format!("{major}.{}", minor + 1);
        let unlike = if major == 0 { format!("{major}.{}", minor.wrapping_sub(1)) } else { "0.1".into() };
        let accepted = [
            String::new(),
            format!("{major}"),
            format!("{major}.{minor}"),
            version.to_owned(),
            format!("{version} EXACT"),
        ];
        for asked in &accepted {
            let text = format!(
                "find_package(jobring {asked} REQUIRED)\nif(NOT jobring_VERSION STREQUAL \"{version}\")\n\
                 message(FATAL_ERROR \"${{jobring_VERSION}}\")\nendif()\n"
            );
            let (_, configured, printed) = configure("version", "NONE", &text, &prefix);
            assert!(configured, "{asked}: {printed}");
        }
        let refused = [
            format!("{major}.{minor}.{}", patch + 1),
            next_minor.clone(),
            unlike.clone(),
            format!("{}", major + 1),
            format!("{next_minor} EXACT"),
        ];
        let ranges_accepted = [
            format!("{unlike}...{next_minor}"),
            format!("{version}...{version}"),
            format!("{major}.{minor}...<{next_minor}"),
        ];
        let ranges_refused = [format!("{unlike}...<{version}"), format!("{next_minor}...{}", major + 2)];
        for asked in &ranges_accepted {
            let text = format!("find_package(jobring {asked} REQUIRED)\n");
            let (_, configured, printed) = configure("range", "NONE", &text, &prefix);
            assert!(configured, "{asked}: {printed}");
        }
        for asked in refused.iter().chain(&ranges_refused) {
            let text = format!("find_package(jobring {asked} REQUIRED)\n");
            let (_, configured, printed) = configure("refused", "NONE", &text, &prefix);
            assert!(!configured && printed.contains(&format!("version: {version}")), "{asked}: {printed}");
        }
        let text = format!("set(CMAKE_SIZEOF_VOID_P {})\n{FIND}", 12 - size_of::<usize>());
        let (_, configured, printed) = configure("width", "NONE", &text, &prefix);
        let width = format!("version: {version} ({} bits)", usize::BITS);
        assert!(!configured && printed.contains(&width), "{printed}");
    }

    #[test]
    fn a_relative_prefix_is_made_absolute() {
        let stage = fresh("cmake-relative");
        install(&[format!("DESTDIR={}", stage.display()), "PREFIX=some/folder".into()]);
        let prefix = format!("{}{}/some/folder", stage.display(), root().display());
        let (library, wanted) = (Path::new(&prefix).join("lib"), format!("{}/some/folder", root().display()));
        for (name, below) in [("prefix", ""), ("libdir", "/lib"), ("includedir", "/include")] {
            let variable = format!("--variable={name}");
            let command = &mut Command::new("pkg-config");
            command.args([variable.as_str(), "jobring"]).env("PKG_CONFIG_PATH", library.join("pkgconfig"));
            assert_eq!(lines(&run(command)), [format!("{wanted}{below}")]);
        }
        builds("relative", "C", &format!("{FIND}{BOTH}"), Path::new(&prefix));
    }
}
