//! What the frames of this archive answer to an unwinder. Their tables name this function wherever code of the user's is called.

#[cfg(target_arch = "arm")]
compile_error!("on 32-bit Arm the unwinder's interface is another one, which only std knows: make STD=1");

/// `_UA_FORCE_UNWIND`: the thread ends (pthread_exit, pthread_cancel). There is nothing to clean up on the way.
const FORCED: i32 = 8;
const CONTINUE: i32 = 8;
/// `_URC_FATAL_PHASE1_ERROR`: so the search for a handler ends here, and `__cxa_throw` calls `std::terminate`, with the stack as it
/// was at the throw. It prints the exception.
const NO_HANDLER: i32 = 3;

/// The library of the unwinder gives three more arguments, of which this one needs none.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality(_version: i32, actions: i32) -> i32 {
    if actions & FORCED != 0 { CONTINUE } else { NO_HANDLER }
}
