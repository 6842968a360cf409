//! Semihosting: the debugger (here QEMU) prints for the firmware and ends the run.

use core::arch::asm;
use core::fmt::{self, Write};

const WRITE0: usize = 0x04;
const EXIT: usize = 0x18;
const APPLICATION_EXIT: usize = 0x2_0026;
const RUN_TIME_ERROR: usize = 0x2_0023;

fn call(operation: usize, argument: usize) {
    // SAFETY:
    // - a breakpoint that the debugger answers; what the operations used here read is valid while the call
    //   lasts.
    unsafe { asm!("bkpt 0xab", inout("r0") operation => _, in("r1") argument) }
}

/// Ends the run.
pub fn exit(well: bool) -> ! {
    call(EXIT, if well { APPLICATION_EXIT } else { RUN_TIME_ERROR });
    loop {}
}

/// Text, collected and printed piece by piece: a call to the debugger for every character would take long.
pub struct Console {
    line: [u8; 128],
    used: usize,
}

impl Console {
    /// Nothing written yet.
    pub const fn new() -> Self {
        Self { line: [0; 128], used: 0 }
    }

    fn flush(&mut self) {
        self.line[self.used] = 0;
        call(WRITE0, self.line.as_ptr() as usize);
        self.used = 0;
    }
}

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            // One byte is left for the end of the text.
            if self.used == self.line.len() - 1 {
                self.flush();
            }
            self.line[self.used] = byte;
            self.used += 1;
        }
        Ok(())
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Prints a line. With interrupts that print nothing.
#[macro_export]
macro_rules! println {
    ($($text:tt)*) => {{
        use core::fmt::Write as _;
        let _ = writeln!($crate::host::Console::new(), $($text)*);
    }};
}
