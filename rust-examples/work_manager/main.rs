//! Shows a work manager: 99 workers share 999 jobs. The jobs are a queue of work that is bounded, and their results a queue that
//! one thread reads, whatever finishes first. A job factors a number. Every result is checked.

use jobring::{BuildError, Completions, Pool, RecvError, SubmitError};
use std::cell::Cell;

const JOBS: u64 = 999;
const WORKERS: usize = 99;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

thread_local! {
    /// The number of the worker, which its start hook sets.
    static WORKER: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// What a job leaves.
struct Factored {
    worker: usize,
    factors: Vec<u64>,
}

/// The job: factors by trial division.
fn factor(number: u64) -> Factored {
    let (mut rest, mut factors, mut divisor) = (number, Vec::new(), 2);
    while divisor <= rest / divisor {
        if rest.is_multiple_of(divisor) {
            factors.push(divisor);
            rest /= divisor;
        } else {
            divisor += 1;
        }
    }
    if rest > 1 {
        factors.push(rest);
    }
    Factored { worker: WORKER.get(), factors }
}

fn pool() -> std::result::Result<Pool, BuildError> {
    let start = |worker| WORKER.set(worker);
    Pool::builder().workers(WORKERS).capacity(256).stack_size(64 * 1024).name("work").on_start(start).build()
}

/// Hands out the work, and takes the results.
struct Manager<'p> {
    results: Completions<'p, Factored>,
    numbers: Vec<u64>,
    arrived: Vec<bool>,
    jobs_of: [usize; WORKERS],
    primes: usize,
    /// To check the factors in another way than the jobs find them.
    sieve: Sieve,
}

impl Manager<'_> {
    /// Submits the next number, as soon as there is room.
    fn add(&mut self, number: u64) -> Result<()> {
        let tag = self.numbers.len() as u64;
        while let Err(error) = self.results.try_submit(tag, move || factor(number)) {
            match error {
                SubmitError::Full(_) => assert!(self.collect()?, "results fill the pool"),
                error => return Err(error.without_job().into()),
            }
        }
        self.numbers.push(number);
        self.arrived.push(false);
        Ok(())
    }

    /// Takes and checks a result; false if no job is pending.
    fn collect(&mut self) -> Result<bool> {
        let (index, Factored { worker, factors }) = match self.results.recv() {
            Ok(completion) => (completion.tag as usize, completion.result?),
            Err(RecvError::Empty) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        assert!(factors.iter().all(|&factor| self.sieve.is_prime(factor)));
        assert_eq!(factors.iter().product::<u64>(), self.numbers[index]);
        assert!(!std::mem::replace(&mut self.arrived[index], true), "each arrives once");
        self.jobs_of[worker] += 1;
        self.primes += usize::from(factors.len() == 1);
        Ok(true)
    }
}

/// The primes below 100,000.
struct Sieve(Vec<u64>);

impl Sieve {
    fn new() -> Self {
        let mut is_composite = vec![false; 100_000];
        for number in 2..is_composite.len() {
            for multiple in (number * number..is_composite.len()).step_by(number) {
                is_composite[multiple] = true;
            }
        }
        Self((2..).zip(&is_composite[2..]).filter(|(_, composite)| !**composite).map(|(n, _)| n).collect())
    }

    fn is_prime(&self, number: u64) -> bool {
        let mut divisors = self.0.iter().take_while(|&&prime| prime <= number / prime);
        number > 1 && !divisors.any(|&prime| number.is_multiple_of(prime))
    }
}

fn main() -> Result<()> {
    let pool = pool()?;
    let mut manager = Manager {
        results: pool.completions()?,
        numbers: Vec::new(),
        arrived: Vec::new(),
        jobs_of: [0; WORKERS],
        primes: 0,
        sieve: Sieve::new(),
    };
    let mut random = 1u64;
    for _ in 0..JOBS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        manager.add(1 + (random >> 31))?;
    }
    while manager.collect()? {}
    assert_eq!(manager.jobs_of.iter().sum::<usize>() as u64, JOBS);
    assert!(manager.arrived.iter().all(|&arrived| arrived));
    let busy = manager.jobs_of.iter().filter(|&&jobs| jobs > 0).count();
    println!(
        "{JOBS} numbers factored by {busy} of {WORKERS} workers; {} of the numbers are primes",
        manager.primes
    );
    Ok(())
}
