//! The table of functions that the workers call.

use jobring::ProcessFunction;
use std::io::Write;

pub const REVERSE: usize = 0;
pub const FAIL: usize = 1;
pub const PANIC: usize = 2;
pub const SIGNAL: usize = 3;
pub const EXIT: usize = 4;
pub const ABORT: usize = 5;
pub const ENDLESS: usize = 6;
pub const FAULT: usize = 7;
pub const PROCESS: usize = 8;
pub const OPEN_FILES: usize = 9;
pub const ALLOCATE: usize = 10;
pub const WILD: usize = 11;
pub const TOO_LONG: usize = 12;
pub const IS_INITIALIZED: usize = 13;
pub const INITIALIZE: usize = 14;
pub const THREADS: usize = 15;
pub const WORK: usize = 16;
pub const RUBBISH: usize = 17;
pub const RETURN_TWICE: usize = 18;
pub const CLOSE_ALL: usize = 19;
pub const UNTIE: usize = 20;
pub const WRITE_PROTECTED: usize = 21;
pub const SILENCE: usize = 22;
pub const CLOSE_THE_POOL: usize = 23;

pub const TABLE: [ProcessFunction; 24] = [
    reverse,
    fail,
    panics,
    signal_itself,
    exits,
    aborts,
    endless,
    fault,
    process,
    open_files,
    allocate,
    wild,
    too_long,
    is_initialized,
    initialize,
    threads,
    work,
    rubbish,
    return_twice,
    close_all,
    untie,
    write_protected,
    silence,
    close_the_pool,
];

unsafe extern "C" {
    fn kill(process: i32, signal: i32) -> i32;
    fn prctl(option: i32, ...) -> i32;
    fn close(descriptor: i32) -> i32;
    fn fork() -> i32;
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
}

pub fn send(process: u32, signal: i32) {
    // SAFETY:
    // - no pointer is passed.
    unsafe { kill(process as i32, signal) };
}

fn give(result: &mut [u8], bytes: &[u8]) -> Result<usize, i32> {
    result[..bytes.len()].copy_from_slice(bytes);
    Ok(bytes.len())
}

fn reverse(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    let bytes: Vec<u8> = input.iter().rev().copied().collect();
    give(result, &bytes)
}

/// The same, after a while.
fn work(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    for _ in 0..20_000 {
        std::hint::spin_loop();
    }
    reverse(input, result)
}

fn fail(input: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    Err(i32::from(input[0]) - 100)
}

fn panics(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    std::panic::set_hook(Box::new(|_| {}));
    panic!("as the test wants it")
}

fn signal_itself(input: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    // Rust's own handler of SIGSEGV returns the first time.
    loop {
        send(std::process::id(), i32::from(input[0]));
    }
}

fn exits(input: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    std::process::exit(i32::from(input[0]))
}

fn aborts(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    std::process::abort()
}

/// Writes its process's number to the file that the input names.
fn tell_process(input: &[u8]) {
    let path = std::str::from_utf8(input).expect("a path");
    let whole = format!("{path}.part");
    std::fs::write(&whole, std::process::id().to_string()).expect("a file");
    std::fs::rename(whole, path).expect("a file");
}

/// The same, if the input names one, and goes on for ever.
fn endless(input: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    if !input.is_empty() {
        tell_process(input);
    }
    loop {
        std::hint::spin_loop();
    }
}

fn fault(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    // SAFETY:
    // - it is not safe: that is what the test is about. The first page is never mapped.
    unsafe { std::ptr::without_provenance_mut::<u8>(8).write_volatile(1) };
    Ok(0)
}

fn process(_: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    give(result, &std::process::id().to_le_bytes())
}

fn open_files(_: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("the limits");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line");
    let soft = line.split_whitespace().nth(3).expect("a number");
    give(result, soft.as_bytes())
}

/// Allocates more than the limit of the test allows.
fn allocate(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    let bytes = vec![1u8; 1 << 31];
    Ok(usize::from(std::hint::black_box(&bytes)[77]))
}

/// Writes over the shared memory in front of its input.
fn wild(input: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    for distance in 1..2048 {
        // SAFETY:
        // - it is not safe: that is what the test is about. The first slot's input has more than that before it.
        unsafe { input.as_ptr().cast_mut().sub(distance).write_volatile(0xff) };
    }
    Ok(0)
}

fn too_long(_: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    Ok(result.len() + 1)
}

