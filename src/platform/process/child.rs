//! Children of the pool's process: how they are created, collected and recognised.

use crate::platform::fork;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::AtomicU32;

/// A child, named by a descriptor: its number may be given to another process, the descriptor is not.
pub(crate) struct Process(OwnedFd);

/// What became of a child of which the number is known.
pub(crate) enum Found {
    Process(Process),
    /// It has ended, and somebody has collected it.
    Gone,
    /// There is no descriptor or no memory for it now.
    NotNow,
}

/// What a call that makes a process returns, in both.
pub(crate) enum Cloned {
    Parent(Process),
    Child,
}

/// The flag of fork(2): the child copies the memory. In the low byte no signal: its parent gets none when it ends, and `wait` without
/// `__WALL` does not find it.
const QUIET: libc::c_int = 0;

/// Where the C library keeps the number of the calling thread, if the system tells and it is that. A child of a bare clone has to
/// correct it: the library uses it for locks, and for a thread's signals to itself.
fn number_of_thread() -> Option<*mut libc::pid_t> {
    let mut place: *mut libc::pid_t = ptr::null_mut();
    // SAFETY:
    // - the command writes an address.
    let is_known = unsafe { libc::prctl(libc::PR_GET_TID_ADDRESS, &raw mut place) } == 0 && !place.is_null();
    // SAFETY:
    // - the library gave the system this address, for a number that is written when the thread ends.
    (is_known && unsafe { place.read() } == Child::thread()).then_some(place)
}

/// clone(2) without a stack, so the child goes on with a copy of this one.
///
/// # Safety
/// 1. `number` is null or what `flags` ask for.
/// 2. The child does only what a child of this process may do: with other threads, what is safe in a signal handler.
unsafe fn clone(flags: libc::c_int, number: *mut libc::c_int) -> io::Result<libc::c_long> {
    let no_stack = 0usize;
    let flags = flags as usize;
    let nothing = ptr::null::<u8>();
    let own_number = number_of_thread();
    // SAFETY:
    // - 1, 2. The library's wrapper wants a stack, so the call is made directly; the order is the machine's.
    let pid = unsafe {
        #[cfg(target_arch = "s390x")]
        let pid = libc::syscall(libc::SYS_clone, no_stack, flags, number, nothing, nothing);
        #[cfg(not(target_arch = "s390x"))]
        let pid = libc::syscall(libc::SYS_clone, flags, no_stack, number, nothing, nothing);
        pid
    };
    if let (0, Some(place)) = (pid, own_number) {
        // SAFETY:
        // - the child has a copy of that memory, and one thread.
        unsafe { place.write(Child::thread()) };
        // The system forgets the address in a child, and the child's own children need it.
        // SAFETY:
        // - as above: the memory stays for as long as the thread.
        unsafe { libc::syscall(libc::SYS_set_tid_address, place) };
    }
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(pid) }
}

impl Process {
    /// Makes a child of which the program's own `wait` and SIGCHLD know nothing.
    ///
    /// # Safety
    /// 1. The calling thread is the only one that does anything. (Otherwise the child may do only what is safe in a signal handler.)
    pub(crate) unsafe fn clone_quiet() -> io::Result<Cloned> {
        let mut fd: RawFd = -1;
        // SAFETY:
        // - 1: CLONE_PIDFD writes a descriptor.
        // - 2: 1.
        if unsafe { clone(QUIET | libc::CLONE_PIDFD, &raw mut fd) }? == 0 {
            fork::note_child();
            return Ok(Cloned::Child);
        }
        // SAFETY:
        // - just opened, and nobody else has it.
        Ok(Cloned::Parent(Self(unsafe { OwnedFd::from_raw_fd(fd) })))
    }

