//! The library that creates a pool's threads.

/// The library that creates a pool's threads: see [`Builder::backend`](crate::Builder::backend). Every build
/// has every variant; one that cannot use a variant returns
/// [`BuildError::Unsupported`](crate::BuildError::Unsupported).
///
/// ```
/// use jobring::{Backend, BuildError, Pool};
///
/// match Pool::builder().backend(Backend::Pthread).workers(1).build() {
///     Ok(pool) => assert_eq!(pool.workers(), 1),
///     Err(error) => assert_eq!(error, BuildError::Unsupported("backend")),
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Backend {
    /// pthreads through libc (feature `pthread`): nothing is allocated for a thread, and its effective stack
    /// can be read.
    Pthread,
    /// `std::thread` (feature `std`). It ends the process if it is refused memory while it makes a thread.
    Std,
}

impl Backend {
    /// pthreads where this build has them, else std.
    pub(crate) const DEFAULT: Self =
        if cfg!(all(feature = "pthread", unix)) { Self::Pthread } else { Self::Std };

    /// Does this build have it?
    pub(crate) const fn is_available(self) -> bool {
        match self {
            Self::Pthread => cfg!(all(feature = "pthread", unix)),
            Self::Std => cfg!(feature = "std"),
        }
    }
}
