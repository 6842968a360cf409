//! The model side of the facade: loom's types under the names of `real`, and the ordering override.

extern crate std;

use super::site::Site;
use core::cell::{Cell, RefCell};
use core::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock};
use std::vec::Vec;

pub(crate) use loom::cell::UnsafeCell;
#[cfg(feature = "future")]
pub(crate) use loom::sync::atomic::AtomicPtr;
pub(crate) use loom::sync::atomic::AtomicUsize;

pub(crate) fn spin_loop() {
    loom::thread::yield_now();
}

/// Is the calling thread unwinding? A panic ends an execution, and the checker's threads stay where they are.
/// Destructors must not wait for them or meet them, because a second panic would abort the process before the
/// first is reported.
pub(crate) fn dying() -> bool {
    std::thread::panicking()
}

/// A fence; `Relaxed` stands for a fence that was removed.
pub(crate) fn fence(order: Ordering) {
    // ORDERING: the caller's, which names its partner.
    if order != Ordering::Relaxed {
        loom::sync::atomic::fence(order);
    }
}

loom::thread_local! { static STOP_POINT: RefCell<Option<Arc<StopPoint>>> = RefCell::new(None); }
// Does this model have a stop point? All of a model's threads run on one thread of the system.
std::thread_local! { static HAS_STOP_POINT: Cell<bool> = const { Cell::new(false) }; }

/// Stops a thread at any site until it is thawed. The model stops it, not the checker, so what the other
/// threads do meanwhile must finish without that thread.
pub struct StopPoint {
    /// Stop? One of the model's atomics, so that the checker tries the stop between any two sites.
    stop: AtomicUsize,
    thaw: Mutex<Thaw>,
}

#[derive(Default)]
struct Thaw {
    done: bool,
    stopped: Option<loom::thread::Thread>,
}

impl StopPoint {
    /// A stop point that does not stop yet.
    #[allow(clippy::new_ret_no_self, reason = "two threads share it")]
    pub fn new() -> Arc<Self> {
        HAS_STOP_POINT.set(true);
        Arc::new(Self { stop: AtomicUsize::new(0), thaw: Mutex::default() })
    }

    /// Calls `f` on this thread, which may be stopped at every site in it.
    pub fn during<R>(self: &Arc<Self>, f: impl FnOnce() -> R) -> R {
        STOP_POINT.with(|point| *point.borrow_mut() = Some(self.clone()));
        let result = f();
        STOP_POINT.with(|point| *point.borrow_mut() = None);
        result
    }

    /// From now on the thread stops at the next site that it reaches.
    pub fn freeze(&self) {
        // ORDERING: Relaxed: part of the model; a read-modify-write, so that the other thread reads the
        // newest value.
        self.stop.fetch_or(1, Ordering::Relaxed);
    }

    /// Lets the thread continue.
    pub fn thaw(&self) {
        // ORDERING: Relaxed, as in freeze.
        self.stop.fetch_and(0, Ordering::Relaxed);
        let mut thaw = self.thaw.lock().unwrap();
        thaw.done = true;
        if let Some(thread) = thaw.stopped.take() {
            thread.unpark();
        }
    }

    fn pass(&self) {
        // ORDERING: Relaxed, as in freeze.
        if self.stop.fetch_or(0, Ordering::Relaxed) == 0 {
            return;
        }
        let mut thaw = self.thaw.lock().unwrap();
        if !thaw.done {
            thaw.stopped = Some(loom::thread::current());
            drop(thaw);
            loom::thread::park();
        }
    }
}

std::thread_local! { static STEPS: RefCell<Option<Vec<(usize, Site)>>> = const { RefCell::new(None) }; }
loom::thread_local! { static NUMBER: Cell<Option<usize>> = Cell::new(None); }

/// Starts to record the named steps of this execution, each with the number of its thread.
pub fn record_steps() {
    STEPS.set(Some(Vec::new()));
}

/// The recorded steps, if `record_steps` was called.
pub fn recorded_steps() -> Option<Vec<(usize, Site)>> {
    STEPS.take()
}

fn record(site: Site) {
    STEPS.with_borrow_mut(|steps| {
        let Some(steps) = steps.as_mut().filter(|_| !site.is_failure()) else { return };
        let number = NUMBER.try_with(|number| {
            let next = || steps.iter().map(|(thread, _)| thread + 1).max().unwrap_or(0);
            let thread = number.get().unwrap_or_else(next);
            number.set(Some(thread));
            thread
        });
        // None while the thread ends.
        if let Ok(thread) = number {
            steps.push((thread, site));
        }
    });
}

/// The ordering of a site, or what `JOBRING_WEAKEN=Site=Ordering[,…]` replaces it with.
pub(crate) fn ordering(site: Site, order: Ordering) -> Ordering {
    record(site);
    if HAS_STOP_POINT.get() && !site.is_failure() {
        let point = STOP_POINT.with(|point| point.borrow().clone());
        if let Some(point) = point {
            point.pass();
        }
    }
    static OVERRIDES: OnceLock<Vec<(Site, Ordering)>> = OnceLock::new();
    let overrides = OVERRIDES.get_or_init(|| {
        std::env::var("JOBRING_WEAKEN").map(|text| text.split(',').map(parse).collect()).unwrap_or_default()
    });
    // ORDERING: the caller's, or the weaker one that a model must notice.
    overrides.iter().find(|(named, _)| *named == site).map_or(order, |(_, weaker)| *weaker)
}

fn parse(entry: &str) -> (Site, Ordering) {
    let (name, order) = entry.split_once('=').expect("JOBRING_WEAKEN wants Site=Ordering");
    let site = Site::ALL.iter().copied().find(|site| site.name() == name).expect("no such site");
    // ORDERING: parses names; there is no atomic operation here.
    let order = match order {
        "Relaxed" => Ordering::Relaxed,
        "Acquire" => Ordering::Acquire,
        "Release" => Ordering::Release,
        "AcqRel" => Ordering::AcqRel,
        _ => panic!("no such ordering: {order}"),
    };
    (site, order)
}
