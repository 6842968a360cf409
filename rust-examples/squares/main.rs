//! Shows map: the results come in the order of the input, whatever finishes first. Over a slice it is a scope whose jobs each
//! have a part of the output. For an input of unknown length a fixed number of jobs is in flight, and the oldest result is
//! taken before the next submit; the first number that has no square ends it, and what is still queued is cancelled.

use jobring::{JobHandle, Pool, SubmitError};
use std::collections::VecDeque;

const NUMBERS: usize = 1_000_000;
const CHUNK: usize = 1000;
const IN_FLIGHT: usize = 16;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Borrows what it reads and what it writes.
fn map_slice(pool: &Pool, numbers: &[u32], squares: &mut [u64]) {
    pool.scope(|scope| {
        for (numbers, squares) in numbers.chunks(CHUNK).zip(squares.chunks_mut(CHUNK)) {
            scope.spawn(move || {
                for (&number, square) in numbers.iter().zip(squares) {
                    *square = u64::from(number).pow(2);
                }
            });
        }
    });
}

/// Results in order, at most `IN_FLIGHT` jobs ahead of the caller.
struct Squares<'p, I> {
    pool: &'p Pool,
    numbers: I,
    in_flight: VecDeque<JobHandle<'p, Option<u32>>>,
}

impl<'p, I: Iterator<Item = u32>> Squares<'p, I> {
    fn new(pool: &'p Pool, numbers: I) -> Self {
        Self { pool, numbers, in_flight: VecDeque::new() }
    }

    /// Submits what fits, and takes the oldest result. None: the input has ended.
    fn next(&mut self) -> Result<Option<Option<u32>>> {
        while self.in_flight.len() < IN_FLIGHT
            && let Some(number) = self.numbers.next()
        {
            let job = self.pool.submit(move || number.checked_mul(number));
            self.in_flight.push_back(job.map_err(SubmitError::without_job)?);
        }
        Ok(self.in_flight.pop_front().map(JobHandle::wait).transpose()?)
    }
}

impl<I> Drop for Squares<'_, I> {
    /// A job that runs is not stopped, and nobody wants its result.
    fn drop(&mut self) {
        for job in &self.in_flight {
            job.cancel();
        }
    }
}

fn main() -> Result<()> {
    let pool = Pool::builder().build()?;
    let numbers: Vec<u32> = (0..NUMBERS as u32).map(|n| n.wrapping_mul(2_654_435_761)).collect();
    let mut squares = vec![0; NUMBERS];
    map_slice(&pool, &numbers, &mut squares);
    assert!(squares.iter().zip(numbers).all(|(&square, number)| square == u64::from(number).pow(2)));

    let mut stream = Squares::new(&pool, 0..);
    let mut taken = 0;
    while let Some(Some(square)) = stream.next()? {
        assert_eq!(u64::from(square), u64::from(taken).pow(2));
        taken += 1u32;
    }
    assert_eq!(taken, 65_536);
    println!(
        "{NUMBERS} squares in a slice; {taken} more, in order and {IN_FLIGHT} in flight, until one did not fit"
    );
    Ok(())
}
