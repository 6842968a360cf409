//! The negative control: D. Vyukov's bounded ring (a sequence number per cell; positions are claimed before
//! cells are filled or emptied) with the same stop points, as a simple pool. It uses no mutex but is not
//! lock-free, so it must fail where the library passes.

use crate::harness::{GENEROUS, Subject};
use jobring_frozen::{Site, freeze::come_to};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

struct Cell {
    sequence: AtomicUsize,
    value: AtomicUsize,
}

pub struct Vyukov<const N: usize> {
    cells: [Cell; N],
    tail: AtomicUsize,
    head: AtomicUsize,
    /// Job i is done.
    done: [AtomicBool; N],
    taken: [AtomicBool; N],
    stop: AtomicBool,
}

impl<const N: usize> Vyukov<N> {
    pub fn new() -> Self {
        Self {
            cells: std::array::from_fn(|i| Cell {
                sequence: AtomicUsize::new(i),
                value: AtomicUsize::new(0),
            }),
            tail: AtomicUsize::new(0),
            head: AtomicUsize::new(0),
            done: std::array::from_fn(|_| AtomicBool::new(false)),
            taken: std::array::from_fn(|_| AtomicBool::new(false)),
            stop: AtomicBool::new(false),
        }
    }

    fn push(&self, value: usize) -> bool {
        loop {
            come_to(Site::PushTail);
            let t = self.tail.load(SeqCst);
            let cell = &self.cells[t % N];
            come_to(Site::PushEntry);
            match cell.sequence.load(SeqCst).wrapping_sub(t) as isize {
                0 => {
                    come_to(Site::AdvanceTail);
                    if self.tail.compare_exchange(t, t + 1, SeqCst, SeqCst).is_ok() {
                        // Claimed: nobody else can go past this cell until it is published.
                        cell.value.store(value, SeqCst);
                        come_to(Site::PushPublish);
                        cell.sequence.store(t + 1, SeqCst);
                        return true;
                    }
                }
                d if d < 0 => return false,
                _ => {}
            }
        }
    }

    fn pop(&self) -> Option<usize> {
        loop {
            come_to(Site::PopHead);
            let h = self.head.load(SeqCst);
            let cell = &self.cells[h % N];
            come_to(Site::PopEntry);
            match cell.sequence.load(SeqCst).wrapping_sub(h + 1) as isize {
                0 => {
                    come_to(Site::AdvanceHead);
                    if self.head.compare_exchange(h, h + 1, SeqCst, SeqCst).is_ok() {
                        let value = cell.value.load(SeqCst);
                        come_to(Site::LeaveRing);
                        cell.sequence.store(h + N, SeqCst);
                        return Some(value);
                    }
                }
                d if d < 0 => return None,
                _ => {}
            }
        }
    }

    /// Runs jobs until it has to stop.
    pub fn work(&self) {
        while !self.stop.load(SeqCst) {
            match self.pop() {
                Some(job) => self.done[job].store(true, SeqCst),
                None => std::thread::yield_now(),
            }
        }
    }

    /// Submits and waits until it has to stop.
    pub fn submit_and_wait(&self) {
        while !self.stop.load(SeqCst) {
            let _ = self.cycle(1, GENEROUS);
        }
    }

    pub fn stop(&self) {
        self.stop.store(true, SeqCst);
    }

    fn one(&self, end: Instant) -> Result<(), String> {
        let late = |what: &str| match Instant::now() > end || self.stop.load(SeqCst) {
            true => Err(format!("{what} hangs")),
            false => Ok(()),
        };
        let job = loop {
            let free = (0..N).find(|&i| !self.taken[i].swap(true, SeqCst));
            match free {
                Some(job) => break job,
                None => late("a free job")?,
            }
            std::thread::yield_now();
        };
        self.done[job].store(false, SeqCst);
        while !self.push(job) {
            // Not pushed, so it is still ours.
            late("push").inspect_err(|_| self.taken[job].store(false, SeqCst))?;
            std::thread::yield_now();
        }
        while !self.done[job].load(SeqCst) {
            // It stays taken: it may run yet.
            late("wait")?;
            std::thread::yield_now();
        }
        self.taken[job].store(false, SeqCst);
        Ok(())
    }
}

impl<const N: usize> Subject for Vyukov<N> {
    fn cycle(&self, jobs: u64, patience: Duration) -> Result<(), String> {
        let end = Instant::now() + patience;
        (0..jobs).try_for_each(|_| self.one(end))
    }
}
