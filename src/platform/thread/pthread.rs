//! The pthread backend. It allocates nothing for a thread.

use super::{Spawn, Start, ThreadOptions};
use crate::error::{BuildError, OsError};
use core::mem::MaybeUninit;

#[cfg(any(target_os = "linux", target_os = "android"))]
use libc::{pthread_attr_setguardsize, pthread_attr_setstack};

#[cfg(not(any(target_os = "linux", target_os = "android")))]
unsafe extern "C" {
    // The crate libc lacks both for macOS, and one for FreeBSD.
    fn pthread_attr_setguardsize(attr: *mut libc::pthread_attr_t, bytes: usize) -> libc::c_int;
    fn pthread_attr_setstack(
        attr: *mut libc::pthread_attr_t,
        low: *mut libc::c_void,
        bytes: usize,
    ) -> libc::c_int;
}

/// A joinable pthread.
pub(crate) struct Pthread(libc::pthread_t);

// SAFETY:
// - a pthread_t may be joined and asked from any thread (POSIX); joining consumes it.
unsafe impl Send for Pthread {}
// SAFETY:
// - as for Send: queries change nothing.
unsafe impl Sync for Pthread {}

/// Thread attributes, destroyed on drop.
struct Attr(libc::pthread_attr_t);

impl Attr {
    fn new() -> Result<Self, BuildError> {
        let mut attr = MaybeUninit::uninit();
        // SAFETY:
        // - pthread_attr_init initialises its argument if it returns 0.
        unsafe {
            if libc::pthread_attr_init(attr.as_mut_ptr()) != 0 {
                return Err(BuildError::NoMemory);
            }
            Ok(Self(attr.assume_init()))
        }
    }
}

impl Attr {
    fn set_stack(&mut self, options: &ThreadOptions<'_>) -> Result<(), BuildError> {
        // SAFETY:
        // - the attributes are initialised; a caller's stack is writable for its size, and no one else uses
        //   it until the thread was joined (WorkerSet::start).
        unsafe {
            let done = match options.stack {
                Some(low) => pthread_attr_setstack(&raw mut self.0, low.as_ptr().cast(), options.stack_size),
                None => libc::pthread_attr_setstacksize(&raw mut self.0, options.stack_size),
            };
            if done != 0 {
                return Err(BuildError::Invalid("stack_size"));
            }
            match options.guard_size {
                Some(guard) if pthread_attr_setguardsize(&raw mut self.0, guard) != 0 => {
                    Err(BuildError::Invalid("guard_size"))
                }
                _ => Ok(()),
            }
        }
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn set_cpu(&mut self, cpu: u32) -> Result<(), BuildError> {
        if cpu >= libc::CPU_SETSIZE as u32 {
            return Err(BuildError::Invalid("cpus"));
        }
        // SAFETY:
        // - a cpu_set_t is plain bits, for which zero is valid; `cpu` is within it; the attributes are
        //   initialised.
        let done = unsafe {
            let mut set: libc::cpu_set_t = core::mem::zeroed();
            libc::CPU_SET(cpu as usize, &mut set);
            libc::pthread_attr_setaffinity_np(&raw mut self.0, size_of_val(&set), &raw const set)
        };
        if done == 0 { Ok(()) } else { Err(BuildError::Invalid("cpus")) }
    }

    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    fn set_cpu(&mut self, _: u32) -> Result<(), BuildError> {
        Err(BuildError::Unsupported("cpus"))
    }
}

impl Drop for Attr {
    fn drop(&mut self) {
        // SAFETY:
        // - initialised, and not used again.
        unsafe { libc::pthread_attr_destroy(&raw mut self.0) };
    }
}

extern "C" fn begin(start: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY:
    // - spawn's obligation: `start` is valid until the thread was joined.
    let start = unsafe { *start.cast::<Start>() };
    // SAFETY:
    // - the same obligation, for the argument.
    unsafe { (start.run)(start.arg) };
    core::ptr::null_mut()
}

impl Pthread {
    /// Joins the thread if it has ended, otherwise detaches it.
    #[cfg(all(feature = "capi", target_os = "linux"))]
    pub(super) fn join_if_ended(self) {
        // SAFETY:
        // - the thread is joinable, and joined or detached once: self is consumed. If tryjoin fails, it is not joined.
        unsafe {
            if libc::pthread_tryjoin_np(self.0, core::ptr::null_mut()) != 0 {
                libc::pthread_detach(self.0);
            }
        }
    }
}

impl Spawn for Pthread {
    unsafe fn spawn(options: ThreadOptions<'_>, start: *const Start) -> Result<Self, BuildError> {
        let mut attr = Attr::new()?;
        attr.set_stack(&options)?;
        if let Some(cpu) = options.cpu {
            attr.set_cpu(cpu)?;
        }
        let mut thread = MaybeUninit::uninit();
        // SAFETY:
        // - `thread` is writable, the attributes are initialised; `start` is valid until join (1).
        let made = unsafe {
            libc::pthread_create(thread.as_mut_ptr(), &raw const attr.0, begin, start.cast_mut().cast())
        };
        match made {
            0 => {}
            // The process may not use this CPU.
            libc::EINVAL if options.cpu.is_some() => return Err(BuildError::Invalid("cpus")),
            number => return Err(BuildError::Thread(OsError::from_raw(number))),
        }
        // SAFETY:
        // - pthread_create returned 0 and so wrote it.
        let thread = unsafe { thread.assume_init() };
        Ok(Self(thread))
    }

