//! How many workers of its own a pool has and is to have. `resize.rs` has the protocol.

use crate::sync::{AtomicUsize, Relaxed, Site, const_fn, ordering};

/// Bits of each count: more than `sleep::MAX_WORKERS` needs.
const BITS: u32 = if usize::BITS == 64 { 21 } else { 10 };
const MASK: usize = (1 << BITS) - 1;
const PRESENT: usize = 1;
const WANTED: usize = 1 << BITS;
const LEAVING: usize = 1 << (2 * BITS);
const _: () = assert!(crate::sleep::MAX_WORKERS <= MASK && 3 * BITS <= usize::BITS);

/// The counts of a pool's own workers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Heads(usize);

impl Heads {
    /// Those that have not begun to leave.
    pub(crate) const fn present(self) -> usize {
        self.0 & MASK
    }

    pub(crate) const fn wanted(self) -> usize {
        self.0 >> BITS & MASK
    }

    /// Those that have begun to leave and are still in a hook.
    pub(crate) const fn leaving(self) -> usize {
        self.0 >> (2 * BITS)
    }

    /// Is any worker to leave?
    pub(crate) const fn are_too_many(self) -> bool {
        self.present() > self.wanted()
    }
}

/// The word. In a build without threads it has no field, and all counts are 0.
pub(crate) struct Headcount(#[cfg(any(feature = "std", feature = "pthread", jobring_loom))] AtomicUsize);

impl Headcount {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self(
                #[cfg(any(feature = "std", feature = "pthread", jobring_loom))]
                AtomicUsize::new(0),
            )
        }
    }

    #[cfg(any(feature = "std", feature = "pthread", jobring_loom))]
    fn word(&self) -> Option<&AtomicUsize> {
        Some(&self.0)
    }

    #[cfg(not(any(feature = "std", feature = "pthread", jobring_loom)))]
    fn word(&self) -> Option<&AtomicUsize> {
        None
    }

    pub(crate) fn heads(&self) -> Heads {
        // ORDERING: Relaxed: counts. A thread that waits for a change looks after a notification.
        Heads(self.word().map_or(0, |word| word.load(ordering(Site::HeadsLook, Relaxed))))
    }

    /// Changes the counts by `step`, unless that returns None. Returns the new counts.
    fn update(&self, step: impl Fn(Heads) -> Option<usize>) -> Option<Heads> {
        let word = self.word()?;
        let mut old = self.heads();
        loop {
            let new = step(old)?;
            // ORDERING: Relaxed: counts in one word. The fences around LEAVE order `wanted`.
            match word.compare_exchange(
                old.0,
                new,
                ordering(Site::HeadsMove, Relaxed),
                ordering(Site::HeadsMoveLost, Relaxed),
            ) {
                Ok(_) => return Some(Heads(new)),
                Err(now) => old = Heads(now),
            }
        }
    }

    /// Wants this many workers. Returns the new counts.
    pub(crate) fn want(&self, workers: usize) -> Option<Heads> {
        self.update(|heads| Some(heads.0 - heads.wanted() * WANTED + workers * WANTED))
    }

    /// One more worker, if there are fewer than wanted.
    pub(crate) fn add(&self) -> bool {
        self.update(|heads| (heads.present() < heads.wanted()).then_some(heads.0 + PRESENT)).is_some()
    }

    /// No more are wanted than there are.
    pub(crate) fn settle(&self) {
        self.update(|heads| {
            let surplus = heads.wanted().saturating_sub(heads.present());
            (surplus > 0).then(|| heads.0 - surplus * WANTED)
        });
    }

    /// A worker is gone that was not asked to leave. It is not replaced.
    pub(crate) fn lose(&self) {
        self.update(|heads| heads.0.checked_sub(PRESENT).filter(|_| heads.present() > 0));
    }

    /// The calling worker begins to leave, if there are too many.
    pub(crate) fn begin_leave(&self) -> bool {
        self.update(|heads| heads.are_too_many().then_some(heads.0 - PRESENT + LEAVING)).is_some()
    }

    /// The calling worker has left.
    pub(super) fn end_leave(&self) {
        self.update(|heads| (heads.leaving() > 0).then(|| heads.0 - LEAVING));
    }
}
