//! Who the calling thread is, where the ports of C programs tell it: one way for all of them, since some calls name no
//! pool.

use crate::sync::AtomicUsize;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;

type Get = unsafe extern "C" fn() -> *mut c_void;

/// The address of the function that tells it; 0: none was given yet.
static GET: AtomicUsize = AtomicUsize::new(0);

/// Is that the function to ask? It is if it is the first that was ever given.
pub(crate) fn asks(get: Get) -> bool {
    let address = (get as *const ()).expose_provenance();
    // ORDERING: Relaxed: the address is all that is handed over, and never changes.
    match GET.compare_exchange(0, address, Relaxed, Relaxed) {
        Ok(_) => true,
        Err(first) => first == address,
    }
}

/// What it tells of the calling thread; null as long as there is none.
pub(crate) fn current() -> *const c_void {
    // ORDERING: Relaxed, as in asks.
    match GET.load(Relaxed) {
        0 => ptr::null(),
        address => {
            // SAFETY:
            // - `asks` put the address of such a function there, which may be called by any thread.
            unsafe {
                let get = core::mem::transmute::<*const (), Get>(ptr::with_exposed_provenance(address));
                get()
            }
        }
    }
}
