//! Statistics, a worker's number and a process's number. They order nothing, so they are left out of the
//! models and have no sites. So are the flags that a worker reads between two jobs.

#[cfg(not(jobring_loom))]
use super::AtomicUsize;

/// A counter that wraps and orders nothing.
pub(crate) struct Counter(#[cfg(not(jobring_loom))] AtomicUsize);

impl Counter {
    pub(crate) const fn new() -> Self {
        Self(
            #[cfg(not(jobring_loom))]
            AtomicUsize::new(0),
        )
    }

    /// Adds one. Returns the previous count.
    #[inline]
    pub(crate) fn add(&self) -> usize {
        #[cfg(jobring_loom)]
        return 0;
        // ORDERING: Relaxed: a statistic, or a number that is used once.
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

/// A number that one thread at a time writes and others read. It guards nothing, and is left out of the
/// models too. It has 64 bits if the target has such atomics, otherwise a word.
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

    /// From the time that it holds until `now`, nanoseconds. Modulo a word where it has no 64 bits.
    pub(crate) fn until(&self, now: u64) -> u64 {
        let whole = if cfg!(target_has_atomic = "64") { u64::MAX } else { usize::MAX as u64 };
        now.wrapping_sub(self.get()) & whole
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

/// Flags that are set, and never cleared. They order nothing: a thread that sees one late acts late. In a build without
/// threads of the library's they take no memory, and cannot be set.
pub(crate) struct Flags(#[cfg(any(feature = "std", feature = "pthread", jobring_loom))] FlagsWord);

#[cfg(jobring_loom)]
type FlagsWord = core::sync::atomic::AtomicUsize;
#[cfg(all(not(jobring_loom), any(feature = "std", feature = "pthread")))]
type FlagsWord = AtomicUsize;

impl Flags {
    pub(crate) const fn new() -> Self {
        Self(
            #[cfg(any(feature = "std", feature = "pthread", jobring_loom))]
            FlagsWord::new(0),
        )
    }

    pub(crate) fn set(&self, _flag: usize) {
        // ORDERING: Relaxed: they order nothing.
        #[cfg(any(feature = "std", feature = "pthread", jobring_loom))]
        self.0.fetch_or(_flag, core::sync::atomic::Ordering::Relaxed);
    }

    /// Is no flag set?
    #[inline(always)]
    pub(crate) fn are_clear(&self) -> bool {
        // ORDERING: Relaxed, the same.
        #[cfg(any(feature = "std", feature = "pthread", jobring_loom))]
        return self.0.load(core::sync::atomic::Ordering::Relaxed) == 0;
        #[cfg(not(any(feature = "std", feature = "pthread", jobring_loom)))]
        true
    }
}
