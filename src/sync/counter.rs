//! A statistics counter: guards nothing, decides nothing, and so is left out of the model and of the sites.

#[cfg(not(jobring_loom))]
use super::AtomicUsize;

/// Counts, wrapping, without ordering anything.
pub(crate) struct Counter(#[cfg(not(jobring_loom))] AtomicUsize);

impl Counter {
    pub(crate) const fn new() -> Self {
        Self(
            #[cfg(not(jobring_loom))]
            AtomicUsize::new(0),
        )
    }

    /// Adds one. The count before.
    #[inline]
    pub(crate) fn add(&self) -> usize {
        #[cfg(jobring_loom)]
        return 0;
        // ORDERING: Relaxed: a statistic, or a number that is given out once.
        #[cfg(not(jobring_loom))]
        self.0.fetch_add(1, core::sync::atomic::Ordering::Relaxed)
    }

    pub(crate) fn get(&self) -> usize {
        #[cfg(jobring_loom)]
        return 0;
        // ORDERING: Relaxed: a statistic.
        #[cfg(not(jobring_loom))]
        self.0.load(core::sync::atomic::Ordering::Relaxed)
    }
}

/// A number that one thread writes and others look at: guards nothing, and is left out of the model too. 64 bits where the
/// target's atomics have them, else a word.
pub(crate) struct StatCell(#[cfg(not(jobring_loom))] Word);

#[cfg(all(not(jobring_loom), target_has_atomic = "64"))]
type Word = core::sync::atomic::AtomicU64;
#[cfg(all(not(jobring_loom), not(target_has_atomic = "64")))]
type Word = AtomicUsize;

impl StatCell {
    pub(crate) const fn new() -> Self {
        Self(
            #[cfg(not(jobring_loom))]
            Word::new(0),
        )
    }

    #[inline]
    pub(crate) fn set(&self, _to: u64) {
        // ORDERING: Relaxed: a statistic.
        #[cfg(not(jobring_loom))]
        self.0.store(_to as _, core::sync::atomic::Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        #[cfg(jobring_loom)]
        return 0;
        // ORDERING: Relaxed: a statistic.
        #[cfg(not(jobring_loom))]
        #[cfg_attr(target_has_atomic = "64", expect(clippy::unnecessary_cast, reason = "a word elsewhere"))]
        return self.0.load(core::sync::atomic::Ordering::Relaxed) as u64;
    }
}