static INITIALIZED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

fn initialize(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    INITIALIZED.store(true, std::sync::atomic::Ordering::Relaxed);
    Ok(0)
}

fn is_initialized(_: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    give(result, &[INITIALIZED.load(std::sync::atomic::Ordering::Relaxed).into()])
}

/// Uses threads, memory and the standard output, as any program may.
fn threads(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    let bytes = input.to_vec();
    let sum = std::thread::spawn(move || bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>());
    let sum = sum.join().expect("a sum");
    std::io::stdout().flush().expect("an output");
    give(result, &sum.to_le_bytes())
}

/// Writes rubbish over all the memory that the processes share: zeros, ones, or numbers of the seed that the input holds. Then it
/// returns, or goes on for ever.
fn rubbish(input: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    let (seed, is_endless) = (input[0], input[1] != 0);
    let maps = std::fs::read_to_string("/proc/self/maps").expect("the maps");
    let mut random = u64::from(seed);
    for line in maps.lines().filter(|line| line.contains("memfd:jobring") && line.contains("rw-s")) {
        let (from, to) = line.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let address = |text| usize::from_str_radix(text, 16).expect("an address");
        for at in (address(from)..address(to)).step_by(8) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let word = match seed {
                0 => 0,
                1 => u64::MAX,
                _ => random >> (random >> 58),
            };
            // SAFETY:
            // - it is not safe: that is what the test is about.
            unsafe { std::ptr::with_exposed_provenance_mut::<u64>(at).write_volatile(word) };
        }
    }
    if is_endless { endless(&[], &mut []) } else { Ok(0) }
}

/// Forks, and returns in both processes: in the child first.
fn return_twice(_: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    // SAFETY:
    // - the process has one thread, so the child may do what it likes.
    let child = unsafe { fork() };
    if child > 0 {
        // SAFETY:
        // - no status is asked for.
        unsafe { waitpid(child, std::ptr::null_mut(), 0) };
    }
    process(&[], result)
}

/// Closes the descriptors that the worker inherited, as a daemon does.
fn close_all(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    for descriptor in 3..1024 {
        // SAFETY:
        // - it is not safe: that is what the test is about.
        unsafe { close(descriptor) };
    }
    Ok(0)
}

/// Gives up the signal for the death of the parent, as a change of the user does.
fn untie(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    const PARENT_DEATH_SIGNAL: i32 = 1;
    // SAFETY:
    // - the option takes a number.
    unsafe { prctl(PARENT_DEATH_SIGNAL, 0usize) };
    Ok(0)
}

/// Writes to the shared memory that no worker is to write.
fn write_protected(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("the maps");
    let line = maps.lines().find(|line| line.contains("memfd:jobring") && line.contains("r--s"));
    let address = line.and_then(|line| line.split('-').next()).expect("such memory");
    let address = usize::from_str_radix(address, 16).expect("an address");
    // SAFETY:
    // - it is not safe: that is what the test is about.
    unsafe { std::ptr::with_exposed_provenance_mut::<u64>(address).write_volatile(1) };
    Ok(0)
}

/// The words at the begin of the shared memory that workers write.
fn shared_words() -> *mut u64 {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("the maps");
    let line = maps.lines().find(|line| line.contains("memfd:jobring") && line.contains("rw-s"));
    let address = line.and_then(|line| line.split('-').next()).expect("such memory");
    std::ptr::with_exposed_provenance_mut(usize::from_str_radix(address, 16).expect("an address"))
}

/// Writes the file that the input names. Then it waits until a thread of the pool's process sleeps, and makes the worker believe that
/// none does.
fn silence(input: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    tell_process(input);
    // SAFETY:
    // - it is not safe: that is what the test is about. The header has the word `armed` there.
    let armed = unsafe { shared_words().add(32) };
    // SAFETY:
    // - as above.
    while unsafe { armed.read_volatile() } == 0 {
        std::hint::spin_loop();
    }
    // That thread looks once more before it sleeps.
    (0..1_000_000).for_each(|_| std::hint::spin_loop());
    // SAFETY:
    // - as above.
    unsafe { armed.write_volatile(0) };
    Ok(0)
}

/// Makes the workers believe that the pool is closed.
fn close_the_pool(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    // SAFETY:
    // - it is not safe: that is what the test is about. The header has the word `closed` there.
    unsafe { shared_words().add(49).write_volatile(1) };
    Ok(0)
}
