//! Shows map: the results come in the order of the input, whatever finishes first. Over a slice they are a `Vec`. Over an input
//! of unknown length they are an iterator, with a fixed number of jobs in flight; the first number that has no square ends it, and
//! what is still queued is cancelled. And a slice that is changed in place, chunk by chunk.

use jobring::Pool;

const NUMBERS: usize = 1_000_000;
const CHUNK: usize = 1000;
const IN_FLIGHT: usize = 16;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let pool = Pool::builder().build()?;
    let numbers: Vec<u32> = (0..NUMBERS as u32).map(|n| n.wrapping_mul(2_654_435_761)).collect();
    let mut squares = pool.map(&numbers, |&number| u64::from(number).pow(2));
    assert!(squares.iter().zip(&numbers).all(|(&square, &number)| square == u64::from(number).pow(2)));

    pool.for_each_chunk_mut(&mut squares, CHUNK, |_, squares| {
        squares.iter_mut().for_each(|square| *square = square.isqrt());
    });
    assert!(squares.into_iter().eq(numbers.into_iter().map(u64::from)));

    let mut taken = 0;
    for square in pool.map_iter(0u32.., |number| number.checked_mul(number)).in_flight(IN_FLIGHT) {
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
