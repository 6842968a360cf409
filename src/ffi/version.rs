//! Versions, and the capabilities of this build.

/// The version of this header: major * 1,000,000 + minor * 1,000 + patch.
pub const JOBRING_VERSION: u32 = 1_000;

/// The ABI version of this header. It changes when a program built against an older header must be compiled
/// again.
pub const JOBRING_ABI_VERSION: u32 = 1;

/// Workers can be pthreads.
pub const JOBRING_FEATURE_PTHREAD: u64 = 1;
/// Workers can be threads of Rust's standard library.
pub const JOBRING_FEATURE_STD: u64 = 2;
/// jobring_create() works.
pub const JOBRING_FEATURE_CREATE: u64 = 4;
/// There is a clock, so finite timeouts work. Without one a finite timeout only polls, unless the pool's
/// port has a clock.
pub const JOBRING_FEATURE_CLOCK: u64 = 8;
/// A pool can run on a user-defined port: jobring_port.h.
pub const JOBRING_FEATURE_PORT: u64 = 16;

/// Returns the version of the library that the program runs with, in the form of JOBRING_VERSION.
///
/// A program that loads the library at run time compares the two.
///
/// From anywhere, including a signal handler and an interrupt. Does not block or allocate.
#[unsafe(no_mangle)]
pub extern "C" fn jobring_version() -> u32 {
    JOBRING_VERSION
}

/// Returns the ABI version of the library that the program runs with, in the form of JOBRING_ABI_VERSION.
///
/// From anywhere, including a signal handler and an interrupt. Does not block or allocate.
#[unsafe(no_mangle)]
pub extern "C" fn jobring_abi_version() -> u32 {
    JOBRING_ABI_VERSION
}

/// Returns what the library was built with: JOBRING_FEATURE_ bits.
///
/// Every build has every function of this header. A function that a build cannot serve returns
/// JOBRING_E_UNSUPPORTED.
///
/// From anywhere, including a signal handler and an interrupt. Does not block or allocate.
#[unsafe(no_mangle)]
pub extern "C" fn jobring_features() -> u64 {
    let bit = |there: bool, bit| if there { bit } else { 0 };
    bit(cfg!(all(feature = "pthread", unix)), JOBRING_FEATURE_PTHREAD)
        | bit(cfg!(feature = "std"), JOBRING_FEATURE_STD)
        | bit(crate::util::memory::AVAILABLE, JOBRING_FEATURE_CREATE)
        | bit(cfg!(any(feature = "std", feature = "pthread")), JOBRING_FEATURE_CLOCK)
        | bit(
            cfg!(all(feature = "port", not(any(feature = "std", feature = "pthread")))),
            JOBRING_FEATURE_PORT,
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_packages() {
        let mut parts = env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse::<u32>().unwrap());
        let (major, minor, patch) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        assert_eq!(JOBRING_VERSION, major * 1_000_000 + minor * 1_000 + patch);
    }
}
