//! Shows publish and subscribe: each subscription has a lane, and to send is one try for each of them. A subscriber whose lane is
//! full misses the message; nobody waits for it. 100 subscribers come and go while one thread sends, which holds no lock.

use jobring::{Lane, Pool, ShutdownMode, SubmitError};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;

const WORKERS: usize = 4;
const BEHIND: usize = 15;
const SUBSCRIBERS: usize = 100;
const VISITS: usize = 300;
/// For all lanes when they are full: so one that is slow takes nothing from the others.
const CAPACITY: usize = (SUBSCRIBERS + 1) * (BEHIND + 1);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

struct Subscription {
    lane: Lane<'static, Pool>,
    receive: Box<dyn Fn(u64) + Send + Sync>,
    missed: AtomicU64,
}

impl Subscription {
    /// One try. Did it take the message?
    fn offer(self: &Arc<Self>, message: u64) -> bool {
        let me = self.clone();
        match self.lane.try_submit_detached(move || (me.receive)(message)) {
            Ok(()) => return true,
            Err(SubmitError::Full(_)) => _ = self.missed.fetch_add(1, SeqCst),
            // It has been detached.
            Err(_) => {}
        }
        false
    }

    /// How many messages wait for this subscriber, or are being received.
    fn lag(&self) -> u64 {
        self.lane.pending() as u64
    }
}

type List = Arc<Vec<Arc<Subscription>>>;

struct Exchange {
    pool: &'static Pool,
    /// A list is replaced, and never changed.
    list: Mutex<List>,
}

impl Exchange {
    /// From now on `receive` is called for each message that is sent, for one after the other.
    fn attach(&self, receive: impl Fn(u64) + Send + Sync + 'static) -> Result<Arc<Subscription>> {
        let lane = self.pool.lane(1, BEHIND)?;
        let new = Arc::new(Subscription { lane, receive: Box::new(receive), missed: AtomicU64::new(0) });
        self.replace(|list| list.iter().chain([&new]).cloned().collect());
        Ok(new)
    }

    /// Returns when the subscriber has received what its lane had; not from its own `receive`.
    fn detach(&self, old: &Arc<Subscription>) -> Result<()> {
        self.replace(|list| list.iter().filter(|&each| !Arc::ptr_eq(each, old)).cloned().collect());
        Ok(old.lane.close(ShutdownMode::Drain, None)?)
    }

    fn replace(&self, with: impl FnOnce(&[Arc<Subscription>]) -> Vec<Arc<Subscription>>) {
        let mut list = self.list.lock().expect("no panic");
        *list = Arc::new(with(&list));
    }

    /// Returns how many took the message.
    fn send(&self, message: u64) -> u64 {
        // The lock is held for the clone of one pointer.
        let list = self.list.lock().expect("no panic").clone();
        list.iter().filter(|each| each.offer(message)).count() as u64
    }
}

/// Exchanges by their names.
struct Exchanges {
    pool: &'static Pool,
    table: Mutex<BTreeMap<&'static str, Arc<Exchange>>>,
}

impl Exchanges {
    fn new(pool: &'static Pool) -> Self {
        Self { pool, table: Mutex::default() }
    }

    /// The first call makes it.
    fn get(&self, name: &'static str) -> Arc<Exchange> {
        let new = || Arc::new(Exchange { pool: self.pool, list: Mutex::default() });
        self.table.lock().expect("no panic").entry(name).or_insert_with(new).clone()
    }
}

fn is_prime(number: u64) -> bool {
    number > 1
        && (2..)
            .take_while(|divisor| divisor * divisor <= number)
            .all(|divisor| !number.is_multiple_of(divisor))
}

#[derive(Default)]
struct Sent {
    numbers: u64,
    primes: u64,
    taken: u64,
}

/// All numbers to one exchange, the primes to another.
fn publish(exchanges: &Exchanges, stop: &AtomicBool) -> Sent {
    let (numbers, primes) = (exchanges.get("numbers"), exchanges.get("primes"));
    let mut sent = Sent::default();
    while !stop.load(SeqCst) {
        sent.numbers += 1;
        sent.taken += numbers.send(sent.numbers);
        if is_prime(sent.numbers) {
            sent.primes += 1;
            sent.taken += primes.send(sent.numbers);
        }
    }
    sent
}

