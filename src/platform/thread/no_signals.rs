//! A stand-in for `signals.rs` on systems without signals.

/// Blocks nothing.
pub(crate) struct BlockedSignals;

impl BlockedSignals {
    pub(crate) fn for_new_threads() -> Self {
        Self
    }
}
