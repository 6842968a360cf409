//! The pool that a Rust programmer makes by hand: threads that take jobs from a bounded crossbeam channel.

use crate::lines::job;
use crate::measure::Pool;
use crate::measure::birth::birth;
use crate::measure::event_loop::{self, Counter, Ends};
use crate::measure::payload::{Carrier, Load};
use crate::params::{Params, Report};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::os::fd::RawFd;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// Jobs that fit in, as in jobring's default.
pub const CAPACITY: usize = 1024;

/// What travels through the channel.
trait Item: Send + 'static {
    fn run(self);
}

struct Inner<T> {
    send: Option<Sender<T>>,
    workers: Vec<JoinHandle<()>>,
}

impl<T: Item> Inner<T> {
    fn start(workers: usize, capacity: usize, stack: Option<usize>) -> Self {
        let (send, receive) = bounded::<T>(capacity);
        let workers = (0..workers)
            .map(|_| {
                let receive = receive.clone();
                let builder = stack.into_iter().fold(Builder::new(), Builder::stack_size);
                builder.spawn(move || receive.into_iter().for_each(T::run)).expect("a thread")
            })
            .collect();
        Self { send: Some(send), workers }
    }

    fn send(&self, item: T) {
        self.send.as_ref().expect("open").send(item).unwrap_or_else(|_| panic!("open"));
    }
}

impl<T> Drop for Inner<T> {
    fn drop(&mut self) {
        self.send = None;
        self.workers.drain(..).for_each(|worker| worker.join().expect("a worker"));
    }
}

fn capacity(params: &Params) -> usize {
    params.find("capacity").map_or(CAPACITY, |jobs| jobs as usize)
}

/// Jobs are pointers to functions, stored in the channel itself.
pub struct Inline(Inner<fn()>);

impl Item for fn() {
    fn run(self) {
        self();
    }
}

impl Pool for Inline {
    fn start(workers: usize, params: &Params) -> Self {
        Self(Inner::start(workers, capacity(params), None))
    }

    fn hand_over(&self, job: fn()) {
        self.0.send(job);
    }
}

/// Jobs are boxed closures.
pub struct Boxed(Inner<Box<dyn FnOnce() + Send>>);

impl Item for Box<dyn FnOnce() + Send> {
    fn run(self) {
        self();
    }
}

impl Pool for Boxed {
    fn start(workers: usize, params: &Params) -> Self {
        Self(Inner::start(workers, capacity(params), None))
    }

    fn hand_over(&self, job: fn()) {
        self.0.send(Box::new(job));
    }
}

impl<const BYTES: usize> Carrier<BYTES> for Boxed {
    fn start(workers: usize) -> Self {
        Self(Inner::start(workers, CAPACITY, None))
    }

    fn carry(&self, load: Load<BYTES>) {
        self.0.send(Box::new(move || load.run()));
    }
}

/// The bytes are stored in the channel itself, and every job is the same function.
pub struct InlineLoad<const BYTES: usize>(Inner<Load<BYTES>>);

impl<const BYTES: usize> Item for Load<BYTES> {
    fn run(self) {
        Load::run(&self);
    }
}

impl<const BYTES: usize> Carrier<BYTES> for InlineLoad<BYTES> {
    fn start(workers: usize) -> Self {
        Self(Inner::start(workers, CAPACITY, None))
    }

    fn carry(&self, load: Load<BYTES>) {
        self.0.send(load);
    }
}

/// Many workers on small stacks.
pub fn many(params: &Params) -> Report {
    let workers = params.size("workers");
    birth(workers, || Inner::<fn()>::start(workers, CAPACITY, Some(params.size("stack"))), drop)
}

/// Two channels: the jobs go through one, and their ends come through the other.
pub fn completions(params: &Params) -> Report {
    use crate::measure::burst::{Places, bursts};
    let places = Places::new(params);
    places.of_workers();
    let (tell, told) = bounded::<u64>(CAPACITY);
    let pool = Inner::<Telling>::start(params.size("workers"), CAPACITY, None);
    let batch = params.get("batch");
    bursts(params, &places, |count| {
        let (mut submitted, mut received) = (0, 0);
        while received < count {
            while submitted < count && submitted - received < batch {
                pool.send(Telling { job, tag: submitted, tell: tell.clone() });
                submitted += 1;
            }
            received += u64::from(told.recv().is_ok());
            received += told.try_iter().count() as u64;
        }
    })
}

/// A job, and where its end is told.
struct Telling {
    job: fn(),
    tag: u64,
    tell: Sender<u64>,
}

impl Item for Telling {
    fn run(self) {
        (self.job)();
        let _ = self.tell.send(self.tag);
    }
}

/// The same in an event loop: each job also writes to an eventfd.
pub fn event_loop(params: &Params) -> Report {
    let (tell, told) = bounded(CAPACITY);
    let pool = Inner::start(params.size("workers"), CAPACITY, None);
    event_loop::bursts(params, &Signalled { pool, tell, told, counter: Arc::new(Counter::new()) })
}

struct Signalled {
    pool: Inner<Signalling>,
    tell: Sender<u64>,
    told: Receiver<u64>,
    counter: Arc<Counter>,
}

/// A job that tells of its end, and the counter that says so.
struct Signalling(Telling, Arc<Counter>);

impl Item for Signalling {
    fn run(self) {
        self.0.run();
        self.1.signal();
    }
}

impl Ends for Signalled {
    fn descriptor(&self) -> RawFd {
        self.counter.descriptor()
    }

    fn submit(&self) {
        let telling = Telling { job, tag: 0, tell: self.tell.clone() };
        self.pool.send(Signalling(telling, self.counter.clone()));
    }

    fn take(&self) -> u64 {
        self.told.try_iter().count() as u64
    }

    fn arm(&self) -> bool {
        self.counter.clear();
        self.told.is_empty()
    }

    const ARM_YIELDS: bool = false;
}

/// A handle for each job, as programs make them: a job owns the sending end of a channel of one, in a box.
pub fn handles(params: &Params) -> Report {
    use crate::measure::burst::{Places, bursts};
    let places = Places::new(params);
    places.of_workers();
    let pool = <Boxed as Pool>::start(params.size("workers"), params);
    let batch = params.get("batch");
    bursts(params, &places, |count| {
        let mut waited = Vec::with_capacity(batch as usize);
        for begin in (0..count).step_by(batch as usize) {
            for _ in 0..batch.min(count - begin) {
                let (send, receive) = bounded::<()>(1);
                pool.0.send(Box::new(move || {
                    job();
                    let _ = send.send(());
                }));
                waited.push(receive);
            }
            waited.drain(..).for_each(|handle| handle.recv().expect("it ran"));
        }
    })
}
