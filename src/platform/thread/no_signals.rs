//! Where there are no signals.

/// As in `signals.rs`.
pub(crate) struct Blocked;

impl Blocked {
    pub(crate) fn for_new_threads() -> Self {
        Self
    }
}