    fn join(self) {
        // SAFETY:
        // - the thread is joinable, and joined or detached once: self is consumed.
        unsafe {
            if libc::pthread_equal(self.0, libc::pthread_self()) != 0 {
                libc::pthread_detach(self.0);
            } else {
                libc::pthread_join(self.0, core::ptr::null_mut());
            }
        }
    }

    #[allow(clippy::unnecessary_cast, reason = "a pointer, or of another size, elsewhere")]
    fn id(&self) -> u64 {
        self.0 as u64
    }

    #[cfg(target_os = "linux")]
    fn try_join(self) -> Result<(), Self> {
        // SAFETY:
        // - the thread is joinable. If tryjoin fails, it is not joined, and self stays.
        if unsafe { libc::pthread_tryjoin_np(self.0, core::ptr::null_mut()) } == 0 {
            Ok(())
        } else {
            Err(self)
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn try_join(self) -> Result<(), Self> {
        Err(self)
    }

    fn stack_size(&self) -> Option<usize> {
        stack_size_of(self.0)
    }
}

/// Names the calling thread, at best effort: 15 bytes on Linux. To name another thread would mean to open and
/// write a file.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn name_self(name: &str) {
    let mut text = heapless::Vec::<u8, 16>::new();
    let cut = name.as_bytes().iter().copied().take_while(|&byte| byte != 0).take(15);
    text.extend(cut);
    // At most 15 bytes are in, so the terminator fits.
    let _ = text.push(0);
    // SAFETY:
    // - the thread is this one; `text` ends with a zero.
    unsafe { libc::pthread_setname_np(libc::pthread_self(), text.as_ptr().cast()) };
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn name_self(_: &str) {}

/// The size of the stack of a thread that was not joined yet, bytes.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn stack_size_of(thread: libc::pthread_t) -> Option<usize> {
    let mut attr = MaybeUninit::uninit();
    let (mut low, mut size) = (core::ptr::null_mut(), 0);
    // SAFETY:
    // - the thread has not been joined; pthread_getattr_np initialises `attr` if it returns 0.
    unsafe {
        if libc::pthread_getattr_np(thread, attr.as_mut_ptr()) != 0 {
            return None;
        }
        let known = libc::pthread_attr_getstack(attr.as_ptr(), &raw mut low, &raw mut size) == 0;
        libc::pthread_attr_destroy(attr.as_mut_ptr());
        known.then_some(size)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn stack_size_of(_: libc::pthread_t) -> Option<usize> {
    None
}