    /// Makes a child as fork(3) does: handlers for forks run, and the child may allocate.
    ///
    /// # Safety
    /// 1. The child uses nothing that another thread may have locked, except what handlers of forks repair.
    pub(crate) unsafe fn fork() -> io::Result<Cloned> {
        // SAFETY:
        // - 1.
        match unsafe { libc::fork() } {
            0 => Ok(Cloned::Child),
            pid if pid > 0 => match Self::open(pid) {
                Ok(process) => Ok(Cloned::Parent(process)),
                Err(error) => {
                    // SAFETY:
                    // - the signal is sent to the child that was just made.
                    unsafe { libc::kill(pid, libc::SIGKILL) };
                    // SAFETY:
                    // - no status is asked for.
                    unsafe { libc::waitpid(pid, ptr::null_mut(), 0) };
                    Err(error)
                }
            },
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Does the system give descriptors of processes, and wait by them? Linux does since 5.4, unless a filter forbids it.
    pub(crate) fn check() -> io::Result<()> {
        match Self::open(Child::number()) {
            // This process is not a child of its own.
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(()),
            other => other.map(drop),
        }
    }

    /// The child of this process with this number.
    pub(crate) fn find(pid: i32) -> Found {
        match Self::open(pid) {
            Ok(process) => Found::Process(process),
            Err(error) => match error.raw_os_error() {
                Some(libc::ESRCH | libc::ECHILD) => Found::Gone,
                _ => Found::NotNow,
            },
        }
    }

    /// The same. An error if there is none.
    fn open(pid: i32) -> io::Result<Self> {
        let no_flags = 0;
        // SAFETY:
        // - no pointer is passed.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, no_flags) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY:
        // - just opened, and nobody else has it.
        let process = Self(unsafe { OwnedFd::from_raw_fd(fd as RawFd) });
        // Not the parent's child, or somebody has collected it.
        process.status(libc::WNOHANG | libc::WNOWAIT).map(|_| process)
    }

    /// Readable when the process has ended.
    pub(crate) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Sends SIGKILL. A process that has ended does not care.
    pub(crate) fn kill(&self) {
        let (info, no_flags) = (ptr::null::<libc::siginfo_t>(), 0);
        // SAFETY:
        // - no information is passed.
        crate::platform::keeping_errno(|| unsafe {
            libc::syscall(libc::SYS_pidfd_send_signal, self.fd(), libc::SIGKILL, info, no_flags);
        });
    }

    /// Waits until it has ended and collects it: its exit code, or the negative number of its signal. None: the program's own `wait`
    /// has collected it.
    pub(crate) fn wait(self) -> Option<i32> {
        self.status(0).ok().flatten()
    }

    /// waitid(2). Ok(None): it lives.
    fn status(&self, options: libc::c_int) -> io::Result<Option<i32>> {
        // SAFETY:
        // - all-zero is a value of this structure of numbers.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let options = options | libc::WEXITED | libc::__WALL;
        loop {
            // SAFETY:
            // - writable for the structure.
            let found =
                unsafe { libc::waitid(libc::P_PIDFD, self.fd() as libc::id_t, &raw mut info, options) };
            if found == 0 {
                break;
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        // SAFETY:
        // - waitid has filled it in, or left it zero.
        let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
        let by_itself = info.si_code == libc::CLD_EXITED;
        Ok((pid != 0).then_some(if by_itself { status } else { -status }))
    }
}

/// The exit code of a worker that could not get ready, or that can't signal any more.
pub(crate) const UNFIT: i32 = 121;

/// What the child does with itself.
pub(crate) struct Child;

impl Child {
    /// Makes a child of this process's parent, and stores its number before it runs, even if this process is killed. True in it.
    ///
    /// # Safety
    /// 1. This process has one thread.
    pub(crate) unsafe fn clone_sibling(number: &AtomicU32) -> io::Result<Option<i32>> {
        // It inherits the signal at its end from this process.
        let flags = libc::CLONE_PARENT | libc::CLONE_PARENT_SETTID;
        // SAFETY:
        // - 1: CLONE_PARENT_SETTID writes a number of 32 bits.
        // - 2: 1.
        let pid = unsafe { clone(flags, number.as_ptr().cast()) }?;
        Ok((pid != 0).then_some(pid as i32))
    }

    /// From here on the kernel kills this process when the thread of its parent that made it ends. False if that has
    /// happened: `parent` is not its parent.
    #[must_use]
    pub(crate) fn die_with(parent: i32) -> bool {
        // SAFETY:
        // - the command takes a number.
        let set = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } == 0;
        set && Self::parent() == parent
    }

    /// The number of this process.
    pub(crate) fn number() -> i32 {
        // SAFETY:
        // - has no preconditions.
        unsafe { libc::getpid() }
    }

    /// The number of the calling thread.
    fn thread() -> libc::pid_t {
        // SAFETY:
        // - has no preconditions.
        unsafe { libc::syscall(libc::SYS_gettid) as libc::pid_t }
    }

    /// The number of its parent.
    pub(crate) fn parent() -> i32 {
        // SAFETY:
        // - has no preconditions.
        unsafe { libc::getppid() }
    }

    /// Ends this process: no handlers run, and no buffers are written.
    pub(crate) fn exit(code: i32) -> ! {
        // SAFETY:
        // - has no preconditions.
        unsafe { libc::_exit(code) }
    }

    /// Ends it as the parent would.
    pub(crate) fn kill() -> ! {
        // SAFETY:
        // - the signal is sent to this process.
        unsafe { libc::kill(Self::number(), libc::SIGKILL) };
        loop {
            std::hint::spin_loop();
        }
    }

    /// Closes a descriptor that this process inherited.
    ///
    /// # Safety
    /// 1. No owner of it uses it in this process.
    pub(crate) unsafe fn close(fd: RawFd) {
        // SAFETY:
        // - 1.
        unsafe { libc::close(fd) };
    }
}
