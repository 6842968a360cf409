//! Memory that several processes share.

use super::system::above_standard;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::{self, NonNull};

/// A mapping of an anonymous file, and the file.
pub(crate) struct SharedMemory {
    file: OwnedFd,
    start: NonNull<u8>,
    size: usize,
}

// SAFETY:
// - an address and a descriptor, which every thread may use. What lies there synchronises itself.
unsafe impl Send for SharedMemory {}
// SAFETY:
// - as above.
unsafe impl Sync for SharedMemory {}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// How much memory the machine has, with its swap space.
fn total() -> Option<u64> {
    // SAFETY:
    // - all-zero is a value of this structure of numbers.
    let mut info: libc::sysinfo = unsafe { std::mem::zeroed() };
    // SAFETY:
    // - writable for the structure.
    let known = unsafe { libc::sysinfo(&raw mut info) } == 0;
    let total = info.totalram.saturating_add(info.totalswap).saturating_mul(info.mem_unit.into());
    known.then_some(total)
}

impl SharedMemory {
    /// New memory, all zero. Its pages are allocated here, so that a lack of memory is an error of this call and not a signal later.
    pub(crate) fn new(size: usize) -> io::Result<Self> {
        let (name, flags) = (c"jobring", libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING);
        // SAFETY:
        // - the name ends with a zero.
        let fd = check(unsafe { libc::memfd_create(name.as_ptr(), flags) })?;
        // SAFETY:
        // - just opened, and nobody else has it.
        let file = unsafe { above_standard(fd) }?;
        let fd = file.as_raw_fd();
        // The system would begin with that, and end this process or another one when nothing is left.
        if total().is_some_and(|total| size as u64 > total) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let length = libc::off_t::try_from(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let mut allocated = Err(io::ErrorKind::Interrupted.into());
        while allocated.as_ref().is_err_and(|error: &io::Error| error.kind() == io::ErrorKind::Interrupted) {
            // SAFETY:
            // - no pointer is passed.
            allocated = check(unsafe { libc::fallocate(fd, 0, 0, length) });
        }
        allocated?;
        // A process that cut the file would end the others by SIGBUS.
        let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
        // SAFETY:
        // - this command takes a number.
        check(unsafe { libc::fcntl(fd, libc::F_ADD_SEALS, seals) })?;
        Self::map(file, size)
    }

    /// Maps the memory that another process made.
    pub(crate) fn of(file: OwnedFd) -> io::Result<Self> {
        // SAFETY:
        // - all-zero is a value of this structure of numbers.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY:
        // - writable for the structure.
        check(unsafe { libc::fstat(file.as_raw_fd(), &raw mut stat) })?;
        Self::map(file, stat.st_size as usize)
    }

    fn map(file: OwnedFd, size: usize) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY:
        // - the system chooses an address at which nothing is.
        let start =
            unsafe { libc::mmap(ptr::null_mut(), size, access, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { file, start, size })
    }

    /// The size of a page.
    pub(crate) fn page() -> usize {
        // SAFETY:
        // - has no preconditions.
        unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
    }

    /// Makes the first pages read-only in this process. False if the system refuses.
    ///
    /// # Safety
    /// 1. `start` and `size` are those of whole pages of a mapping, to which this process does not write from here on.
    pub(crate) unsafe fn protect(start: *mut u8, size: usize) -> bool {
        // SAFETY:
        // - 1.
        unsafe { libc::mprotect(start.cast(), size, libc::PROT_READ) == 0 }
    }

    /// Its first byte, at the begin of a page.
    pub(crate) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn file(&self) -> libc::c_int {
        self.file.as_raw_fd()
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY:
        // - mapped in `map`. Whoever has a reference into it borrows `self`, or promised to end before.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.size) };
    }
}
