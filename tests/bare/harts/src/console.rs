//! Prints lines to the serial port, from one core at a time; and the panic handler.

use crate::machine;
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

struct Serial;

impl Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(machine::put);
        Ok(())
    }
}

pub fn print(line: fmt::Arguments) {
    let _ = Serial.write_fmt(line);
    machine::put(b'\n');
}

/// Prints a line. Only core 0 prints, except for panics.
#[macro_export]
macro_rules! say {
    ($($what:tt)*) => { $crate::console::print(format_args!($($what)*)) };
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    static FIRST: AtomicBool = AtomicBool::new(true);
    // ORDERING: Relaxed: it only decides which core is first.
    if !FIRST.swap(false, Relaxed) {
        machine::halt();
    }
    say!("\nFAILED on core {}: {info}", machine::core());
    machine::exit(false)
}