/// What a subscriber has received.
#[derive(Default)]
struct Received {
    messages: u64,
    first: u64,
    last: u64,
}

/// A subscriber that leaves when it has received enough.
struct Visit {
    exchange: Arc<Exchange>,
    subscription: Arc<Subscription>,
    received: Arc<Mutex<Received>>,
    has_enough: Receiver<()>,
    primes_only: bool,
}

impl Visit {
    fn begin(exchanges: &Exchanges, number: usize) -> Result<Self> {
        let (primes_only, wants) = (number % 2 == 1, 1 + number as u64 % 20);
        let exchange = exchanges.get(if primes_only { "primes" } else { "numbers" });
        let (received, (enough, has_enough)) = (Arc::new(Mutex::new(Received::default())), channel());
        let log = received.clone();
        let subscription = exchange.attach(move |number| {
            let mut log = log.try_lock().expect("nobody else receives now");
            assert!(number > log.last && (!primes_only || is_prime(number)));
            if log.messages == 0 {
                log.first = number;
            }
            log.last = number;
            log.messages += 1;
            if log.messages == wants {
                enough.send(()).expect("somebody waits for that");
            }
        })?;
        Ok(Self { exchange, subscription, received, has_enough, primes_only })
    }

    /// Returns how many messages came.
    fn end(self) -> Result<u64> {
        self.has_enough.recv()?;
        self.exchange.detach(&self.subscription)?;
        let received = self.received.lock().expect("no receive() has panicked");
        // What is missing between the first number and the last was counted.
        let missing = received.last - received.first + 1 - received.messages;
        assert!(self.primes_only || missing <= self.subscription.missed.load(SeqCst));
        Ok(received.messages)
    }
}

fn main() -> Result<()> {
    // A subscription lives as long as a list that has it, and so the pool as long as the program.
    let pool: &'static Pool =
        Box::leak(Box::new(Pool::builder().workers(WORKERS).capacity(CAPACITY).build()?));
    let exchanges = Arc::new(Exchanges::new(pool));
    let stop = Arc::new(AtomicBool::new(false));

    // One that is not done with its first message before the end.
    let (wake, woken) = channel::<()>();
    let (woken, received_late) = (Mutex::new(woken), Arc::new(AtomicU64::new(0)));
    let count = received_late.clone();
    let slow = exchanges.get("numbers").attach(move |_| {
        // An error: the sender is gone.
        let _ = woken.lock().expect("no panic").recv();
        count.fetch_add(1, SeqCst);
    })?;

    let (to, until) = (exchanges.clone(), stop.clone());
    let publisher = thread::spawn(move || publish(&to, &until));
    let mut visits = VecDeque::new();
    let mut received = 0;
    for number in 0..VISITS {
        if number >= SUBSCRIBERS {
            received += visits.pop_front().map_or(Ok(0), Visit::end)?;
        }
        visits.push_back(Visit::begin(&exchanges, number)?);
    }
    for visit in visits {
        received += visit.end()?;
    }
    stop.store(true, SeqCst);
    let sent = publisher.join().expect("no panic");

    let lag = slow.lag();
    assert_eq!(lag, BEHIND as u64 + 1);
    drop(wake);
    exchanges.get("numbers").detach(&slow)?;
    let (late, missed) = (received_late.load(SeqCst), slow.missed.load(SeqCst));
    assert_eq!((late, late + missed), (lag, sent.numbers));
    assert_eq!(received + lag, sent.taken);
    pool.shutdown(ShutdownMode::Drain, None)?;
    println!(
        "{} numbers and {} primes were sent while {VISITS} subscribers came and went, {SUBSCRIBERS} at a time",
        sent.numbers, sent.primes
    );
    println!(
        "they took {} messages; one subscriber was {lag} behind and missed {missed}, and nobody waited for it",
        sent.taken
    );
    Ok(())
}
