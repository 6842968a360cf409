//! What the tests share: the list of them, both ways to make a pool, and what the system says of children.

use crate::functions::TABLE;
use jobring::{ProcessEnd, ProcessJob, ProcessOutcome, ProcessPool, ProcessPoolBuilder, TimeLimit};
use std::time::{Duration, Instant};

/// How the workers of a test come about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Fork,
    Spawn,
}

impl Way {
    pub fn builder(self) -> ProcessPoolBuilder {
        match self {
            Self::Fork => ProcessPool::fork(&TABLE),
            Self::Spawn => ProcessPool::spawn(),
        }
    }

    pub fn pool(self, workers: usize) -> ProcessPool {
        self.builder().workers(workers).build().expect("a pool")
    }
}

pub type Test = (&'static str, fn(Way));

/// The argument with which a test starts this program as a process that will be killed.
pub const VICTIM: &str = "--victim";

pub fn main() {
    if let Ok(value) = std::env::var(crate::ends::WITHOUT) {
        return crate::ends::without_take_over(&value);
    }
    ProcessPool::take_over(&TABLE);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [victim, way, kind, sign] = arguments.as_slice()
        && (victim.as_str(), kind.as_str()) == (VICTIM, "untied")
    {
        let way = if way == "Fork" { Way::Fork } else { Way::Spawn };
        return crate::misuse::victim(way, sign);
    }
    if arguments.first().is_some_and(|first| first == VICTIM) {
        crate::ends::victim(&arguments[1..]);
        return;
    }
    let filter: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let lists = arguments.iter().any(|argument| argument == "--list");
    let all = [
        crate::jobs::TESTS,
        crate::deaths::TESTS,
        crate::ends::TESTS,
        crate::misuse::TESTS,
        crate::scarcity::TESTS,
        crate::ledger::TESTS,
    ];
    let mut ran = 0;
    for (name, test) in all.into_iter().flatten() {
        for way in [Way::Fork, Way::Spawn] {
            let name = format!("{name}_{way:?}").to_lowercase();
            if !filter.is_empty() && !filter.iter().any(|part| name.contains(part.as_str())) {
                continue;
            }
            ran += 1;
            if lists {
                println!("{name}: test");
                continue;
            }
            print!("test {name} ... ");
            std::io::Write::flush(&mut std::io::stdout()).expect("an output");
            let files = open_files();
            test(way);
            assert_eq!(children(), [], "processes are left behind");
            assert_eq!(open_files(), files, "descriptors are left behind");
            println!("ok");
        }
    }
    println!("{ran} tests of processes");
}

/// Runs one job and returns how it ended.
pub fn run(pool: &ProcessPool, job: ProcessJob<'_>) -> ProcessOutcome {
    let id = pool.submit(&job).expect("a slot");
    pool.wait(id, TimeLimit::NONE).expect("an end").outcome
}

pub fn bytes(outcome: ProcessOutcome) -> Vec<u8> {
    match outcome {
        ProcessOutcome::Done(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

/// The process of the worker that runs this job.
pub fn process(pool: &ProcessPool) -> u32 {
    let bytes = bytes(run(pool, ProcessJob::new(crate::functions::PROCESS, &[])));
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

/// Asks until the answer is true. The limit is for a test that would never end.
pub fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !is_true() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::yield_now();
    }
}

pub fn take(pool: &ProcessPool) -> ProcessEnd {
    pool.take(TimeLimit::NONE).expect("an end")
}

/// The processes that this one has made and that were not collected, oldest first. The zygote is the first.
pub fn children() -> Vec<u32> {
    children_of("self")
}

pub fn children_of(process: &str) -> Vec<u32> {
    let mut all = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{process}/task")).expect("the threads") {
        let list = std::fs::read_to_string(task.expect("a thread").path().join("children"));
        all.extend(list.unwrap_or_default().split_whitespace().map(|number| number.parse::<u32>().unwrap()));
    }
    all
}

pub fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("the descriptors").count()
}

/// Does the first thread of this process sleep in a futex?
pub fn is_in_futex(process: u32) -> bool {
    let call = std::fs::read_to_string(format!("/proc/{process}/syscall")).unwrap_or_default();
    let number = if cfg!(target_arch = "x86_64") { "202 " } else { "98 " };
    call.starts_with(number)
}

/// Has this process ended, as far as the system knows? (One that its new parent has not collected yet has.)
pub fn has_ended(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat"));
    status.map_or(true, |status| {
        let behind = status.rsplit(')').next().expect("a state");
        behind.trim_start().starts_with(['Z', 'X'])
    })
}

#[repr(C)]
struct PollFd {
    fd: i32,
    events: i16,
    revents: i16,
}

unsafe extern "C" {
    fn poll(all: *mut PollFd, count: std::ffi::c_ulong, milliseconds: i32) -> i32;
}

/// Is the pool's descriptor readable, at the latest after `limit`?
pub fn is_readable(pool: &ProcessPool, limit: Option<Duration>) -> bool {
    let fd = std::os::fd::AsRawFd::as_raw_fd(&pool.descriptor().expect("a descriptor"));
    let mut one = PollFd { fd, events: 1, revents: 0 };
    let milliseconds = limit.map_or(-1, |limit| limit.as_millis() as i32);
    // SAFETY:
    // - one structure, which is writable.
    let ready = unsafe { poll(&raw mut one, 1, milliseconds) };
    ready == 1
}

/// A file that a job makes to say that it runs, and what it writes.
pub struct Sign(pub std::path::PathBuf);

impl Sign {
    pub fn new(name: &str) -> Self {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("processes-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Self(path)
    }

    pub fn bytes(&self) -> &[u8] {
        self.0.to_str().expect("a path").as_bytes()
    }

    /// Waits for it: the number of the process that made it.
    pub fn seen(&self) -> u32 {
        until("the job begins", || self.0.exists());
        std::fs::read_to_string(&self.0).expect("a file").parse().expect("a number")
    }
}

impl Drop for Sign {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
