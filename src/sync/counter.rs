//! A statistics counter: guards nothing, decides nothing, and so is left out of the model and of the sites.

/// Counts, wrapping, without ordering anything.
pub(crate) struct Counter(#[cfg(not(jobring_loom))] core::sync::atomic::AtomicUsize);

impl Counter {
    pub(crate) const fn new() -> Self {
        Self(
            #[cfg(not(jobring_loom))]
            core::sync::atomic::AtomicUsize::new(0),
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
