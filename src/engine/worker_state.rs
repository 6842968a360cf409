//! What one worker is doing, for whoever asks. Written by that worker alone.

use crate::platform::port::Port;
use crate::sync::Gauge;

/// Where a worker is in its loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Doing {
    /// Its thread has not come to the loop yet.
    Starting,
    Searching,
    Sleeping,
    /// It is inside a job.
    Running,
    /// It has left its loop.
    Stopped,
}

/// Can anybody look? Only at workers that the pool has started.
const SEEN: bool = cfg!(any(feature = "std", feature = "pthread"));

/// The record of one worker.
pub(crate) struct Activity {
    doing: Gauge,
    jobs: Gauge,
    run_ns: Gauge,
    longest_ns: Gauge,
    /// Are jobs timed?
    timed: bool,
}

/// A look at one worker's record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) doing: Doing,
    /// Jobs that its loop has run to their end.
    pub(crate) jobs: u64,
    /// Nanoseconds inside of them, 0 if they are not timed.
    pub(crate) run_ns: u64,
    pub(crate) longest_ns: u64,
}

impl Activity {
    pub(crate) const fn new(timed: bool) -> Self {
        Self {
            doing: Gauge::new(),
            jobs: Gauge::new(),
            run_ns: Gauge::new(),
            longest_ns: Gauge::new(),
            timed,
        }
    }

    #[inline]
    pub(crate) fn set(&self, doing: Doing) {
        if SEEN {
            self.doing.set(doing as u64);
        }
    }

    /// A job begins: when, if it is to be timed.
    #[inline]
    pub(super) fn begin(&self, port: &impl Port) -> Option<u64> {
        self.set(Doing::Running);
        if self.timed { port.now() } else { None }
    }

    /// The job that began then is over.
    #[inline]
    pub(super) fn end(&self, begun: Option<u64>, port: &impl Port) {
        if !SEEN {
            return;
        }
        self.jobs.set(self.jobs.get() + 1);
        if let Some(begun) = begun {
            self.add(port.now().map_or(0, |now| now.saturating_sub(begun)));
        }
        self.set(Doing::Searching);
    }

    #[cold]
    fn add(&self, took: u64) {
        self.run_ns.set(self.run_ns.get() + took);
        self.longest_ns.set(self.longest_ns.get().max(took));
    }

    pub(crate) fn record(&self) -> Record {
        const ALL: [Doing; 5] =
            [Doing::Starting, Doing::Searching, Doing::Sleeping, Doing::Running, Doing::Stopped];
        let doing = ALL.into_iter().find(|&doing| doing as u64 == self.doing.get());
        Record {
            doing: doing.unwrap_or(Doing::Starting),
            jobs: self.jobs.get(),
            run_ns: self.run_ns.get(),
            longest_ns: self.longest_ns.get(),
        }
    }
}
