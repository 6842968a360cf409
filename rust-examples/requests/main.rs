//! Shows requests: each has an id, and a callback for its value or its error, which is called by the one thread that polls. So
//! the callbacks share what they count without a lock. In the middle two of three workers are dismissed, and in the end there
//! are three again. A job evaluates an expression in reverse Polish notation; every fifth is wrong in some way. (In Python the
//! package `threadpool` works like this.)

use jobring::{Completions, Pool, RecvError};
use std::cell::RefCell;
use std::fmt;

const REQUESTS: usize = 1000;
const WORKERS: usize = 3;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// What is wrong with an expression.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Wrong {
    Division,
    Operand,
    Operator,
    Unknown,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Division => "division by zero",
            Self::Operand => "an operand is missing",
            Self::Operator => "an operator is missing",
            Self::Unknown => "no such operator",
        })
    }
}

/// The job.
fn evaluate(text: &str) -> Result<i64, Wrong> {
    let mut stack = Vec::<i64>::new();
    for word in text.split(' ') {
        if let Ok(number) = word.parse() {
            stack.push(number);
            continue;
        }
        let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else { return Err(Wrong::Operand) };
        stack.push(match word {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left.checked_div(right).ok_or(Wrong::Division)?,
            _ => return Err(Wrong::Unknown),
        });
    }
    match stack[..] {
        [value] => Ok(value),
        _ => Err(Wrong::Operator),
    }
}

type Callback<'a> = Box<dyn FnOnce(usize, Result<i64, Wrong>) + 'a>;

/// Requests whose callbacks are called by `poll`.
struct Requests<'a> {
    queue: Completions<'a, Result<i64, Wrong>>,
    /// By id.
    callbacks: Vec<Option<Callback<'a>>>,
}

impl<'a> Requests<'a> {
    fn put(&mut self, text: String, callback: impl FnOnce(usize, Result<i64, Wrong>) + 'a) -> Result<()> {
        let id = self.callbacks.len();
        self.queue.submit(id as u64, move || evaluate(&text))?;
        self.callbacks.push(Some(Box::new(callback)));
        Ok(())
    }

    /// Calls the callback of each request that has finished, and returns how many there were. With `block` it waits until
    /// none is pending.
    fn poll(&mut self, block: bool) -> Result<usize> {
        for called in 0.. {
            let done = match if block { self.queue.recv() } else { self.queue.try_recv() } {
                Ok(done) => done,
                Err(RecvError::Empty | RecvError::Pending) => return Ok(called),
                Err(error) => return Err(error.into()),
            };
            let id = done.tag as usize;
            let callback = self.callbacks[id].take().expect("each request ends once");
            callback(id, done.result?);
        }
        unreachable!("each request ends once")
    }
}

/// The expression of a request, and its value.
fn expression(id: usize) -> (String, Result<i64, Wrong>) {
    match (id % 5, id / 5 % 4) {
        (0, 0) => (format!("{id} 1 1 - /"), Err(Wrong::Division)),
        (0, 1) => (format!("{id} +"), Err(Wrong::Operand)),
        (0, 2) => (format!("{id} 2 3 +"), Err(Wrong::Operator)),
        (0, _) => (format!("{id} 2 ?"), Err(Wrong::Unknown)),
        _ => (format!("{id} 2 + {id} * 7 -"), Ok((id as i64 + 2) * id as i64 - 7)),
    }
}

/// What the callbacks count.
#[derive(Default)]
struct Tally {
    values: usize,
    errors: usize,
}

fn main() -> Result<()> {
    let tally = RefCell::new(Tally::default());
    let pool = Pool::builder().workers(WORKERS).build()?;
    let mut requests = Requests { queue: pool.completions()?, callbacks: Vec::new() };
    let mut polled = 0;
    for number in 0..REQUESTS {
        let (text, expected) = expression(number);
        let (tally, shown) = (&tally, text.clone());
        requests.put(text, move |id, result| {
            assert_eq!((id, result), (number, expected));
            let mut tally = tally.borrow_mut();
            match result {
                Ok(_) => tally.values += 1,
                Err(error) => {
                    tally.errors += 1;
                    if tally.errors <= 4 {
                        println!("request {id}, \"{shown}\": {error}");
                    }
                }
            }
        })?;
        // Those who leave finish their request first; what is queued is left to the others.
        if number == REQUESTS / 2 {
            pool.set_workers(1, None)?;
        }
        if number == REQUESTS * 3 / 4 {
            pool.set_workers(WORKERS, None)?;
        }
        // This thread has other work, and polls in between.
        if number % 10 == 9 {
            polled += requests.poll(false)?;
        }
    }
    let waited = requests.poll(true)?;
    let Tally { values, errors } = *tally.borrow();
    assert_eq!((values, errors, polled + waited), (REQUESTS - REQUESTS / 5, REQUESTS / 5, REQUESTS));
    println!(
        "{REQUESTS} requests: {values} values, {errors} errors; {polled} callbacks while requests were made, {waited} afterwards"
    );
    Ok(())
}
