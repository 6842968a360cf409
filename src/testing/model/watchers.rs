//! The watchers of one job, without a job.

extern crate std;

use crate::job::watchers::{Link, Watchers};
use core::ptr::NonNull;
use std::boxed::Box;
use std::sync::Arc;

/// What a callback does. It gets its node back.
type Callback = Box<dyn FnOnce(Box<Watcher>, usize)>;

/// A callback, which receives how the job ended. It may be added again.
#[repr(C)]
pub struct Watcher {
    link: Link,
    call: Option<Callback>,
}

impl Watcher {
    /// A callback that gets its node back.
    pub fn new(call: impl FnOnce(Box<Self>, usize) + 'static) -> Box<Self> {
        Box::new(Self { link: Link::new(), call: Some(Box::new(call)) })
    }

    /// The same node with another callback.
    #[must_use]
    pub fn again(mut self: Box<Self>, call: impl FnOnce(Box<Self>, usize) + 'static) -> Box<Self> {
        self.call = Some(Box::new(call));
        self
    }

    /// # Safety
    /// The node was a box's, and is the caller's.
    unsafe fn called(node: NonNull<Link>, end: usize) {
        // SAFETY:
        // - the caller's obligation; the link is the first field.
        let mut node = unsafe { Box::from_raw(node.cast::<Self>().as_ptr()) };
        let call = node.call.take().expect("called once");
        call(node, end);
    }
}

/// The list of one job.
#[derive(Clone)]
pub struct WatchList(Arc<Watchers<usize>>);

impl WatchList {
    /// Of a job that has not ended.
    #[allow(clippy::new_without_default, reason = "a model's list")]
    pub fn new() -> Self {
        Self(Arc::new(Watchers::new()))
    }

    /// Adds a callback, or calls it at once.
    pub fn watch(&self, watcher: Box<Watcher>) {
        let node = NonNull::from(Box::leak(watcher)).cast::<Link>();
        // SAFETY:
        // - 1: it was a box's. A model's threads run on one thread of the system.
        if let Some(end) = unsafe { self.0.add(node) } {
            // SAFETY:
            // - it was not added.
            unsafe { Watcher::called(node, end) };
        }
    }

    /// The job has ended: calls what was added.
    pub fn end(&self, end: usize) {
        // SAFETY:
        // - 1: a model ends its job once.
        for node in unsafe { Watchers::close(Arc::as_ptr(&self.0), end) } {
            // SAFETY:
            // - `watch` made it from a box.
            unsafe { Watcher::called(node, end) };
        }
    }
}
