//! Where there are no signals.

/// As in `signals.rs`.
pub(crate) struct BlockedSignals;

impl BlockedSignals {
    pub(crate) fn for_new_threads() -> Self {
        Self
    }
}
