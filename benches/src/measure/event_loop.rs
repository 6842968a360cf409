//! One thread that sleeps in epoll_wait alone: it submits a burst of jobs, and a descriptor tells when
//! they have ended. What counts are the system calls that this takes.

use crate::machine::{thread_sleeps, usage, writes};
use crate::params::{Params, Report};
use std::io;
use std::os::fd::RawFd;
use std::ptr;
use std::thread;
use std::time::Instant;

/// Bursts that only warm up.
const WARM: u64 = 64;

/// What a loop needs of a pool. It never blocks in one of these.
pub trait Ends {
    /// Readable when a job has ended since `arm`.
    fn descriptor(&self) -> RawFd;

    /// Hands one job over.
    fn submit(&self);

    /// Takes all jobs that have ended: how many.
    fn take(&self) -> u64;

    /// Makes the next end known by the descriptor: a read. False: one is there to take.
    fn arm(&self) -> bool;

    /// Does `arm` yield before it reads?
    const ARM_YIELDS: bool;
}

struct Epoll(RawFd);

impl Epoll {
    fn new(descriptor: RawFd) -> Self {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
        // SAFETY:
        // - the event is readable; no other pointer is passed.
        let (epoll, added) = unsafe {
            let epoll = libc::epoll_create1(libc::EPOLL_CLOEXEC);
            (epoll, libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, descriptor, &raw mut event))
        };
        assert!(epoll >= 0 && added == 0, "epoll");
        Self(epoll)
    }

    fn wait(&self) {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        // SAFETY:
        // - one event, writable.
        let ready = unsafe { libc::epoll_wait(self.0, &raw mut event, 1, -1) };
        // A stop of the process interrupts it.
        assert!(ready == 1 || io::Error::last_os_error().kind() == io::ErrorKind::Interrupted);
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        // SAFETY:
        // - ours, and used by nobody else.
        unsafe { libc::close(self.0) };
    }
}

/// What a loop did.
#[derive(Default)]
struct Calls {
    waits: u64,
    arms: u64,
    yields: u64,
}

/// One burst. With `yields` the loop gives way once before it arms: a worker on the same CPU, which the loop
/// interrupted when it was woken, ends further jobs first.
fn burst<E: Ends>(ends: &E, epoll: &Epoll, jobs: u64, yields: bool, calls: &mut Calls) {
    (0..jobs).for_each(|_| ends.submit());
    let mut taken = ends.take();
    while taken < jobs {
        if yields {
            calls.yields += 1;
            thread::yield_now();
            taken += ends.take();
            if taken == jobs {
                return;
            }
        }
        // At most: an arm that finds something behind its yield does not read.
        calls.arms += 1;
        calls.yields += u64::from(E::ARM_YIELDS);
        if ends.arm() {
            calls.waits += 1;
            epoll.wait();
        }
        taken += ends.take();
    }
}

/// As many bursts as make `jobs` jobs.
pub fn bursts(params: &Params, ends: &impl Ends) -> Report {
    let (size, bursts) = (params.get("batch"), params.get("jobs").div_ceil(params.get("batch")));
    let epoll = Epoll::new(ends.descriptor());
    let yields = params.find("yields").is_some();
    (0..WARM).for_each(|_| burst(ends, &epoll, size, yields, &mut Calls::default()));
    let (used, own, written) = (usage(false), thread_sleeps(), writes());
    let begin = Instant::now();
    let mut calls = Calls::default();
    (0..bursts).for_each(|_| burst(ends, &epoll, size, yields, &mut calls));
    let seconds = begin.elapsed().as_secs_f64();
    let (used_after, own_after) = (usage(false), thread_sleeps());
    // The workers' alone: nothing else in this process writes meanwhile.
    let writes = writes() - written;
    let (waits, reads, yields) = (calls.waits as f64, calls.arms as f64, calls.yields as f64);
    let (each, jobs) = (bursts as f64, (bursts * size) as f64);
    let mut report = Report::one("calls", (writes + reads + waits + yields) / jobs * 1e6);
    report.add("writes", writes / each);
    report.add("waits", waits / each);
    report.add("yields", yields / each);
    report.add("reads", reads / each);
    report.add("rate", jobs / seconds);
    report.add("cpu_ns", (used_after.cpu - used.cpu) / jobs);
    let sleeps = used_after.sleeps - used.sleeps - (own_after - own);
    report.add("worker_sleeps_per_million", sleeps / jobs * 1e6);
    report
}

/// What a program makes by hand: an eventfd that counts ends.
pub struct Counter(RawFd);

impl Counter {
    /// At 0.
    pub fn new() -> Self {
        // SAFETY:
        // - no pointer is passed.
        let counter = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        assert!(counter >= 0, "an eventfd");
        Self(counter)
    }

    /// To poll.
    pub fn descriptor(&self) -> RawFd {
        self.0
    }

    /// Makes it readable.
    pub fn signal(&self) {
        // SAFETY:
        // - eight bytes are read from a u64.
        unsafe { libc::write(self.0, (&raw const ONE).cast(), size_of::<u64>()) };
    }

    /// Makes it unreadable.
    pub fn clear(&self) {
        let mut count = 0u64;
        // SAFETY:
        // - eight bytes are written into a u64.
        unsafe { libc::read(self.0, ptr::from_mut(&mut count).cast(), size_of::<u64>()) };
    }
}

static ONE: u64 = 1;

impl Drop for Counter {
    fn drop(&mut self) {
        // SAFETY:
        // - ours; the threads that signal have ended.
        unsafe { libc::close(self.0) };
    }
}
