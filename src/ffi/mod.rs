//! The C API: every `extern "C"` item, without macros, so that cbindgen sees them. There is no algorithm and
//! no atomic here: a call checks its arguments, calls the engine, and turns the answer into a status.
//!
//! The headers take their documentation from these items, so it is written for C readers. `jobring.h.in`,
//! `jobring_ext.h.in`, `jobring_processes.h.in` and `jobring_port.h.in` have the rest of the headers and the order of the items: tests/header_drift.rs puts
//! them together.

#![allow(non_camel_case_types, reason = "C names")]

mod abi_struct;
mod batch;
#[cfg(all(feature = "port", not(any(feature = "std", feature = "pthread"))))]
mod c_port;
mod call;
mod callback;
mod cancellable;
mod completion_event;
mod completion_queue;
mod completions;
mod config;
mod config_check;
mod config_field;
mod create;
mod failure;
#[cfg(all(test, feature = "alloc"))]
mod handle_tests;
mod idle;
mod info;
mod interrupt;
mod job;
mod lane;
mod lane_job;
#[cfg(not(all(feature = "port", not(any(feature = "std", feature = "pthread")))))]
mod no_port;
#[cfg(not(all(
    feature = "processes",
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64",
    not(jobring_freeze)
)))]
mod no_process_pool;
mod outcome;
mod owned_job;
mod parallel_for;
mod pause;
mod pool;
mod port;
#[cfg(not(any(feature = "std", feature = "pthread")))]
mod port_workers;
// Where there are no pools of processes, each call on them says so.
#[cfg(all(
    feature = "processes",
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64",
    not(jobring_freeze)
))]
mod process_pool;
mod processes;
mod processes_types;
mod queue;
mod request;
mod resize;
mod room;
mod run;
mod shutdown;
mod state;
mod status;
mod struct_init;
mod submit;
mod types;
mod version;
mod wait;
mod wait_many;
mod watch;
mod worker;

#[cfg(not(all(feature = "port", not(any(feature = "std", feature = "pthread")))))]
use no_port as c_port;

#[cfg(not(all(
    feature = "processes",
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64",
    not(jobring_freeze)
)))]
use no_process_pool as process_pool;

pub use batch::*;
pub use cancellable::*;
pub use completion_event::*;
pub use completions::*;
pub use config::*;
pub use config_field::*;
pub use create::*;
pub use idle::*;
pub use info::*;
pub use interrupt::*;
pub use lane::*;
pub use parallel_for::*;
pub use pause::*;
pub use port::*;
pub use processes::*;
pub use processes_types::*;
pub use queue::*;
pub use resize::*;
pub use run::*;
pub use shutdown::*;
pub use state::*;
pub use status::*;
pub use struct_init::*;
pub use submit::*;
pub use types::*;
pub use version::*;
pub use wait::*;
pub use wait_many::*;
pub use watch::*;
pub use worker::*;
