//! jobring's C library, as `make` builds it. Without std it brings what an archive then lacks: a panic handler, and the function by
//! which an unwinder asks Rust's stack frames what to do.

#![cfg_attr(not(feature = "std"), no_std)]

// Its functions are found by name.
extern crate jobring as _;

#[cfg(not(feature = "std"))]
mod panic;
#[cfg(not(feature = "std"))]
mod personality;
