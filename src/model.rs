//! What `loom-tests` sees of the inside, under `cfg(jobring_loom)` only: the model's port, and thin faces of the
//! rings, the idle word, the life cycle and the whole pool. The promises are asserted in `loom-tests`, not here.

extern crate std;

use crate::frame::Frame;
use crate::handle::Job;
use crate::job::{Kind, Outcome, Payload, Why};
use crate::lifecycle::{Lifecycle, Queued, Visit};
use crate::pool::{Limits, RawPool, Refused, Report, Taken, Verdict, WaitError};
use crate::port::{Port, Timeout};
use crate::ring::{Ends, Ring};
use crate::slot::Slot;
use crate::slot::state::State;
use crate::storage::Inline;
use crate::sync::{AtomicUsize, Relaxed, UnsafeCell, spin_loop};
use crate::wait::{Idle, Noticed};
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicUsize as Plain, Ordering};
use std::boxed::Box;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

loom::thread_local! { static CURRENT: Cell<*const Frame> = Cell::new(ptr::null()); }

/// A futex without a lock, so that it adds no happens-before but from a waker to whom it woke (loom's `unpark`
/// does). Sleepers are kept by address and woken in the order in which they came. It has no clock, and returns
/// for no reason only when a model calls [`Port::wake_all`] for no reason. Without a clock nothing times out.
#[derive(Clone)]
pub struct ModelPort {
    futex: Arc<Futex>,
    /// A thread that is stopped between its decision to wake and the wake.
    mute: bool,
    /// Is there a clock? It stands still, but every sleep with a timeout may end at once, and does.
    clock: bool,
}

struct Futex {
    /// Changed by every sleep and wake, for the checker alone: it tries the orders of operations that meet in a
    /// word it knows, and `sleepers` is none.
    meeting: AtomicUsize,
    sleepers: Mutex<Vec<(usize, loom::thread::Thread)>>,
}

impl ModelPort {
    /// A port whose sleepers no other port's wakes reach.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        let futex = Futex { meeting: AtomicUsize::new(0), sleepers: Mutex::new(Vec::new()) };
        Self { futex: Arc::new(futex), mute: false, clock: false }
    }

    fn muted(&self) -> Self {
        Self { mute: true, ..self.clone() }
    }

    fn wake(&self, word: *const AtomicUsize, most: usize) {
        if self.mute {
            return;
        }
        self.futex.meeting.fetch_add(1, Relaxed);
        let mut sleepers = self.futex.sleepers.lock().unwrap();
        for _ in 0..most {
            let Some(at) = sleepers.iter().position(|(address, _)| *address == word as usize) else { break };
            sleepers.remove(at).1.unpark();
        }
    }
}

impl Port for ModelPort {
    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
        if timeout.is_some() {
            return spin_loop();
        }
        self.futex.meeting.fetch_add(1, Relaxed);
        // A read-modify-write, which reads the newest value, as the kernel's read does against a wake. The checker
        // lets no other thread run between it and `park`.
        let now = word.fetch_or(0, Relaxed);
        if now as u32 == expected as u32 {
            let sleeper = (ptr::from_ref(word) as usize, loom::thread::current());
            self.futex.sleepers.lock().unwrap().push(sleeper);
            loom::thread::park();
        }
    }

    fn wake_one(&self, word: *const AtomicUsize) {
        self.wake(word, 1);
    }

    fn wake_all(&self, word: *const AtomicUsize) {
        self.wake(word, usize::MAX);
    }

    fn now(&self) -> Option<u64> {
        self.clock.then_some(0)
    }

    fn current(&self) -> *const Frame {
        CURRENT.with(Cell::get)
    }

    fn set_current(&self, frame: *const Frame) {
        CURRENT.with(|current| current.set(frame));
    }
}

/// A ring of indices, and for each index a cell that belongs to whoever holds the index.
pub struct Indices {
    ends: Ends,
    entries: Vec<AtomicUsize>,
    cells: Vec<UnsafeCell<usize>>,
    seeded: usize,
    port: ModelPort,
}

impl Indices {
    /// A ring of `len` entries that starts at position `start`, a multiple of `len`, with `seeded` indices in it.
    pub fn new(len: usize, start: usize, seeded: usize) -> Self {
        let this = Self {
            ends: if start == 0 { Ends::new() } else { Ends::aged(start) },
            entries: (0..len).map(|_| AtomicUsize::new(0)).collect(),
            cells: (0..len).map(|_| UnsafeCell::new(0)).collect(),
            seeded,
            port: ModelPort::new(),
        };
        if start != 0 {
            this.ring().age(start);
        }
        this
    }

