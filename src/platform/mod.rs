//! The ports of this build: the operating system's if there is one, otherwise one that spins; in a model the
//! model's.
//!
//! Linux and Android use `futex`: a wake takes no lock and is safe in a signal handler. Other systems with
//! `std` use `condvar`: the wake of a sleeping thread takes a mutex, and is not safe in a signal handler.

mod backend;
pub(crate) mod port;
#[cfg(any(feature = "std", feature = "pthread"))]
pub(crate) mod thread;
pub(crate) mod user_port;

pub use backend::Backend;

use crate::sync::const_fn;

#[cfg(all(any(feature = "std", feature = "pthread"), any(target_os = "linux", target_os = "android")))]
mod futex;
#[cfg(all(any(feature = "std", feature = "pthread"), any(target_os = "linux", target_os = "android")))]
use futex as sleep;

#[cfg(all(feature = "std", not(any(target_os = "linux", target_os = "android"))))]
mod condvar;
#[cfg(all(feature = "std", not(any(target_os = "linux", target_os = "android"))))]
use condvar as sleep;

#[cfg(all(feature = "pthread", not(feature = "std"), not(any(target_os = "linux", target_os = "android"))))]
compile_error!("the feature `pthread` without `std` needs a futex: Linux or Android. Add the feature `std`.");

#[cfg(any(feature = "std", feature = "pthread"))]
mod thread_local;

#[cfg(any(feature = "std", feature = "pthread"))]
mod errno;
#[cfg(any(feature = "std", feature = "pthread"))]
pub(crate) use errno::keeping_errno;

/// Runs `body`. This build has no errno to keep.
#[cfg(not(any(feature = "std", feature = "pthread")))]
pub(crate) fn keeping_errno<R>(body: impl FnOnce() -> R) -> R {
    body()
}

#[cfg(all(unix, any(feature = "std", feature = "pthread")))]
pub(crate) mod descriptor;
#[cfg(all(unix, any(feature = "std", feature = "pthread")))]
pub(crate) mod fork;

#[cfg(all(
    feature = "processes",
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64",
    not(any(jobring_loom, jobring_freeze))
))]
pub(crate) mod process;

#[cfg(any(feature = "std", feature = "pthread"))]
mod lock;
#[cfg(any(feature = "std", feature = "pthread"))]
mod os_port;
#[cfg(any(feature = "std", feature = "pthread"))]
pub(crate) mod stack_bounds;
#[cfg(feature = "std")]
pub(crate) mod std_tls_key;
#[cfg(any(feature = "std", feature = "pthread"))]
pub(crate) use lock::Lock;
#[cfg(all(any(feature = "std", feature = "pthread"), not(any(jobring_loom, jobring_freeze))))]
pub use os_port::Os as System;

#[cfg(all(feature = "capi", feature = "port", not(any(feature = "std", feature = "pthread"))))]
pub(crate) mod port_self;

#[cfg(jobring_freeze)]
mod test_port;
#[cfg(jobring_freeze)]
pub use test_port::DrivenPort as System;

#[cfg(not(any(feature = "std", feature = "pthread")))]
mod spin_port;
#[cfg(all(not(any(feature = "std", feature = "pthread")), not(jobring_loom)))]
pub use spin_port::Spin as System;

#[cfg(jobring_loom)]
mod model_port;
#[cfg(jobring_loom)]
pub use model_port::{Clock, ModelPort, ModelPort as System};

const_fn! {
    /// The system of a new pool. In a model each pool has its own, without a clock.
    pub(crate) fn system() -> System {
        #[cfg(not(jobring_loom))]
        return System;
        #[cfg(jobring_loom)]
        return ModelPort::new(Clock::None);
    }
}
