//! Peers outside of this program: C and C++ libraries, each behind a small program of `benches/peers/` that
//! is compiled when the suite runs, and CPython.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A peer that is a program of its own.
pub struct Outside {
    /// As it stands in the tables.
    pub name: &'static str,
    /// The modes that its program knows.
    pub modes: &'static [&'static str],
    file: &'static str,
    header: &'static str,
    /// For pkg-config, where the header is not on the compiler's path.
    package: &'static str,
    link: &'static [&'static str],
}

const fn cxx(
    name: &'static str,
    file: &'static str,
    header: &'static str,
    modes: &'static [&'static str],
    link: &'static [&'static str],
) -> Outside {
    Outside { name, modes, file, header, package: "", link }
}

/// All of them.
pub const ALL: &[Outside] = &[
    cxx("libuv", "uv.cpp", "uv.h", &["detached", "handles", "asleep", "idle"], &["-luv"]),
    Outside {
        name: "GLib",
        modes: &["detached", "asleep", "idle"],
        file: "glib.cpp",
        header: "glib.h",
        package: "glib-2.0",
        link: &[],
    },
    cxx(
        "oneTBB",
        "tbb.cpp",
        "tbb/task_group.h",
        &["detached", "handles", "asleep", "itself", "idle", "loop"],
        &["-ltbb"],
    ),
    cxx("Boost.Asio", "asio.cpp", "boost/asio.hpp", &["detached", "lanes", "futures", "asleep", "idle"], &[]),
    // It needs the library too: see `own`.
    cxx(
        "jobring C++",
        "jobring.cpp",
        "jobring.hpp",
        &["futures", "plain", "owned", "async", "detached"],
        &[],
    ),
    cxx("jobring processes", "processes.cpp", "jobring_processes.h", &["handles", "asleep", "deaths"], &[]),
    cxx(
        "moodycamel, by hand",
        "moodycamel.cpp",
        "concurrentqueue/blockingconcurrentqueue.h",
        &["detached", "completions", "asleep", "idle"],
        &[],
    ),
    cxx("OpenMP (libgomp)", "openmp.cpp", "omp.h", &["detached", "handles", "loop"], &["-fopenmp"]),
    cxx("pthreadpool", "pthreadpool.cpp", "pthreadpool.h", &["loop"], &["-lpthreadpool"]),
    cxx("ck_ring", "ck.c", "ck_ring.h", &["ring"], &[]),
    cxx(
        "CPython ThreadPoolExecutor",
        "executor.py",
        "",
        &["detached", "handles", "completions", "asleep", "idle"],
        &[],
    ),
    cxx("CPython ProcessPoolExecutor", "executor.py", "", &["process handles", "process asleep"], &[]),
];

impl Outside {
    /// The command that runs it, compiled if need be; or why it is absent.
    pub fn command(&self) -> Result<Vec<PathBuf>, String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(self.file);
        if self.header.is_empty() {
            return match Command::new("python3").arg("--version").output() {
                Ok(output) if output.status.success() => Ok(vec!["python3".into(), source]),
                _ => Err("no python3".into()),
            };
        }
        let (variable, usual, language, standard) = match source.extension() {
            Some(extension) if extension == "c" => ("CC", "cc", "c", "-std=gnu11"),
            _ => ("CXX", "c++", "c++", "-std=c++20"),
        };
        let compiler = std::env::var(variable).unwrap_or(usual.into());
        let flags = self.flags();
        let try_header = format!(
            "echo '#include <{}>' | {compiler} -E -x {language} {} - >/dev/null 2>&1",
            self.header,
            flags
                .iter()
                .filter(|flag| flag.starts_with('-'))
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        );
        if !Command::new("sh").args(["-c", &try_header]).status().is_ok_and(|status| status.success()) {
            return Err(match Command::new(&compiler).arg("--version").output() {
                Ok(_) => format!("no <{}>", self.header),
                Err(_) => format!("no compiler ({compiler})"),
            });
        }
        let folder = std::env::current_exe().map_err(|error| error.to_string())?.with_file_name("peers");
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let program = folder.join(self.file).with_extension("");
        let output = Command::new(&compiler)
            .args([standard, "-O2", "-pthread", "-o"])
            .args([&program, &source])
            .args(flags)
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "does not compile: {}",
                text.lines().find(|l| l.contains("error")).unwrap_or("")
            ));
        }
        Ok(vec![program])
    }

    fn flags(&self) -> Vec<String> {
        let mut flags: Vec<String> = self.link.iter().map(|&flag| flag.into()).collect();
        if self.header.starts_with("jobring")
            && let Some(own) = own(self.header == "jobring_processes.h")
        {
            flags.extend(own);
        }
        if !self.package.is_empty()
            && let Ok(output) = Command::new("pkg-config").args(["--cflags", "--libs", self.package]).output()
        {
            flags.extend(String::from_utf8_lossy(&output.stdout).split_whitespace().map(String::from));
        }
        flags
    }
}

/// The header of this library, and its archive as `make` builds it. None: it cannot be built.
fn own(with_processes: bool) -> Option<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let target =
        std::env::current_exe().ok()?.with_file_name(if with_processes { "clib-processes" } else { "clib" });
    let built = Command::new("make")
        .arg("-s")
        .arg("-C")
        .arg(root)
        .arg(format!("CARGO_TARGET_DIR={}", target.display()))
        .arg(if with_processes { "PROCESSES=1" } else { "PROCESSES=" })
        .status();
    built.is_ok_and(|status| status.success()).then(|| {
        let include = format!("-I{}", root.join("include").display());
        let mut flags = vec![include, target.join("clib/libjobring.a").display().to_string()];
        if with_processes {
            flags.extend(["-ldl".into(), "-lm".into()]);
        }
        flags
    })
}
