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

/// Is the calling thread unwinding? A panic ends an execution: the checker's threads stay where they are, and destructors
/// must neither wait for them nor meet them again, or a second panic would end the process before the first is told.
pub(crate) fn dying() -> bool {
    std::thread::panicking()
}

/// A fence; `Relaxed` stands for a fence that was taken out.
pub(crate) fn fence(order: Ordering) {
    if order != Ordering::Relaxed {
        loom::sync::atomic::fence(order);
    }
}

loom::thread_local! { static FROST: RefCell<Option<Arc<StopPoint>>> = RefCell::new(None); }
// Is there any frost in this model? On one of the system's threads all of a model's threads run.
std::thread_local! { static COLD: Cell<bool> = const { Cell::new(false) }; }

/// Stops a thread at whatever site it is about to come to, until it is thawed: not the checker's business but the
/// model's, so that what the others do meanwhile has to come to an end without that thread.
pub struct StopPoint {
    /// Stop? An atomic of the model's, so that the stop is tried between any two sites.
    stop: AtomicUsize,
    thaw: Mutex<Thaw>,
}

#[derive(Default)]
struct Thaw {
    over: bool,
    stopped: Option<loom::thread::Thread>,
}

impl StopPoint {
    /// A frost that has not come yet.
    #[allow(clippy::new_ret_no_self, reason = "it is shared by nature")]
    pub fn new() -> Arc<Self> {
        COLD.set(true);
        Arc::new(Self { stop: AtomicUsize::new(0), thaw: Mutex::default() })
    }

    /// Does `f` on the calling thread, which the frost may stop at every site in it.
    pub fn during<R>(self: &Arc<Self>, f: impl FnOnce() -> R) -> R {
        FROST.with(|frost| *frost.borrow_mut() = Some(self.clone()));
        let result = f();
        FROST.with(|frost| *frost.borrow_mut() = None);
        result
    }

    /// From now on the thread is stopped at the next site that it comes to.
    pub fn freeze(&self) {
        // ORDERING: Relaxed: the model's own; a read-modify-write, so that the stopper's word is seen.
        self.stop.fetch_or(1, Ordering::Relaxed);
    }

    /// The thread goes on.
    pub fn thaw(&self) {
        // ORDERING: Relaxed, as in freeze.
        self.stop.fetch_and(0, Ordering::Relaxed);
        let mut thaw = self.thaw.lock().unwrap();
        thaw.over = true;
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
        if !thaw.over {
            thaw.stopped = Some(loom::thread::current());
            drop(thaw);
            loom::thread::park();
        }
    }
}

std::thread_local! { static STEPS: RefCell<Option<Vec<(usize, Site)>>> = const { RefCell::new(None) }; }
loom::thread_local! { static NUMBER: Cell<Option<usize>> = Cell::new(None); }

/// From here on the named steps of this execution are kept, each with the number of its thread.
pub fn record_steps() {
    STEPS.set(Some(Vec::new()));
}

/// What was kept, if anything was to be.
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
    if COLD.get() && !site.is_failure() {
        let frost = FROST.with(|frost| frost.borrow().clone());
        if let Some(frost) = frost {
            frost.pass();
        }
    }
    static OVERRIDES: OnceLock<Vec<(Site, Ordering)>> = OnceLock::new();
    let overrides = OVERRIDES.get_or_init(|| {
        std::env::var("JOBRING_WEAKEN").map(|text| text.split(',').map(parse).collect()).unwrap_or_default()
    });
    overrides.iter().find(|(named, _)| *named == site).map_or(order, |(_, weaker)| *weaker)
}

fn parse(entry: &str) -> (Site, Ordering) {
    let (name, order) = entry.split_once('=').expect("JOBRING_WEAKEN wants Site=Ordering");
    let site = Site::ALL.iter().copied().find(|site| site.name() == name).expect("no such site");
    let order = match order {
        "Relaxed" => Ordering::Relaxed,
        "Acquire" => Ordering::Acquire,
        "Release" => Ordering::Release,
        "AcqRel" => Ordering::AcqRel,
        _ => panic!("no such ordering: {order}"),
    };
    (site, order)
}
