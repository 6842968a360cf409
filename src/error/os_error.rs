//! An error of the operating system.

use core::fmt;

/// An error of the operating system: its number, in builds with and without std.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OsError(Option<i32>);

impl OsError {
    #[cfg(all(feature = "pthread", unix))]
    pub(crate) fn from_raw(number: i32) -> Self {
        Self(Some(number))
    }

    #[cfg(feature = "std")]
    pub(crate) fn of(error: &std::io::Error) -> Self {
        Self(error.raw_os_error())
    }

    /// The number: an `errno` on Unix. None if the system gave none.
    ///
    /// ```no_run
    /// use jobring::{BuildError, Pool};
    ///
    /// // More threads than this process may have.
    /// if let Err(BuildError::Thread(error)) = Pool::builder().workers(60_000).build() {
    ///     println!("{error} (errno {:?})", error.raw_os_error());
    /// }
    /// ```
    #[must_use]
    pub fn raw_os_error(self) -> Option<i32> {
        self.0
    }
}

#[cfg(feature = "std")]
impl From<OsError> for std::io::Error {
    fn from(error: OsError) -> Self {
        match error.0 {
            Some(number) => Self::from_raw_os_error(number),
            None => Self::other(error),
        }
    }
}

impl fmt::Display for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            #[cfg(feature = "std")]
            Some(number) => std::io::Error::from_raw_os_error(number).fmt(f),
            #[cfg(not(feature = "std"))]
            Some(number) => write!(f, "error {number} of the system"),
            None => f.write_str("the system gave no number"),
        }
    }
}

impl core::error::Error for OsError {}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn an_os_error_is_an_io_error() {
        let none = std::io::Error::from(OsError(None));
        assert_eq!((none.raw_os_error(), none.kind()), (None, std::io::ErrorKind::Other));
        let error = std::io::Error::from_raw_os_error(11);
        let kept = OsError::of(&error);
        assert_eq!(kept.raw_os_error(), Some(11));
        assert_eq!(std::io::Error::from(kept).kind(), error.kind());
        assert_eq!(std::string::ToString::to_string(&kept), std::string::ToString::to_string(&error));
    }
}
