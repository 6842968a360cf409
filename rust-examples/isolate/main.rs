//! A pool of processes: 10,000 small inputs go to a decoder with mistakes in it. Some inputs crash it, some make it run for ever, some make
//! it take all memory. Each of these costs its own job and is reported; the rest is decoded correctly.
//!
//! An input is a list of steps, each a letter and a number: `L` copies that many of the bytes that follow, `C` repeats the byte from that
//! far back, `D` doubles the output that many times, `S` goes on that many bytes from here. The decoder trusts its input: `C` reads from anywhere, `D`
//! takes what memory it can get, and `S` 0 goes nowhere.

use jobring::{ProcessJob, ProcessOutcome, ProcessPool};
use std::collections::BTreeMap;
use std::time::Duration;

const INPUTS: u64 = 10_000;
const TEXT: usize = 40;
/// `RLIMIT_AS` and `RLIMIT_CORE` on Linux.
const LIMITS: [(i32, u64); 2] = [(9, 1 << 28), (4, 0)];
const SIGKILL: i32 = -9;
const SIGABRT: i32 = -6;
const SIGSEGV: i32 = -11;

fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(2_166_136_261, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(16_777_619))
}

/// The job, in a worker process. Its result is the checksum of the output.
fn decode(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    let (mut at, mut out) = (0, Vec::with_capacity(TEXT));
    while at < input.len() {
        let number = u32::from_le_bytes(input[at + 1..at + 5].try_into().map_err(|_| 1)?);
        let next = at + 5;
        match input[at] {
            b'L' => {
                out.extend_from_slice(&input[next..next + number as usize]);
                at = next + number as usize;
            }
            b'C' => {
                // SAFETY: none. This is the mistake: nobody has checked that the output is that long.
                out.push(unsafe {
                    *out.as_ptr().wrapping_add(out.len()).wrapping_sub(number as usize * 4096)
                });
                at = next;
            }
            b'D' => {
                (0..number).for_each(|_| out.extend_from_within(..));
                at = next;
            }
            _ => at += number as usize,
        }
    }
    result[..4].copy_from_slice(&checksum(&out).to_le_bytes());
    Ok(4)
}

/// What becomes of an input.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fate {
    Right,
    Crashes,
    Hangs,
    Eats,
}

fn fate_of(input: u64) -> Fate {
    match input {
        _ if input % 2500 == 7 => Fate::Hangs,
        _ if input % 500 == 11 => Fate::Eats,
        _ if input % 400 == 13 => Fate::Crashes,
        _ => Fate::Right,
    }
}

/// An input, and the checksum of what it stands for.
fn input(number: u64) -> (Vec<u8>, u32) {
    let mut text = [0; TEXT];
    let mut random = number + 1;
    for byte in &mut text {
        // Marsaglia's xorshift.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        *byte = (random >> 24) as u8;
    }
    let (letter, count) = match fate_of(number) {
        Fate::Right => (b'D', 1),
        Fate::Crashes => (b'C', u32::MAX),
        Fate::Hangs => (b'S', 0),
        Fate::Eats => (b'D', 60),
    };
    let mut bytes = vec![b'L'];
    bytes.extend((TEXT as u32).to_le_bytes());
    bytes.extend(text);
    bytes.push(letter);
    bytes.extend(u32::to_le_bytes(count));
    (bytes, checksum(&[text, text].concat()))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = ProcessPool::fork(&[decode]).workers(4).capacity(256);
    for (resource, most) in LIMITS {
        builder = builder.resource_limit(resource, most, most);
    }
    let pool = builder.build()?;
    let mut fates = BTreeMap::new();
    let (mut submitted, mut taken) = (0, 0);
    while taken < INPUTS {
        // As many as there are slots; then one for each that has ended.
        if submitted < INPUTS && submitted - taken < 256 {
            let (bytes, _) = input(submitted);
            pool.submit(&ProcessJob::new(0, &bytes).tag(submitted).kill_after(Duration::from_secs(1)))?;
            submitted += 1;
            continue;
        }
        let end = pool.take(jobring::TimeLimit::NONE)?;
        let (fate, (_, sum)) = (fate_of(end.tag), input(end.tag));
        let is_so = match (&end.outcome, fate) {
            (ProcessOutcome::Done(bytes), Fate::Right) => **bytes == sum.to_le_bytes(),
            (ProcessOutcome::Died(death), Fate::Crashes) => death.status == Some(SIGSEGV),
            (ProcessOutcome::Died(death), Fate::Hangs) => death.status == Some(SIGKILL),
            // A slow machine may end it for its time.
            (ProcessOutcome::Died(death), Fate::Eats) => {
                [Some(SIGABRT), Some(SIGKILL)].contains(&death.status)
            }
            _ => false,
        };
        assert!(is_so, "input {}: {:?}, {fate:?}", end.tag, end.outcome);
        *fates.entry(fate).or_insert(0) += 1;
        taken += 1;
    }
    let of = |fate| fates[&fate];
    println!(
        "{INPUTS} inputs: {} decoded, {} crashed, {} killed after a second, {} without memory",
        of(Fate::Right),
        of(Fate::Crashes),
        of(Fate::Hangs),
        of(Fate::Eats)
    );
    Ok(())
}
