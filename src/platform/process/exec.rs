//! Starts this program once more.

use super::child::Child;
use std::ffi::{CStr, CString, OsStr};
use std::format;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::vec::Vec;

/// What a child needs to become this program again. It is made before the child, which allocates nothing.
pub(crate) struct Command {
    arguments: Vec<CString>,
    variables: Vec<CString>,
}

impl Command {
    /// This program, with its own first argument, its environment and one more variable.
    pub(crate) fn new(name: &str, value: &str) -> Self {
        let first = std::env::args_os().next().unwrap_or_default();
        let text = |text: &OsStr| CString::new(text.as_bytes()).ok();
        let mut variables: Vec<CString> = std::env::vars_os()
            .filter(|(known, _)| known != name)
            .filter_map(|(known, value)| {
                let mut both = known;
                both.push("=");
                both.push(value);
                text(&both)
            })
            .collect();
        variables.extend(CString::new(format!("{name}={value}")));
        Self { arguments: text(&first).into_iter().collect(), variables }
    }

    /// Pointers to the arguments and the variables, each list with null at its end.
    pub(crate) fn pointers(&self) -> [Vec<*const libc::c_char>; 2] {
        let list = |texts: &[CString]| {
            texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect::<Vec<_>>()
        };
        [list(&self.arguments), list(&self.variables)]
    }

    /// In the child: becomes the program, which inherits these descriptors. Allocates nothing.
    ///
    /// # Safety
    /// 1. `pointers` are those of a command that lives.
    pub(crate) unsafe fn replace_child(pointers: &[Vec<*const libc::c_char>; 2], descriptors: &[RawFd]) -> ! {
        for fd in descriptors {
            // SAFETY:
            // - the command takes a number.
            unsafe { libc::fcntl(*fd, libc::F_SETFD, 0) };
        }
        let program: &CStr = c"/proc/self/exe";
        let [arguments, variables] = pointers;
        // SAFETY:
        // - 1: lists of strings, null at the end.
        unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), variables.as_ptr()) };
        Child::exit(127)
    }
}

/// Takes a variable out of the environment.
///
/// # Safety
/// 1. No other thread uses the environment.
pub(crate) unsafe fn unset_variable(name: &str) {
    // SAFETY:
    // - 1.
    unsafe { std::env::remove_var(name) };
}

/// A descriptor that this process inherited by `replace_child`, and does not pass on.
///
/// # Safety
/// 1. If it is open, it is that one, and has no other owner.
pub(crate) unsafe fn inherited(fd: RawFd) -> Option<OwnedFd> {
    // SAFETY:
    // - the command takes a number.
    let is_open = fd > 2 && unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) } == 0;
    // SAFETY:
    // - 1.
    is_open.then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}
