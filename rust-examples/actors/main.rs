//! Shows actors: an actor is a lane of width 1, whose jobs are its messages. Its handler gets them one after the other, in their
//! order, on any worker. Four workers serve 10,000 actors.

use jobring::{Lane, Pool, ShutdownMode, SubmitError};
use std::sync::{Arc, Mutex};

const WORKERS: usize = 4;
const MAILBOX: usize = 64;
const SENDERS: usize = 2;
const SENT: i64 = 1000;
const RALLY: u32 = 10_000;
const CHAIN: usize = 10_000;
const NUMBERS: u32 = 16;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What an actor does with a message of type `M`. It can receive messages of several types.
trait Receive<M>: Sized + Send + 'static {
    type Answer: Send + 'static;

    fn receive(&mut self, message: M, me: &Arc<Actor<Self>>) -> Self::Answer;
}

struct Actor<S> {
    mailbox: Lane<'static, Pool>,
    /// No thread waits for this lock: handlers of one actor never run at the same time.
    state: Mutex<S>,
}

impl<S: Send + 'static> Actor<S> {
    fn open(pool: &'static Pool, state: S) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { mailbox: pool.lane(1, MAILBOX)?, state: Mutex::new(state) }))
    }

    /// Waits while the mailbox is full. False if the actor is closed. A message of 24 bytes fits into a job, such as a `String`;
    /// a larger one in a `Box`.
    fn send<M: Send + 'static>(self: &Arc<Self>, message: M) -> bool
    where
        S: Receive<M>,
    {
        let me = self.clone();
        match self.mailbox.submit_detached(move || _ = me.handle(message)) {
            Ok(()) => true,
            Err(SubmitError::Shutdown(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends, and waits for the answer.
    fn ask<M: Send + 'static>(self: &Arc<Self>, message: M) -> Result<S::Answer>
    where
        S: Receive<M>,
    {
        let me = self.clone();
        let answer = self.mailbox.submit(move || me.handle(message)).map_err(SubmitError::without_job)?;
        Ok(answer.wait()?)
    }

    fn handle<M>(self: &Arc<Self>, message: M) -> S::Answer
    where
        S: Receive<M>,
    {
        self.state.lock().expect("no handler has panicked").receive(message, self)
    }

    /// Takes no more messages, and returns when those that were sent have been handled.
    fn close_and_join(&self) -> Result<()> {
        Ok(self.mailbox.close(ShutdownMode::Drain, None)?)
    }

    /// Looks at an actor that has been joined.
    fn end<T>(&self, look: impl FnOnce(&S) -> T) -> T {
        look(&self.state.lock().expect("no handler has panicked"))
    }
}

/// Prints what it is sent: the lines of all threads, and none within another.
struct Printer {
    lines: usize,
}

impl Receive<String> for Printer {
    type Answer = ();

    fn receive(&mut self, line: String, _me: &Arc<Actor<Self>>) {
        println!("{line}");
        self.lines += 1;
    }
}

/// Tagged messages.
enum Count {
    Add(i64),
    Subtract(i64),
    Value,
}

struct Counter(i64);

impl Receive<Count> for Counter {
    type Answer = i64;

    fn receive(&mut self, message: Count, _me: &Arc<Actor<Self>>) -> i64 {
        match message {
            Count::Add(number) => self.0 += number,
            Count::Subtract(number) => self.0 -= number,
            Count::Value => {}
        }
        self.0
    }
}

fn tagged(pool: &'static Pool, printer: &Arc<Actor<Printer>>) -> Result<()> {
    let counter = Actor::open(pool, Counter(0))?;
    // A sender waits while the mailbox is full. There are fewer of them than workers, so that some can make room.
    let mut senders = Vec::new();
    for _ in 0..SENDERS {
        let (counter, printer) = (counter.clone(), printer.clone());
        let sender = pool.submit(move || {
            for number in 1..=SENT {
                assert!(counter.send(Count::Add(3 * number)) && counter.send(Count::Subtract(number)));
            }
            assert!(printer.send(format!("one sender has sent {} messages", 2 * SENT)));
        });
        senders.push(sender.map_err(SubmitError::without_job)?);
    }
    for sender in senders {
        sender.wait()?;
    }
    let value = counter.ask(Count::Value)?;
    assert_eq!(value, SENDERS as i64 * SENT * (SENT + 1));
    assert!(printer.send(format!("{SENDERS} senders: the counter says {value}")));
    counter.close_and_join()?;
    assert!(!counter.send(Count::Add(1)));
    Ok(())
}

struct Player {
    hits: u32,
}

struct Ball {
    from: Arc<Actor<Player>>,
    left: u32,
}

impl Receive<Ball> for Player {
    type Answer = ();

    fn receive(&mut self, ball: Ball, me: &Arc<Actor<Self>>) {
        self.hits += 1;
        if ball.left > 1 {
            assert!(ball.from.send(Ball { from: me.clone(), left: ball.left - 1 }));
        }
    }
}

fn ping_pong(pool: &'static Pool, printer: &Arc<Actor<Printer>>) -> Result<()> {
    let ping = Actor::open(pool, Player { hits: 0 })?;
    let pong = Actor::open(pool, Player { hits: 0 })?;
    assert!(ping.send(Ball { from: pong.clone(), left: RALLY }));
    // A message is a job: no job, no message on its way.
    pool.wait_idle()?;
    ping.close_and_join()?;
    pong.close_and_join()?;
    let hits = (ping.end(|ping| ping.hits), pong.end(|pong| pong.hits));
    assert_eq!(hits, (RALLY / 2, RALLY / 2));
    assert!(printer.send(format!("ping-pong: {} hits each", hits.0)));
    Ok(())
}

struct Link {
    next: Option<Arc<Actor<Link>>>,
    passed: u32,
    last: usize,
}

struct Number {
    number: u32,
    links: usize,
}

impl Receive<Number> for Link {
    type Answer = ();

    fn receive(&mut self, message: Number, _me: &Arc<Actor<Self>>) {
        assert_eq!(message.number, self.passed);
        self.passed += 1;
        self.last = message.links + 1;
        if let Some(next) = &self.next {
            assert!(next.send(Number { links: self.last, ..message }));
        }
    }
}

/// Each link counts itself. No more numbers are on their way than a mailbox has room for, so no link waits for another.
fn chain(pool: &'static Pool, printer: &Arc<Actor<Printer>>) -> Result<()> {
    let mut links: Vec<Arc<Actor<Link>>> = Vec::new();
    for _ in 0..CHAIN {
        let next = links.last().cloned();
        links.push(Actor::open(pool, Link { next, passed: 0, last: 0 })?);
    }
    // From the front: each link is dropped while the next one has another owner, and not by recursion.
    links.reverse();
    for number in 0..NUMBERS {
        assert!(links[0].send(Number { number, links: 0 }));
    }
    // A link that has ended has sent all that it will send: so what is closed from the front loses nothing.
    for link in &links {
        link.close_and_join()?;
    }
    assert_eq!(links[CHAIN - 1].end(|link| (link.passed, link.last)), (NUMBERS, CHAIN));
    assert!(printer.send(format!("{NUMBERS} numbers through a chain of {CHAIN} actors, in order")));
    Ok(())
}

fn main() -> Result<()> {
    // Handlers send to other actors, so that these live as long as the program, and so does their pool.
    let pool: &'static Pool = Box::leak(Box::new(Pool::builder().workers(WORKERS).build()?));
    let printer = Actor::open(pool, Printer { lines: 0 })?;
    tagged(pool, &printer)?;
    ping_pong(pool, &printer)?;
    chain(pool, &printer)?;
    printer.close_and_join()?;
    assert_eq!(printer.end(|printer| printer.lines), SENDERS + 3);
    pool.shutdown(ShutdownMode::Drain, None)?;
    Ok(())
}
