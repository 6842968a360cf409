//! For the controls of tests/tsan: its C program is asked at every named site whether the ordering is to be Relaxed,
//! and may put the thread off there.

use super::site::Site;
use core::sync::atomic::Ordering;

unsafe extern "C" {
    safe fn jobring_tsan_weakens(site: u32) -> bool;
}

pub(crate) fn ordering(site: Site, order: Ordering) -> Ordering {
    if jobring_tsan_weakens(site as u32) { Ordering::Relaxed } else { order }
}
