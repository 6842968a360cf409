//! An executor that allocates nothing: a thread polls, and parks until it is woken.
#![allow(dead_code, reason = "each test uses a part of it")]

use super::DEADLINE;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

/// A static that wakers point to.
pub struct Bell {
    rung: AtomicUsize,
    wakers: AtomicUsize,
    thread: Mutex<Option<Thread>>,
}

const TABLE: RawWakerVTable = RawWakerVTable::new(
    |at| {
        // SAFETY:
        // - `raw` made the pointer, of a static.
        unsafe { &*at.cast::<Bell>() }.raw()
    },
    |at| {
        // SAFETY:
        // - as above.
        let bell = unsafe { &*at.cast::<Bell>() };
        bell.ring();
        bell.drop_one();
    },
    |at| {
        // SAFETY:
        // - as above.
        unsafe { &*at.cast::<Bell>() }.ring();
    },
    |at| {
        // SAFETY:
        // - as above.
        unsafe { &*at.cast::<Bell>() }.drop_one();
    },
);

impl Bell {
    pub const fn new() -> Self {
        Self { rung: AtomicUsize::new(0), wakers: AtomicUsize::new(0), thread: Mutex::new(None) }
    }

    fn raw(&'static self) -> RawWaker {
        self.wakers.fetch_add(1, SeqCst);
        RawWaker::new(std::ptr::from_ref(self).cast(), &TABLE)
    }

    fn drop_one(&self) {
        assert_ne!(self.wakers.fetch_sub(1, SeqCst), 0, "a waker was dropped twice");
    }

    pub fn waker(&'static self) -> Waker {
        // SAFETY:
        // - the table's functions are safe to call from any thread, on a static.
        unsafe { Waker::from_raw(self.raw()) }
    }

    /// The number of wakers.
    pub fn wakers(&self) -> usize {
        self.wakers.load(SeqCst)
    }

    fn ring(&self) {
        self.rung.fetch_add(1, SeqCst);
        if let Some(thread) = &*self.thread.lock().unwrap_or_else(PoisonError::into_inner) {
            thread.unpark();
        }
    }

    /// How often it was rung since the last call.
    pub fn rung(&self) -> usize {
        self.rung.swap(0, SeqCst)
    }

    /// Parks until it is rung.
    pub fn wait(&self) {
        *self.thread.lock().unwrap() = Some(thread::current());
        let end = Instant::now() + DEADLINE;
        while self.rung() == 0 {
            let left = end.checked_duration_since(Instant::now()).expect("the task is never woken");
            thread::park_timeout(left);
        }
    }

    /// Polls once.
    pub fn poll<F: Future + Unpin>(&'static self, future: &mut F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(&self.waker()))
    }

    pub fn block_on<F: Future>(&'static self, future: F) -> F::Output {
        let (waker, mut future) = (self.waker(), pin!(future));
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => self.wait(),
            }
        }
    }
}
