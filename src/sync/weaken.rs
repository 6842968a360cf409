//! For the controls of tests/tsan: at every named site the library asks its C program whether to weaken the
//! ordering to Relaxed. The program may also delay the thread there.

use super::site::Site;
use core::sync::atomic::Ordering;

unsafe extern "C" {
    safe fn jobring_tsan_weakens(site: u32) -> bool;
}

pub(crate) fn ordering(site: Site, order: Ordering) -> Ordering {
    // ORDERING: the caller's, which names the partner, or Relaxed where a control removes that edge.
    if jobring_tsan_weakens(site as u32) { Ordering::Relaxed } else { order }
}
