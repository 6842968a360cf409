//! The calling thread's context, as the ports of C programs keep it. All of them share one function for it,
//! because some calls name no pool.

use crate::sync::AtomicUsize;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;

type Get = unsafe extern "C" fn() -> *mut c_void;

/// The address of that function; 0 if there is none yet.
static GET: AtomicUsize = AtomicUsize::new(0);

/// Is `get` that function? The first one that is given becomes it.
pub(crate) fn asks(get: Get) -> bool {
    let address = (get as *const ()).expose_provenance();
    // ORDERING: Relaxed: only the address is handed over, and it never changes.
    match GET.compare_exchange(0, address, Relaxed, Relaxed) {
        Ok(_) => true,
        Err(first) => first == address,
    }
}

/// The calling thread's context, from that function; null as long as there is none.
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