    fn ring(&self) -> Ring<'_> {
        Ring::new(&self.ends, &self.entries, self.seeded)
    }

    /// Writes the cell of an index that the caller holds.
    pub fn write(&self, index: usize, value: usize) {
        // SAFETY:
        // - the caller holds the index; the model's cell checks it.
        self.cells[index].with_mut(|at| unsafe { *at = value });
    }

    /// Reads the cell of an index that the caller holds.
    pub fn read(&self, index: usize) -> usize {
        // SAFETY:
        // - as in write.
        self.cells[index].with(|at| unsafe { *at })
    }

    /// Pushes, and wakes those who marked the entry. Was it marked?
    pub fn push(&self, index: usize) -> bool {
        let marked = self.ring().push(index).marked;
        if let Some(word) = marked {
            self.port.wake_all(word);
        }
        marked.is_some()
    }

    /// The number of pushes before this one.
    pub fn push_at(&self, index: usize) -> usize {
        self.ring().push(index).position
    }

    /// Pops.
    pub fn pop(&self) -> Option<usize> {
        self.ring().pop()
    }

    /// Pops; sleeps on the mark while the ring is empty.
    pub fn pop_or_sleep(&self) -> usize {
        loop {
            if let Some(index) = self.ring().pop() {
                return index;
            }
            if let Some(marked) = self.ring().mark_empty(crate::ring::Mark::Waiter) {
                self.port.wait(marked.word, marked.value, None);
            }
        }
    }

    /// Sets the mark if the ring is empty. Was it?
    pub fn mark_if_empty(&self) -> bool {
        self.ring().mark_empty(crate::ring::Mark::Waiter).is_some()
    }

    /// Pops by looking first. None if the ring was empty, or if someone else was faster.
    pub fn peek_and_pop(&self) -> Option<usize> {
        let (position, index) = self.ring().peek()?;
        self.ring().pop_if_at(position).then_some(index)
    }

    /// Is there an oldest index?
    pub fn has_front(&self) -> bool {
        self.ring().peek().is_some()
    }

    /// Is nothing to pop?
    pub fn is_empty(&self) -> bool {
        self.ring().is_empty()
    }

    /// Takes the mark off and wakes who sleeps there. Was there one?
    pub fn unmark(&self) -> bool {
        let word = self.ring().unmark();
        if let Some(word) = word {
            self.port.wake_all(word);
        }
        word.is_some()
    }
}

/// The idle word, with a number of jobs in place of rings and slots.
pub struct Workers {
    idle: Idle,
    port: ModelPort,
    jobs: AtomicUsize,
}

impl Workers {
    /// Nobody works, nothing is to be done.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        Self { idle: Idle::new(), port: ModelPort::new(), jobs: AtomicUsize::new(0) }
    }

    /// Publishes a job as the push at `position`, and tells of it. Was the pool closed by then?
    pub fn give(&self, position: usize) -> bool {
        self.jobs.fetch_add(1, Relaxed);
        self.idle.notify(&self.port, position) == Noticed::Closed
    }

    /// As `give`, but stops for ever before the wake-up, if it was to be one.
    pub fn give_and_freeze(&self, position: usize) {
        self.jobs.fetch_add(1, Relaxed);
        let _ = self.idle.notify(&self.port.muted(), position);
    }

    /// Begins a search and never ends it.
    pub fn freeze_searching(&self) {
        let _forgotten = self.idle.search();
    }

    /// What a waiter does when its patience is over.
    pub fn force(&self) {
        self.idle.force(&self.port);
    }

    /// A wake-up for no reason.
    pub fn wake_for_no_reason(&self) {
        self.port.wake_all(self.idle.word());
    }

    /// Closes.
    pub fn close(&self) {
        self.idle.close(&self.port);
    }

    /// Jobs that nobody took, as the calling thread sees them.
    pub fn left(&self) -> usize {
        self.jobs.load(Relaxed)
    }

    /// Are no tokens, searchers and sleepers on the books?
    pub fn settled(&self) -> bool {
        let counts = self.idle.counts();
        counts.tokens() + counts.searching() + counts.sleeping() == 0
    }

    fn take(&self) -> bool {
        let mut jobs = self.jobs.load(Relaxed);
        while jobs > 0 {
            match self.jobs.compare_exchange(jobs, jobs - 1, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => jobs = now,
            }
        }
        false
    }

    /// The loop of `pool/worker.rs`, step by step, until `most` jobs are taken or the end. How many were taken.
    pub fn work(&self, most: usize) -> usize {
        let is_empty = || self.jobs.load(Relaxed) == 0;
        let mut taken = 0;
        while taken < most {
            if self.take() {
                taken += 1;
                continue;
            }
            let mut search = self.idle.search();
            loop {
                if self.take() {
                    self.idle.found(search, &self.port, is_empty);
                    taken += 1;
                    break;
                }
                let asleep = self.idle.register(search);
                let closed = self.idle.counts().closed();
                if !is_empty() {
                    search = self.idle.cancel(asleep);
                } else if closed {
                    let search = self.idle.cancel(asleep);
                    self.idle.found(search, &self.port, is_empty);
                    return taken;
                } else {
                    search = self.idle.sleep(asleep, &self.port);
                }
            }
        }
        taken
    }
}

