//! What the system says of itself, of a process and of its CPUs.

use std::fs;
use std::process::Command;

/// The CPUs that this process may use.
pub fn cpus() -> Vec<usize> {
    // SAFETY:
    // - a cpu_set_t is plain bits; the call writes at most its size into it.
    let set = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set);
        set
    };
    // SAFETY:
    // - the index is below CPU_SETSIZE.
    (0..libc::CPU_SETSIZE as usize).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect()
}

/// Puts the calling thread, and those that it makes from now on, on one of `cpus`.
pub fn pin(cpus: &[usize]) {
    // SAFETY:
    // - as in cpus().
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        for &cpu in cpus {
            libc::CPU_SET(cpu, &mut set);
        }
        assert_eq!(libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set), 0, "pinning");
    }
}

/// What this process has used so far.
pub struct Usage {
    /// CPU time of all threads, nanoseconds.
    pub cpu: f64,
    /// Voluntary context switches: how often a thread went to sleep.
    pub sleeps: f64,
    /// All context switches.
    pub switches: f64,
}

fn used_by(who: libc::c_int) -> libc::rusage {
    // SAFETY:
    // - a rusage is plain numbers, which the call fills in.
    unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        libc::getrusage(who, &mut used);
        used
    }
}

/// Of this process, or of its children that have ended.
pub fn usage(children: bool) -> Usage {
    let used = used_by(if children { libc::RUSAGE_CHILDREN } else { libc::RUSAGE_SELF });
    let time = |t: libc::timeval| t.tv_sec as f64 * 1e9 + t.tv_usec as f64 * 1e3;
    Usage {
        cpu: time(used.ru_utime) + time(used.ru_stime),
        sleeps: used.ru_nvcsw as f64,
        switches: (used.ru_nvcsw + used.ru_nivcsw) as f64,
    }
}

/// How often the calling thread has gone to sleep.
pub fn thread_sleeps() -> f64 {
    used_by(libc::RUSAGE_THREAD).ru_nvcsw as f64
}

/// The system calls of this process that write to a descriptor, so far; NaN if the system does not count them.
pub fn writes() -> f64 {
    let text = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("syscw:"));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or(f64::NAN)
}

/// Busy and total time of the machine so far, in ticks of 10 ms.
pub fn busy() -> (f64, f64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: Vec<f64> =
        text.lines().next().unwrap_or("").split_whitespace().skip(1).take(8).flat_map(str::parse).collect();
    let all: f64 = ticks.iter().sum();
    let idle: f64 = ticks.iter().skip(3).take(2).sum();
    (all - idle, all)
}

/// A number of /proc/self/status, such as `VmRSS`.
pub fn status(name: &str) -> f64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name) && line[name.len()..].starts_with(':'));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(f64::NAN)
}

/// The machine in one line: cores, CPU model, kernel, compilers. No host name.
pub fn line() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = match (field("model name"), field("cpu family"), field("model\t")) {
        (Some(name), Some(family), Some(model)) => format!("{name} (family {family}, model {model})"),
        (name, ..) => name.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
    };
    let first = |program: &str| {
        let output = Command::new(program).arg("--version").output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
    };
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: f64 = memory.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0.0);
    format!(
        "{} CPUs, {model}, {:.0} GiB, {} {}; {}, {}",
        cpus().len(),
        kib / 1024.0 / 1024.0,
        std::env::consts::OS,
        kernel.trim(),
        first("rustc").unwrap_or("rustc unknown".into()),
        first("c++").unwrap_or("no C++ compiler".into()),
    )
}
