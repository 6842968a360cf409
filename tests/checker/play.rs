//! Runs the scripts of a setup on the library.

use crate::machine::{Body, Op, Setup, SubmitResult, World};
use crate::stage::{self, Stage};
use jobring_frozen::{
    Completion, Completions, Interrupt, JobHandle, JobId, RecvError, Shared, ShutdownMode, StaticPool,
    SubmitError,
};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

type One = StaticPool<1, 8, 48>;
type Two = StaticPool<2, 8, 48>;
type Four = StaticPool<4, 8, 48>;

/// Pools differ in type by their size.
enum Sized {
    One(Box<One>),
    Two(Box<Two>),
    Four(Box<Four>),
}

macro_rules! with {
    ($pool:expr, $of:ident => $call:expr) => {
        match $pool {
            Sized::One($of) => $call,
            Sized::Two($of) => $call,
            Sized::Four($of) => $call,
        }
    };
}

/// The completion queue of a pool of that size.
enum Queue {
    One(Completions<'static, Answer, One>),
    Two(Completions<'static, Answer, Two>),
    Four(Completions<'static, Answer, Four>),
}

macro_rules! with_queue {
    ($queue:expr, $of:ident => $call:expr) => {
        match $queue.as_ref().expect("the setup has one") {
            Queue::One($of) => $call,
            Queue::Two($of) => $call,
            Queue::Four($of) => $call,
        }
    };
}

impl Queue {
    /// # Safety
    /// 1. The pool, which stays in its place, outlives the queue.
    unsafe fn of(pool: &Sized, limit: u8) -> Self {
        // SAFETY:
        // - 1.
        unsafe {
            match pool {
                Sized::One(pool) => Self::One(lasting(pool).completions_with_limit(limit.into()).unwrap()),
                Sized::Two(pool) => Self::Two(lasting(pool).completions_with_limit(limit.into()).unwrap()),
                Sized::Four(pool) => Self::Four(lasting(pool).completions_with_limit(limit.into()).unwrap()),
            }
        }
    }
}

/// # Safety
/// 1. Nobody uses the result when the pool has ended.
unsafe fn lasting<T>(pool: &T) -> &'static T {
    // SAFETY:
    // - 1.
    unsafe { &*std::ptr::from_ref(pool) }
}

/// What the scripts share.
struct Props {
    // Before its pool: dropped first.
    queue: Option<Queue>,
    pool: Sized,
    bodies: [Body; crate::machine::JOBS],
    handles: [Cell<Option<JobId>>; crate::machine::JOBS],
    submitted: [Cell<SubmitResult>; crate::machine::JOBS],
    ran: [AtomicUsize; crate::machine::JOBS],
    dropped: [AtomicUsize; crate::machine::JOBS],
    taken: [Cell<bool>; crate::machine::JOBS],
    interrupt: Interrupt,
}

impl Props {
    /// A result is its job's number, and is taken once.
    fn took(&self, job: u8, how: Shared) {
        if let Shared::Done(value) = how {
            assert_eq!(value, job.into(), "another job's result");
            assert!(!self.taken[job as usize].replace(true), "the result of job {job} is taken twice");
        }
    }

    fn received(&self, received: Result<Completion<Answer>, RecvError>) -> Result<(), RecvError> {
        received.map(|Completion { tag, result, .. }| {
            if let Ok(answer) = result {
                self.took(tag as u8, Shared::Done(answer.0));
            }
        })
    }
}

/// All is done by one thread of the system.
#[derive(Clone, Copy)]
struct Lent(*const Props);
// SAFETY:
// - the coroutines that use it are all on one thread.
unsafe impl Send for Lent {}

/// What a job leaves: the number of the job, in something that has to be dropped, as C's results may.
#[repr(transparent)]
struct Answer(u64);

impl Drop for Answer {
    fn drop(&mut self) {}
}

/// In a job's closure: counts how the job ended.
struct Token {
    props: Lent,
    job: u8,
    ran: bool,
}

impl Token {
    fn run(mut self) -> Answer {
        self.ran = true;
        let props = self.props;
        // SAFETY:
        // - the props outlive the stage.
        let props = unsafe { &*props.0 };
        props.ran[self.job as usize].fetch_add(1, SeqCst);
        match props.bodies[self.job as usize] {
            Body::Fails => std::panic::resume_unwind(Box::new(())),
            Body::Waits(other) => {
                if let Some(handle) = props.handles[other as usize].get()
                    && props.submitted[other as usize].get() == SubmitResult::Accepted
                {
                    with!(&props.pool, pool => pool.shared_wait(handle, false, false));
                }
            }
            Body::Submits(other) => {
                let token = Token { props: self.props, job: other, ran: false };
                let result =
                    with!(&props.pool, pool => pool.submit_detached(move || { token.run(); }).map_err(why));
                props.submitted[other as usize]
                    .set(result.map_or_else(|why| why, |()| SubmitResult::Accepted));
            }
            Body::Shuts => _ = with!(&props.pool, pool => pool.shutdown(ShutdownMode::Drain, None)),
            Body::Until(_) => stage::begin(),
            Body::Plain => {}
        }
        Answer(self.job.into())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if !self.ran {
            // SAFETY:
            // - as in run.
            unsafe { &*self.props.0 }.dropped[self.job as usize].fetch_add(1, SeqCst);
        }
    }
}

pub struct Play {
    pub stage: Stage,
    props: Rc<Props>,
}

/// Is it one for the Rust API, with a capacity that a static pool can have?
pub fn can_be_played(setup: &Setup) -> bool {
    !setup.c_face && !setup.freeze && !setup.short && setup.slots.is_power_of_two()
}

impl Play {
    pub fn new(setup: &Setup) -> Self {
        let pool = match setup.slots {
            1 => Sized::One(Box::new(One::new())),
            2 => Sized::Two(Box::new(Two::new())),
            _ => Sized::Four(Box::new(Four::new())),
        };
        // SAFETY:
        // - 1: the pool is in a box, and the queue is dropped before it.
        let queue = (setup.limit > 0).then(|| unsafe { Queue::of(&pool, setup.limit) });
        if setup.has(|op| *op == Op::Hear) {
            with_queue!(queue, queue => drop(queue.descriptor().expect("a descriptor")));
        }
        let props = Rc::new(Props {
            queue,
            pool,
            bodies: setup.bodies,
            handles: [const { Cell::new(None) }; crate::machine::JOBS],
            submitted: [const { Cell::new(SubmitResult::Nothing) }; crate::machine::JOBS],
            ran: [const { AtomicUsize::new(0) }; crate::machine::JOBS],
            dropped: [const { AtomicUsize::new(0) }; crate::machine::JOBS],
            taken: [const { Cell::new(false) }; crate::machine::JOBS],
            interrupt: Interrupt::new(),
        });
        let parts = setup.scripts.iter().map(|(_, ops)| {
            let (props, ops) = (props.clone(), ops.clone());
            Box::new(move || ops.into_iter().for_each(|op| act(&props, op))) as Box<dyn FnOnce()>
        });
        Self { stage: Stage::new(setup.clock, parts.collect()), props: props.clone() }
    }

    /// What became of the jobs must be the same.
    pub fn agrees_with(&self, world: &World) -> Result<(), String> {
        for (n, job) in world.jobs.iter().enumerate() {
            let real = (self.props.ran[n].load(SeqCst), self.props.dropped[n].load(SeqCst));
            let result = self.props.submitted[n].get();
            if real != (job.ran.into(), usize::from(job.dropped + job.refused)) || result != job.submitted {
                return Err(format!(
                    "job {n}: the machine has {job:?}, the library ran and dropped {real:?}, submit gave {result:?}"
                ));
            }
        }
        Ok(())
    }
}

fn act(props: &Rc<Props>, op: Op) {
    stage::begin();
    let lent = Lent(Rc::as_ptr(props));
    let named = |job: u8| {
        props.handles[job as usize]
            .get()
            .filter(|_| props.submitted[job as usize].get() == SubmitResult::Accepted)
    };
    match op {
        Op::Submit { job, blocks, detached } => {
            let token = Token { props: lent, job, ran: false };
            let result = with!(&props.pool, pool => {
                if detached {
                    let call = move || {
                        token.run();
                    };
                    let result = if blocks { pool.submit_detached(call) } else { pool.try_submit_detached(call) };
                    result.map(|()| None).map_err(why)
                } else {
                    let call = move || token.run();
                    let result = if blocks { pool.submit(call) } else { pool.try_submit(call) };
                    result.map(kept).map_err(why)
                }
            });
            match result {
                Ok(handle) => {
                    props.handles[job as usize].set(handle);
                    props.submitted[job as usize].set(SubmitResult::Accepted);
                }
                Err(why) => props.submitted[job as usize].set(why),
            }
        }
        Op::Into { job, blocks } => {
            let token = Token { props: lent, job, ran: false };
            let call = move || token.run();
            let result = with_queue!(props.queue, queue => {
                if blocks { queue.submit(job.into(), call) } else { queue.try_submit(job.into(), call) }.map_err(why)
            });
            props.handles[job as usize].set(result.ok());
            props.submitted[job as usize].set(result.map_or_else(|why| why, |_| SubmitResult::Accepted));
        }
        Op::Take => _ = props.received(with_queue!(props.queue, queue => queue.recv())),
        Op::Hear => loop {
            match props.received(with_queue!(props.queue, queue => queue.try_recv())) {
                Err(RecvError::Pending) if with_queue!(props.queue, queue => queue.arm()) => stage::poll(),
                Err(RecvError::Pending) => {}
                Ok(()) | Err(_) => break,
            }
        },
        Op::Wait(job) | Op::Poll(job) => {
            if let Some(handle) = named(job) {
                let polls = matches!(op, Op::Poll(_));
                props.took(job, with!(&props.pool, pool => pool.shared_wait(handle, polls, false)));
            }
        }
        Op::See { job, leaves } => {
            if let Some(handle) = named(job) {
                props.took(job, with!(&props.pool, pool => pool.shared_see(handle, leaves)));
            }
        }
        Op::Cancel(job) => {
            if let Some(handle) = named(job) {
                let _ = with!(&props.pool, pool => pool.shared_cancel(handle));
            }
        }
        Op::Detach(job) => {
            if let Some(handle) = named(job) {
                with!(&props.pool, pool => pool.shared_detach(handle));
            }
        }
        Op::Peek(job) => {
            if let Some(handle) = named(job) {
                let _ = with!(&props.pool, pool => pool.shared_peek(handle));
            }
        }
        Op::Work | Op::Enter => assert!(with!(&props.pool, pool => pool.enter_worker())),
        Op::RunOne => {
            let _ = with!(&props.pool, pool => pool.run_one());
        }
        Op::First => {
            if let (Some(a), Some(b)) = (named(0), named(1)) {
                with!(&props.pool, pool => pool.shared_wait_first(&[a, b])).expect("for ever");
            }
        }
        Op::WaitInterruptible(job) => {
            if let Some(handle) = named(job) {
                let wait = with!(&props.pool, pool => {
                    pool.interruptible(&props.interrupt, || pool.shared_wait(handle, false, false))
                });
                props.took(job, wait);
            }
        }
        Op::Raise => with!(&props.pool, pool => pool.raise(&props.interrupt)),
        Op::Reset => _ = props.interrupt.reset(),
        Op::WaitIdle => with!(&props.pool, pool => pool.wait_idle()).expect("for ever"),
        Op::Shutdown { discards } => {
            let queued = if discards { ShutdownMode::Discard } else { ShutdownMode::Drain };
            with!(&props.pool, pool => pool.shutdown(queued, None)).expect("for ever");
        }
        Op::RingPush(_) | Op::RingPop | Op::RingPushBack | Op::RingLook => unreachable!("not the pool's"),
        Op::Destroy => with!(&props.pool, pool => pool.shared_end()),
    }
}

/// The handle as a value, which may be copied; the claim is not given up.
fn kept<T: Send>(handle: JobHandle<'_, T>) -> Option<JobId> {
    let job = handle.id();
    std::mem::forget(handle);
    job
}

fn why<F>(error: SubmitError<F>) -> SubmitResult {
    match error {
        SubmitError::Full(_) => SubmitResult::Full,
        SubmitError::Shutdown(_) => SubmitResult::Shutdown,
        SubmitError::Deadlock(_) => SubmitResult::Deadlock,
        other => unreachable!("{other}"),
    }
}
