//! The panic handler. No code of the library's users panics here, since they write C: it names a bug of the library, and ends the
//! process. It does without `core::fmt`, which is a KiB more.

unsafe extern "C" {
    fn write(descriptor: i32, bytes: *const u8, count: usize) -> isize;
    fn abort() -> !;
}

fn print(text: &[u8]) {
    // SAFETY:
    // - the bytes are readable. A failed write changes nothing.
    unsafe { write(2, text.as_ptr(), text.len()) };
}

fn print_number(number: u32) {
    if number >= 10 {
        print_number(number / 10);
    }
    print(&[b'0' + (number % 10) as u8]);
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    print(b"jobring: panic");
    if let Some(place) = info.location() {
        print(b" at ");
        print(place.file().as_bytes());
        print(b":");
        print_number(place.line());
    }
    if let Some(text) = info.message().as_str() {
        print(b": ");
        print(text.as_bytes());
    }
    print(b"\n");
    // SAFETY:
    // - has no preconditions.
    unsafe { abort() }
}