/// The visits of a pool: threads that sleep in a call while another wants to destroy it.
pub struct Visits {
    lifecycle: Lifecycle,
    port: ModelPort,
}

/// One visit; dropping it ends it.
pub struct Visiting(#[allow(dead_code, reason = "dropped")] Visit<ModelPort>);

impl Visits {
    /// Nobody visits.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        Self { lifecycle: Lifecycle::new(), port: ModelPort::new() }
    }

    /// Begins a visit.
    pub fn begin(&self) -> Visiting {
        Visiting(self.lifecycle.visit(&self.port))
    }

    /// Returns when nobody visits.
    pub fn await_end(&self) {
        self.lifecycle.await_visitors(&self.port);
    }
}

/// How many jobs a [`Log`] can tell apart.
pub const JOBS: usize = 4;

/// What became of each job: counters outside of the model, so that counting orders nothing.
#[derive(Default)]
pub struct Log {
    ran: [Plain; JOBS],
    discarded: [Plain; JOBS],
    forgotten: [Plain; JOBS],
    taken: [Plain; JOBS],
}

impl Log {
    /// Nothing happened.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn count(counters: &[Plain; JOBS], n: usize) {
        // ORDERING: Relaxed: the model's own tally, outside of the model; loom runs its threads on one of the system's.
        counters[n].fetch_add(1, Ordering::Relaxed);
    }

    /// How often job `n` ran.
    pub fn ran(&self, n: usize) -> usize {
        // ORDERING: Relaxed, as in count.
        self.ran[n].load(Ordering::Relaxed)
    }

    /// How often it was dropped instead.
    pub fn discarded(&self, n: usize) -> usize {
        // ORDERING: Relaxed, as in count.
        self.discarded[n].load(Ordering::Relaxed)
    }

    /// How often its result was dropped.
    pub fn forgotten(&self, n: usize) -> usize {
        // ORDERING: Relaxed, as in count.
        self.forgotten[n].load(Ordering::Relaxed)
    }

    /// How often its result was taken.
    pub fn taken(&self, n: usize) -> usize {
        // ORDERING: Relaxed, as in count.
        self.taken[n].load(Ordering::Relaxed)
    }

    /// How often it came to its end.
    pub fn ended(&self, n: usize) -> usize {
        self.ran(n) + self.discarded(n)
    }
}

/// A job of a model.
pub struct Task {
    log: Arc<Log>,
    n: usize,
    act: Option<Box<dyn FnOnce()>>,
    fails: bool,
}

impl Task {
    /// Job `n`, which does nothing but log.
    pub fn new(log: &Arc<Log>, n: usize) -> Self {
        Self { log: log.clone(), n, act: None, fails: false }
    }

    /// The same, and calls `act`.
    #[must_use]
    pub fn doing(self, act: impl FnOnce() + 'static) -> Self {
        Self { act: Some(Box::new(act)), ..self }
    }

    /// The same, and fails.
    #[must_use]
    pub fn failing(self) -> Self {
        Self { fails: true, ..self }
    }

    // The payload: the task's pointer, until it is over and was dropped; behind it what a failure leaves.
    const KIND: &'static Kind = &Kind { run: Self::run, discard: Self::discard, forget: Self::forget };

    unsafe fn run(payload: Payload, _: &Frame) -> Outcome {
        // SAFETY:
        // - publish wrote it, and run has the body.
        let task = unsafe { &mut *payload.at.cast::<*mut Self>().read() };
        Log::count(&task.log.ran, task.n);
        if let Some(act) = task.act.take() {
            act();
        }
        if !task.fails {
            return Outcome::Done;
        }
        // SAFETY:
        // - the payload has 16 bytes, and run has the body; a failed task is over.
        unsafe {
            payload.at.cast::<usize>().add(1).write(task.n);
            drop(Self::out_of(payload));
        }
        Outcome::Failed
    }

