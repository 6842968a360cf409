//! A blocked submitter whose only slot is unusable, because a thread reads the failure that is kept in it.

use super::{Disposition, RawPool, RuntimeConfig};
use crate::job::context::CallContext;
use crate::job::vtable::{JobVTable, RunResult};
use crate::platform::port::{Origin, Port, Timeout};
use crate::slot::storage::Inline;
use crate::sync::AtomicUsize;
use core::cell::{Cell, RefCell};

extern crate std;
use std::boxed::Box;
use std::rc::Rc;

/// Jobs that fail.
static VTABLE: JobVTable = JobVTable {
    run: |_, _: &CallContext| RunResult::Failed,
    discard: |_, _, _| {},
    by_copy: false,
    exited: None,
    drops_result: false,
    drop_result: |_, _| {},
};

type Steps = Box<dyn FnOnce()>;

/// One core, on which another thread goes on while the submitter pauses, and only then. Each look at the clock takes a
/// millisecond.
#[derive(Clone, Default)]
struct OneCore {
    now: Rc<Cell<u64>>,
    other: Rc<RefCell<Option<Steps>>>,
}

impl Port for OneCore {
    fn wait(&self, _: &AtomicUsize, _: usize, _: Option<u64>) {}
    fn wake(&self, _: *const AtomicUsize, _: bool, _: Origin) {}
    fn now(&self) -> Option<u64> {
        self.now.set(self.now.get() + 1_000_000);
        Some(self.now.get())
    }
    fn pause(&self) {
        if let Some(other) = self.other.take() {
            other();
        }
    }
    fn current(&self) -> *const CallContext {
        core::ptr::null()
    }
    fn set_current(&self, _: *const CallContext) {}
}

#[test]
fn a_submitter_lets_the_reader_of_a_kept_failure_run() {
    let port = OneCore::default();
    let pool: &RawPool<Inline<1, 32>, OneCore> =
        Box::leak(Box::new(RawPool::new(Inline::new(), port.clone(), RuntimeConfig::default())));
    let reserved = pool.try_reserve(Origin::Thread).expect("there is room");
    // SAFETY:
    // - of this pool; the kind takes anything.
    let job = unsafe { pool.publish(reserved, &VTABLE, false, Origin::Thread, |_| {}) };
    assert!(pool.run_one());
    pool.wait(job, Timeout::Poll, &mut |_, _, _| Disposition::Keep).expect("it is over");
    // There is a worker, so that the submitter waits.
    assert!(pool.admit_worker());

    let slot = pool.slot(0);
    let kept = slot.state();
    let Ok(taking) = slot.take(kept) else { panic!("nobody else reads") };
    *port.other.borrow_mut() = Some(Box::new(move || {
        assert!(slot.put_back(taking, kept).is_ok(), "nobody else moves it");
    }));
    assert!(pool.reserve_slow(Timeout::Nanos(1_000_000_000)).is_ok(), "the reader never ran");
    assert!(port.other.borrow().is_none());
}
