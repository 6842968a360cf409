//! The C face: every `extern "C"` item, written plainly, so that cbindgen sees them. No algorithm and no atomic
//! lives here: arguments are checked, the core is called, its answer becomes a status.
//!
//! The documentation of these items is the header's; it is written for C readers.

#![allow(non_camel_case_types, reason = "C names")]

mod abi;
mod batch;
mod birth;
mod config;
mod drive;
mod end;
mod failure;
mod guard;
mod job;
mod know;
mod order;
mod outward;
mod parallel;
mod port;
mod result;
mod settings;
#[cfg(not(any(feature = "std", feature = "pthread")))]
mod spawned;
#[cfg(all(test, feature = "alloc"))]
mod stale;
mod status;
mod submit;
mod worker;

pub use abi::*;
pub use batch::*;
pub use birth::*;
pub use config::*;
pub use drive::*;
pub use end::*;
pub use know::*;
pub use parallel::*;
pub use port::*;
pub use result::*;
pub use status::*;
pub use submit::*;
pub use worker::*;