    unsafe fn discard(payload: Payload, _: Job, _: Why) {
        // SAFETY:
        // - called in place of run.
        let task = unsafe { Self::out_of(payload) };
        Log::count(&task.log.discarded, task.n);
    }

    unsafe fn forget(payload: Payload, outcome: Outcome) {
        if outcome == Outcome::Done {
            // SAFETY:
            // - run left it, and nobody took it.
            let task = unsafe { Self::out_of(payload) };
            Log::count(&task.log.forgotten, task.n);
        }
    }

    /// # Safety
    /// The payload holds a task, and is the caller's.
    unsafe fn out_of(payload: Payload) -> Box<Self> {
        // SAFETY:
        // - the caller's obligation; publish made it from a Box.
        unsafe { Box::from_raw(payload.at.cast::<*mut Self>().read()) }
    }
}

/// How a call about a job ended. Done and Failed with the job's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the pool's words")]
pub enum End {
    Done(usize),
    Failed(usize),
    Cancelled,
    Stale,
    Pending,
    Deadlock,
    Stack,
}

/// Why a submit was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the pool's words")]
pub enum No {
    Full,
    Shutdown,
    TimedOut,
    Deadlock,
}

/// A whole pool of N slots.
pub struct Pool<const N: usize> {
    raw: RawPool<Inline<N, 16>, ModelPort>,
}

impl<const N: usize> Pool<N> {
    /// An open pool without workers.
    pub fn new() -> Arc<Self> {
        Self::starting_at(0)
    }

    /// The same, with a clock, so that waiters lose their patience.
    pub fn with_clock() -> Arc<Self> {
        Arc::new(Self::on(ModelPort { clock: true, ..ModelPort::new() }))
    }

    fn on(port: ModelPort) -> Self {
        Self { raw: RawPool::new(Inline::new(), port, Limits::default()) }
    }

    /// The same, its slots at a generation.
    pub fn starting_at(generation: usize) -> Arc<Self> {
        let pool = Self::on(ModelPort::new());
        if generation != 0 {
            pool.raw.preset(generation);
        }
        Arc::new(pool)
    }

    fn submit_as(&self, task: Task, timeout: Timeout, detached: bool) -> Result<Job, No> {
        let reserved = self.raw.reserve(timeout).map_err(|refused| match refused {
            Refused::Full => No::Full,
            Refused::Shutdown => No::Shutdown,
            Refused::TimedOut => No::TimedOut,
            Refused::Deadlock => No::Deadlock,
        })?;
        let task = Box::into_raw(Box::new(task));
        // SAFETY:
        // - reserved of this pool; the payload gets the task that KIND takes, in 16 bytes.
        Ok(unsafe {
            self.raw
                .publish(reserved, Task::KIND, detached, |payload| payload.at.cast::<*mut Task>().write(task))
        })
    }

    /// Submits, if there is room.
    pub fn submit(&self, task: Task) -> Result<Job, No> {
        self.submit_as(task, Timeout::Poll, false)
    }

    /// Submits a detached job, if there is room.
    pub fn submit_detached(&self, task: Task) -> Result<Job, No> {
        self.submit_as(task, Timeout::Poll, true)
    }

    /// Submits a detached job, waiting for room.
    pub fn submit_blocking(&self, task: Task) -> Result<Job, No> {
        self.submit_as(task, Timeout::Forever, true)
    }

    /// The handle that slot `index` has in `generation`, guessed.
    pub fn guess(&self, generation: usize, index: usize) -> Job {
        Slot::handle(self.raw.tag(), index, State::free(generation))
    }

