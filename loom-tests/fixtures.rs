//! The set-up that the models of the pool share.

use crate::harness::Crew;
use jobring_model::JobId;
use jobring_model::model::{Clock, End, Log, Pool, Queue, StopPoint, Task, Took};
use loom::thread::JoinHandle;
use std::sync::Arc;

/// A pool of N slots, a tally of its jobs, and the model's threads.
pub struct Stage<const N: usize> {
    pub crew: Crew,
    pub pool: Arc<Pool<N>>,
    pub log: Arc<Log>,
}

impl<const N: usize> Clone for Stage<N> {
    fn clone(&self) -> Self {
        Self { crew: self.crew.clone(), pool: self.pool.clone(), log: self.log.clone() }
    }
}

impl<const N: usize> Stage<N> {
    pub fn on(pool: Arc<Pool<N>>) -> Self {
        Self { crew: Crew::new(), pool, log: Log::new() }
    }

    /// A pool without workers.
    pub fn new() -> Self {
        Self::on(Pool::new())
    }

    /// A pool with a worker that is counted in and never works: so waiters sleep, and the model's threads run
    /// jobs.
    pub fn attended() -> Self {
        Self::attended_on(Pool::new())
    }

    pub fn attended_on(pool: Arc<Pool<N>>) -> Self {
        pool.admit();
        Self::on(pool)
    }

    /// A pool without workers, and with a clock.
    pub fn with_clock(clock: Clock) -> Self {
        Self::on(Pool::with_clock(clock))
    }

    /// The threads do not start in every order, because the model would take too long.
    pub fn ungated(self) -> Self {
        Self { crew: Crew::ungated(), ..self }
    }

    /// One more thread.
    pub fn thread<T: 'static>(&self, f: impl FnOnce(&Self) -> T + 'static) -> JoinHandle<T> {
        let stage = self.clone();
        self.crew.spawn(move || f(&stage))
    }

    /// From here on the calling thread takes part.
    pub fn begin(&self) {
        self.crew.begin();
    }

    /// A worker, counted in.
    pub fn worker(&self) -> JoinHandle<()> {
        self.pool.admit();
        self.thread(|s| s.pool.work())
    }

    /// A thread that runs the oldest job (there is one).
    pub fn runner(&self) -> JoinHandle<()> {
        self.runner_of(1)
    }

    /// A thread that runs the oldest `jobs` jobs, which are queued already.
    pub fn runner_of(&self, jobs: usize) -> JoinHandle<()> {
        self.thread(move |s| (0..jobs).for_each(|_| assert!(s.pool.run_one())))
    }

    /// A thread that runs jobs until none is queued.
    pub fn runner_of_all(&self) -> JoinHandle<()> {
        self.thread(|s| while s.pool.run_one() {})
    }

    /// A thread that runs two jobs of the queue, and takes one between them, if there is one. Returns how many it took.
    pub fn runner_that_takes(&self, queue: &Arc<Queue<N>>) -> JoinHandle<usize> {
        let queue = queue.clone();
        self.thread(move |s| {
            assert!(s.pool.run_one());
            let took = queue.try_take();
            assert!(s.pool.run_one());
            usize::from(matches!(took, Took::Done(_)))
        })
    }

    /// A completion queue for at most `jobs` jobs, with jobs 0 and so on in it.
    pub fn queue(&self, jobs: usize) -> Arc<Queue<N>> {
        let queue = Queue::new(&self.pool, jobs);
        (0..jobs).for_each(|n| assert!(queue.submit(self.task(n)).is_ok()));
        queue
    }

    /// Job `n`.
    pub fn task(&self, n: usize) -> Task {
        Task::new(&self.log, n)
    }

    /// Submits job `n`.
    pub fn submit(&self, n: usize) -> JobId {
        self.pool.submit(self.task(n)).expect("there is room")
    }

    /// Submits job `n`, detached.
    pub fn submit_detached(&self, n: usize) -> JobId {
        self.pool.submit_detached(self.task(n)).expect("there is room")
    }

    /// Runs what is left. Checks that every job ran or was dropped once, that each result was taken or
    /// dropped once, and that all slots are free again.
    pub fn assert_over(&self, jobs: usize) {
        while self.pool.run_one() {}
        self.assert_ended(jobs);
        assert_eq!(self.pool.free_slots(), N, "slots");
    }

    /// The same for the jobs only: the pool may be closed.
    pub fn assert_ended(&self, jobs: usize) {
        let log = &self.log;
        for n in 0..jobs {
            assert_eq!(log.ended(n), 1, "job {n} ran {} times, dropped {}", log.ran(n), log.discarded(n));
            assert_eq!(log.taken(n) + log.forgotten(n), log.ran(n), "the result of job {n}");
        }
    }
}

/// A thread does `step` and is stopped before it, anywhere inside it, or not at all. This thread does
/// `others` meanwhile.
pub fn stopped<T: 'static>(crew: &Crew, step: impl FnOnce() -> T + 'static, others: impl FnOnce()) -> T {
    let frost = StopPoint::new();
    let thread = {
        let frost = frost.clone();
        crew.spawn(move || frost.during(step))
    };
    crew.begin();
    frost.freeze();
    others();
    frost.thaw();
    thread.join().unwrap()
}

/// A place that one thread writes before others read it; the checker checks that they do.
#[derive(Clone)]
pub struct Place(Arc<loom::cell::UnsafeCell<usize>>);

impl Place {
    pub fn new() -> Self {
        Self(Arc::new(loom::cell::UnsafeCell::new(0)))
    }

    /// Writes 7.
    pub fn write(&self) {
        // SAFETY:
        // - that nobody reads or writes it at the same time is what the model is about; the checker checks
        //   it.
        self.0.with_mut(|at| unsafe { *at = 7 });
    }

    /// Was it written?
    pub fn written(&self) -> bool {
        // SAFETY:
        // - as in write.
        self.0.with(|at| unsafe { *at }) == 7
    }
}

/// Job `n`, which writes a place.
pub fn writer(log: &Arc<Log>, n: usize) -> (Task, Place) {
    let place = Place::new();
    let written = place.clone();
    (Task::new(log, n).doing(move || written.write()), place)
}

/// One of two threads got the job done, the other found the handle stale.
pub fn assert_taken_once(ends: [End; 2], n: usize) {
    assert!(ends == [End::Done(n), End::Stale] || ends == [End::Stale, End::Done(n)], "{ends:?}");
}
