//! Shows a bounded queue between threads, without a pool: producers hand out ranges of numbers, consumers count the primes in
//! them. A producer that is too fast waits for a place, a consumer that is too fast for a range. It ends in two ways, each of
//! which is run: by a sentinel for each consumer, as in Python, and by closing the queue, for which nobody counts consumers.

use jobring::BlockingQueue;
use std::ops::Range;
use std::thread;

const NUMBERS: u32 = 200_000;
const STEP: u32 = 100;
const PLACES: usize = 16;
const PRODUCERS: u32 = 3;
const CONSUMERS: usize = 4;

/// None is the sentinel.
type Ranges = BlockingQueue<Option<Range<u32>>, PLACES>;

/// Every PRODUCERS-th range.
fn produce(ranges: &Ranges, number: u32) {
    for from in (number * STEP..NUMBERS).step_by((PRODUCERS * STEP) as usize) {
        ranges.push(Some(from..from + STEP)).expect("it is closed when all producers have ended");
    }
}

fn is_prime(number: u32) -> bool {
    number >= 2 && (2..).take_while(|by| by * by <= number).all(|by| !number.is_multiple_of(by))
}

/// Until a sentinel, or the end of the queue. The ranges that came, and the primes in them.
fn consume(ranges: &Ranges) -> (usize, usize) {
    let (mut taken, mut primes) = (0, 0);
    while let Ok(Some(range)) = ranges.pop() {
        taken += 1;
        primes += range.filter(|&number| is_prime(number)).count();
    }
    (taken, primes)
}

fn pass(end: impl FnOnce(&Ranges)) -> usize {
    let ranges = Ranges::new();
    thread::scope(|scope| {
        let consumers: Vec<_> = (0..CONSUMERS).map(|_| scope.spawn(|| consume(&ranges))).collect();
        thread::scope(|scope| {
            for number in 0..PRODUCERS {
                let ranges = &ranges;
                scope.spawn(move || produce(ranges, number));
            }
        });
        end(&ranges);
        let counts = consumers.into_iter().map(|consumer| consumer.join().expect("no panic"));
        let (taken, primes) = counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
        assert_eq!(taken, (NUMBERS / STEP) as usize);
        primes
    })
}

/// The same number, by the sieve of Eratosthenes.
fn sieve() -> usize {
    let mut composite = vec![false; NUMBERS as usize];
    let mut primes = 0;
    for number in 2..composite.len() {
        if !composite[number] {
            primes += 1;
            (2 * number..NUMBERS as usize).step_by(number).for_each(|multiple| composite[multiple] = true);
        }
    }
    primes
}

fn main() {
    let expected = sieve();
    let by_sentinels = pass(|ranges| {
        (0..CONSUMERS).for_each(|_| ranges.push(None).expect("it is open"));
    });
    assert_eq!(by_sentinels, expected);
    assert_eq!(pass(Ranges::close), expected);
    println!(
        "{expected} primes below {NUMBERS}, counted twice by {CONSUMERS} consumers: until a sentinel each, and until the queue was closed"
    );
}