    fn wait_as(&self, job: Job, timeout: Timeout, want: Verdict) -> End {
        let mut number = usize::MAX;
        let mut deliver = |_: &'static Kind, payload: Payload, taken: Taken| {
            // SAFETY:
            // - the body is ours while we are called: a task, or what a failure left.
            number = match taken {
                Taken::Done if want == Verdict::Leave => {
                    // SAFETY:
                    // - a job of this kind that is done has its task in the payload, and it is ours here.
                    unsafe { (**payload.at.cast::<*mut Task>()).n }
                }
                Taken::Done => {
                    // SAFETY:
                    // - as above; it is taken, so nobody else reads it again.
                    let task = unsafe { Task::out_of(payload) };
                    Log::count(&task.log.taken, task.n);
                    task.n
                }
                Taken::Failed => {
                    // SAFETY:
                    // - a job of this kind that failed left its number there.
                    unsafe { payload.at.cast::<usize>().add(1).read() }
                }
                Taken::Cancelled => 0,
            };
            match want {
                Verdict::Keep if taken == Taken::Failed => Verdict::Keep,
                Verdict::Leave if taken != Taken::Cancelled => Verdict::Leave,
                _ => Verdict::Take,
            }
        };
        let done = match want {
            Verdict::Leave => self.raw.wait_and_see(job, timeout, &mut deliver),
            _ => self.raw.wait(job, timeout, &mut deliver),
        };
        match done {
            Ok(Taken::Done) => End::Done(number),
            Ok(Taken::Failed) => End::Failed(number),
            Ok(Taken::Cancelled) => End::Cancelled,
            Err(WaitError::Stale) => End::Stale,
            Err(WaitError::Pending) => End::Pending,
            Err(WaitError::Deadlock) => End::Deadlock,
            Err(WaitError::Stack) => End::Stack,
        }
    }

    /// Waits and takes the result.
    pub fn wait(&self, job: Job) -> End {
        self.wait_as(job, Timeout::Forever, Verdict::Take)
    }

    /// Waits; a failure is kept.
    pub fn wait_keeping(&self, job: Job) -> End {
        self.wait_as(job, Timeout::Forever, Verdict::Keep)
    }

    /// Waits, and leaves the result where it is.
    pub fn wait_leaving(&self, job: Job) -> End {
        self.wait_as(job, Timeout::Forever, Verdict::Leave)
    }

    /// Takes the result if it is there.
    pub fn poll(&self, job: Job) -> End {
        self.wait_as(job, Timeout::Poll, Verdict::Take)
    }

    /// Is the job over?
    pub fn is_finished(&self, job: Job) -> bool {
        self.raw.is_finished(job)
    }

    /// Cancels. None: stale.
    pub fn cancel(&self, job: Job) -> Option<bool> {
        self.raw.cancel(job).ok()
    }

    /// Detaches. False: stale.
    pub fn detach(&self, job: Job) -> bool {
        self.raw.detach(job).is_ok()
    }

    /// Reads the failure.
    pub fn read_failure(&self, job: Job) -> End {
        let mut number = usize::MAX;
        // SAFETY:
        // - the body is ours while we are called, and holds a failure.
        let read = self.raw.read_failure(job, &mut |payload| {
            // SAFETY:
            // - a job of this kind that failed left its number there.
            number = unsafe { payload.at.cast::<usize>().add(1).read() };
        });
        match read {
            Ok(()) => End::Failed(number),
            Err(WaitError::Pending) => End::Pending,
            Err(_) => End::Stale,
        }
    }

    /// Was the job that this thread runs asked to stop?
    pub fn cancel_requested(&self) -> Option<bool> {
        self.raw.cancel_requested()
    }

    /// Runs one job, if one is queued.
    pub fn run_one(&self) -> bool {
        self.raw.run_one()
    }

    /// Counts a worker in, who may never work.
    pub fn admit(&self) {
        assert!(self.raw.admit_worker());
    }

    /// A worker that `admit` counted in leaves.
    pub fn leave(&self) {
        self.raw.lifecycle().leave(self.raw.port());
    }

    /// Works, counted in by `admit`, until the end.
    pub fn work(&self) {
        self.raw.work(0, 0);
    }

    /// Calls `f` on a thread that is a worker.
    pub fn as_worker(&self, f: impl FnOnce()) {
        let frame = Frame::of_worker(self.raw.id(), 0, 0, self.raw.port().current());
        self.raw.port().set_current(&frame);
        f();
        self.raw.port().set_current(frame.outer);
    }

    /// Runs what is queued, closes, waits for the end.
    pub fn drain(&self) -> Report {
        self.raw.shutdown(Queued::Drain, Timeout::Forever).expect("no timeout")
    }

    /// Drops what is queued, closes, waits for the end.
    pub fn discard(&self) -> Report {
        self.raw.shutdown(Queued::Discard, Timeout::Forever).expect("no timeout")
    }

    /// Closes, and reports what is still to be done without waiting for it.
    pub fn close(&self) -> Result<Report, Report> {
        self.raw.shutdown(Queued::Drain, Timeout::Poll)
    }

    /// Drops the results that nobody took.
    pub fn forget_all(&self) {
        self.raw.forget_all();
    }

    /// How many slots can be had; they are not given back.
    pub fn free_slots(&self) -> usize {
        (0..=N).take_while(|_| self.raw.try_reserve().map(core::mem::forget).is_ok()).count()
    }
}
