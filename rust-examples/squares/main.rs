//! Shows map: the results come in the order of the input, whatever finishes first. Over a slice it is a scope whose jobs each
//! have a part of the output. Over an input of unknown length it is an iterator, with a fixed number of jobs in flight; the first
//! number that has no square ends it, and what is still queued is cancelled.

use jobring::Pool;

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

fn main() -> Result<()> {
    let pool = Pool::builder().build()?;
    let numbers: Vec<u32> = (0..NUMBERS as u32).map(|n| n.wrapping_mul(2_654_435_761)).collect();
    let mut squares = vec![0; NUMBERS];
    map_slice(&pool, &numbers, &mut squares);
    assert!(squares.iter().zip(numbers).all(|(&square, number)| square == u64::from(number).pow(2)));

    let mut taken = 0;
    for square in pool.map(0u32.., |number| number.checked_mul(number)).in_flight(IN_FLIGHT) {
        let Some(square) = square? else { break };
        assert_eq!(u64::from(square), u64::from(taken).pow(2));
        taken += 1u32;
    }
    assert_eq!(taken, 65_536);
    println!(
        "{NUMBERS} squares in a slice; {taken} more, in order and {IN_FLIGHT} in flight, until one did not fit"
    );
    Ok(())
}
