//! Interrupts: a raised interrupt ends every blocking call in its scope, and changes nothing. A thread in a scope sleeps on
//! the event count, and learns of what it waits for like any other thread.

use crate::fixtures::{Place, Stage, assert_taken_once};
use crate::harness::{Model, model};
use jobring_model::model::{End, No, Queue, Took};
use jobring_model::{Interrupt, JobId};
use loom::thread::JoinHandle;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

pub const MODELS: &[Model] = &[
    model!(unbounded an_interrupt_ends_a_wait),
    model!(3 an_interrupted_wait_leaves_the_job_as_it_was),
    model!(2 an_interrupt_ends_one_of_two_waits_for_a_job),
    model!(2 an_interrupt_ends_the_waits_of_two_threads),
    model!(3 of_two_interrupts_none_is_lost),
    model!(unbounded a_job_that_ends_wakes_a_waiter_in_a_scope),
    model!(2 a_job_that_ends_wakes_two_waiters_in_scopes),
    model!(2 a_job_that_ends_wakes_a_waiter_in_a_scope_that_finds_the_mark),
    model!(3 a_cancel_wakes_a_waiter_in_a_scope),
    model!(3 a_detach_wakes_a_waiter_in_a_scope),
    model!(2 a_look_that_ends_wakes_a_waiter_in_a_scope),
    model!(3 an_interrupt_ends_a_submit_on_a_full_pool),
    model!(3 a_free_slot_wakes_a_submitter_in_a_scope),
    model!(3 a_submitter_in_a_scope_learns_of_the_close),
    model!(3 an_interrupt_ends_a_take),
    model!(3 a_completion_wakes_a_consumer_in_a_scope),
    model!(2 no_consumer_in_a_scope_sleeps_when_nothing_is_pending),
    model!(3 an_interrupt_ends_a_submit_at_the_limit),
    model!(3 an_interrupt_ends_a_shutdown_which_can_be_tried_again),
    model!(3 an_interrupt_ends_a_wait_inside_a_job),
    model!(2 a_job_that_ends_wakes_a_job_that_waits_in_a_scope),
    model!(unbounded a_job_that_runs_inside_a_wait_is_not_interrupted),
];

/// A pool with a worker that never works, a job, and an interrupt.
struct Scene<const N: usize> {
    s: Stage<N>,
    job: JobId,
    interrupt: Arc<Interrupt>,
}

impl<const N: usize> Scene<N> {
    fn new() -> Self {
        let s = Stage::attended();
        let job = s.submit(0);
        Self { s, job, interrupt: Arc::new(Interrupt::new()) }
    }

    /// A thread that calls `f` in a scope.
    fn scoped<T: 'static>(&self, f: impl FnOnce(&Stage<N>) -> T + 'static) -> JoinHandle<T> {
        let interrupt = self.interrupt.clone();
        self.s.thread(move |s| s.pool.interruptible(&interrupt, || f(s)))
    }

    /// A thread that waits for the job in a scope.
    fn waiter(&self) -> JoinHandle<End> {
        let job = self.job;
        self.scoped(move |s| s.pool.wait(job))
    }

    fn raise(&self) {
        self.s.pool.raise(&self.interrupt);
    }
}

fn an_interrupt_ends_a_wait() {
    let scene = Scene::<1>::new();
    let (place, interrupt, job) = (Place::new(), scene.interrupt.clone(), scene.job);
    let read = place.clone();
    let waiter = scene.s.thread(move |s| {
        let end = s.pool.interruptible(&interrupt, || s.pool.wait(job));
        assert!(read.written(), "the interrupted thread sees what came before");
        end
    });
    scene.s.begin();
    place.write();
    scene.raise();
    assert_eq!(waiter.join().unwrap(), End::Interrupted);
    assert!(scene.s.pool.run_one());
    assert_eq!(scene.s.pool.wait(job), End::Done(0));
    scene.s.assert_over(1);
}

fn an_interrupted_wait_leaves_the_job_as_it_was() {
    let scene = Scene::<1>::new();
    let waiter = scene.waiter();
    let runner = scene.s.runner();
    scene.s.begin();
    scene.raise();
    match waiter.join().unwrap() {
        End::Done(0) => {}
        End::Interrupted => assert_eq!(scene.s.pool.wait(scene.job), End::Done(0)),
        end => panic!("{end:?}"),
    }
    runner.join().unwrap();
    scene.s.assert_over(1);
}

/// The other waiter may set WAITER again after the raise.
fn an_interrupt_ends_one_of_two_waits_for_a_job() {
    let scene = Scene::<1>::new();
    let (waiter, job) = (scene.waiter(), scene.job);
    let other = scene.s.thread(move |s| s.pool.wait(job));
    scene.s.begin();
    scene.raise();
    assert_eq!(waiter.join().unwrap(), End::Interrupted);
    assert!(scene.s.pool.run_one());
    assert_eq!(other.join().unwrap(), End::Done(0));
    scene.s.assert_over(1);
}

fn an_interrupt_ends_the_waits_of_two_threads() {
    let scene = Scene::<1>::new();
    let waiters = [scene.waiter(), scene.waiter()];
    scene.s.begin();
    scene.raise();
    waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join().unwrap(), End::Interrupted));
    scene.s.pool.detach(scene.job);
    scene.s.assert_over(1);
}

/// The thread waits until it has seen what both raisers left. The flags are Relaxed: the interrupt carries them.
fn of_two_interrupts_none_is_lost() {
    let scene = Scene::<1>::new();
    let flags = Arc::new([(); 2].map(|()| loom::sync::atomic::AtomicBool::new(false)));
    let (interrupt, job, seen) = (scene.interrupt.clone(), scene.job, flags.clone());
    let waiter = scene.s.thread(move |s| {
        s.pool.interruptible(&interrupt, || {
            while !seen.iter().all(|flag| flag.load(Relaxed)) {
                assert_eq!(s.pool.wait(job), End::Interrupted);
                assert!(interrupt.reset());
            }
        });
    });
    let (interrupt, set) = (scene.interrupt.clone(), flags.clone());
    let raiser = scene.s.thread(move |s| {
        set[1].store(true, Relaxed);
        s.pool.raise(&interrupt);
    });
    scene.s.begin();
    flags[0].store(true, Relaxed);
    scene.raise();
    waiter.join().unwrap();
    raiser.join().unwrap();
    scene.s.pool.detach(scene.job);
    scene.s.assert_over(1);
}

fn a_job_that_ends_wakes_a_waiter_in_a_scope() {
    let scene = Scene::<1>::new();
    let waiter = scene.waiter();
    scene.s.begin();
    assert!(scene.s.pool.run_one());
    assert_eq!(waiter.join().unwrap(), End::Done(0));
    scene.s.assert_over(1);
}

fn a_job_that_ends_wakes_two_waiters_in_scopes() {
    let scene = Scene::<1>::new();
    let waiters = [scene.waiter(), scene.waiter()];
    scene.s.begin();
    assert!(scene.s.pool.run_one());
    assert_taken_once(waiters.map(|waiter| waiter.join().unwrap()), 0);
    scene.s.assert_over(1);
}

/// The other waiter has set WAITER: the thread in the scope changes nothing in the job's word.
fn a_job_that_ends_wakes_a_waiter_in_a_scope_that_finds_the_mark() {
    let scene = Scene::<1>::new();
    let (waiter, job) = (scene.waiter(), scene.job);
    let other = scene.s.thread(move |s| s.pool.wait(job));
    scene.s.begin();
    assert!(scene.s.pool.run_one());
    assert_taken_once([waiter.join().unwrap(), other.join().unwrap()], 0);
    scene.s.assert_over(1);
}

fn a_cancel_wakes_a_waiter_in_a_scope() {
    let scene = Scene::<1>::new();
    let waiter = scene.waiter();
    scene.s.begin();
    assert_eq!(scene.s.pool.cancel(scene.job), Some(true));
    assert_eq!(waiter.join().unwrap(), End::Cancelled);
    scene.s.assert_over(1);
}

fn a_detach_wakes_a_waiter_in_a_scope() {
    let scene = Scene::<1>::new();
    let waiter = scene.waiter();
    scene.s.begin();
    assert!(scene.s.pool.detach(scene.job));
    assert_eq!(waiter.join().unwrap(), End::Stale);
    scene.s.assert_over(1);
}

/// While the other thread looks at the result, the word is TAKING; it is put back, or another thread has taken the result.
fn a_look_that_ends_wakes_a_waiter_in_a_scope() {
    let scene = Scene::<1>::new();
    let (waiter, job) = (scene.waiter(), scene.job);
    let other = scene.s.thread(move |s| s.pool.peek(job));
    scene.s.begin();
    assert!(scene.s.pool.run_one());
    assert_eq!(waiter.join().unwrap(), End::Done(0));
    other.join().unwrap();
    scene.s.assert_over(1);
}

fn an_interrupt_ends_a_submit_on_a_full_pool() {
    let scene = Scene::<1>::new();
    let submitter = scene.scoped(|s| s.pool.submit_blocking(s.task(1)));
    scene.s.begin();
    scene.raise();
    assert_eq!(submitter.join().unwrap(), Err(No::Interrupted));
    scene.s.pool.detach(scene.job);
    scene.s.assert_over(1);
}

fn a_free_slot_wakes_a_submitter_in_a_scope() {
    let scene = Scene::<1>::new();
    let submitter = scene.scoped(|s| s.pool.submit_blocking(s.task(1)).is_ok());
    scene.s.begin();
    assert!(scene.s.pool.detach(scene.job));
    assert!(scene.s.pool.run_one());
    assert!(submitter.join().unwrap());
    scene.s.assert_over(2);
}

fn a_submitter_in_a_scope_learns_of_the_close() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    assert!(s.pool.run_one());
    let submitter = s.thread(move |s| {
        let interrupt = Interrupt::new();
        s.pool.interruptible(&interrupt, || s.pool.submit_blocking(s.task(1)))
    });
    s.begin();
    assert_eq!(s.pool.drain().untaken(), 1);
    assert_eq!(submitter.join().unwrap(), Err(No::Shutdown));
    assert_eq!(s.pool.wait(job), End::Done(0));
}

fn an_interrupt_ends_a_take() {
    let scene = Scene::<2>::new();
    let queue = Queue::new(&scene.s.pool, 1);
    queue.submit(scene.s.task(1)).expect("there is room");
    let inside = queue.clone();
    let consumer = scene.scoped(move |_| inside.take());
    scene.s.begin();
    scene.raise();
    assert_eq!(consumer.join().unwrap(), Took::Interrupted);
    scene.s.pool.detach(scene.job);
    while scene.s.pool.run_one() {}
    assert_eq!((queue.take(), queue.take()), (Took::Done(1), Took::Empty));
    scene.s.assert_over(2);
}

/// A queue with one job, and consumers in scopes.
fn consumers<const OTHERS: usize>() {
    let s = Stage::<1>::attended();
    let queue = s.queue(1);
    let consumers = [(); OTHERS].map(|()| {
        let inside = queue.clone();
        s.thread(move |s| {
            let interrupt = Interrupt::new();
            s.pool.interruptible(&interrupt, || inside.take())
        })
    });
    s.begin();
    assert!(s.pool.run_one());
    let took = consumers.map(|consumer| consumer.join().unwrap());
    assert_eq!(took.iter().filter(|took| **took == Took::Done(0)).count(), 1);
    assert_eq!(took.iter().filter(|took| **took == Took::Empty).count(), OTHERS - 1);
    s.assert_over(1);
}

fn a_completion_wakes_a_consumer_in_a_scope() {
    consumers::<1>();
}

fn no_consumer_in_a_scope_sleeps_when_nothing_is_pending() {
    consumers::<2>();
}

fn an_interrupt_ends_a_submit_at_the_limit() {
    let s = Stage::<2>::attended();
    let (queue, interrupt) = (Queue::new(&s.pool, 1), Arc::new(Interrupt::new()));
    queue.submit(s.task(0)).expect("there is room");
    let (inside, raised) = (queue.clone(), interrupt.clone());
    let submitter = s.thread(move |s| s.pool.interruptible(&raised, || inside.submit_blocking(s.task(1))));
    s.begin();
    s.pool.raise(&interrupt);
    assert_eq!(submitter.join().unwrap(), Err(No::Interrupted));
    assert!(s.pool.run_one());
    assert_eq!((queue.take(), queue.take()), (Took::Done(0), Took::Empty));
    s.assert_over(1);
}

fn an_interrupt_ends_a_shutdown_which_can_be_tried_again() {
    let scene = Scene::<1>::new();
    let closer = scene.scoped(|s| s.pool.drain_unless_interrupted());
    scene.s.begin();
    scene.raise();
    let report = closer.join().unwrap().expect_err("a job is queued");
    assert_eq!(report.queued(), 1);
    assert_eq!(scene.s.pool.submit(scene.s.task(1)), Err(No::Shutdown));
    assert!(scene.s.pool.run_one());
    assert_eq!(scene.s.pool.drain().untaken(), 1);
    assert_eq!(scene.s.pool.wait(scene.job), End::Done(0));
}

/// Job 0 waits for job 1, in a scope, and no worker has stack for a job inside a job.
fn waiting_job(expected: End) {
    let s = Stage::<2>::new();
    (0..2).for_each(|_| s.pool.admit());
    let interrupt = Arc::new(Interrupt::new());
    let (pool, raised, inner) = (s.pool.clone(), interrupt.clone(), s.pool.guess(0, 1));
    let task = s.task(0).doing(move || {
        assert_eq!(pool.interruptible(&raised, || pool.wait(inner)), expected);
    });
    let outer = s.pool.submit(task).expect("there is room");
    assert_eq!(s.submit(1), inner);
    let run_one = |s: &Stage<2>| s.pool.as_worker_without_stack(|| assert!(s.pool.run_one()));
    let other = s.thread(move |s| run_one(s));
    s.begin();
    if expected == End::Interrupted {
        s.pool.raise(&interrupt)
    } else {
        run_one(&s)
    }
    other.join().unwrap();
    assert_eq!(s.pool.poll(outer), End::Done(0));
    let _ = s.pool.detach(inner);
    s.assert_over(2);
}

fn an_interrupt_ends_a_wait_inside_a_job() {
    waiting_job(End::Interrupted);
}

fn a_job_that_ends_wakes_a_job_that_waits_in_a_scope() {
    waiting_job(End::Done(1));
}

/// The pool has no worker: the wait runs the jobs in their order, and the first of them waits for the second.
fn a_job_that_runs_inside_a_wait_is_not_interrupted() {
    let s = Stage::<2>::new();
    let interrupt = Arc::new(Interrupt::new());
    let second = Arc::new(std::sync::OnceLock::new());
    let (pool, raised, later) = (s.pool.clone(), interrupt.clone(), second.clone());
    let first = s
        .pool
        .submit(s.task(0).doing(move || {
            pool.raise(&raised);
            assert_eq!(pool.wait(*later.get().unwrap()), End::Done(1));
        }))
        .expect("there is room");
    second.set(s.submit(1)).unwrap();
    s.begin();
    s.pool.interruptible(&interrupt, || {
        assert_eq!(s.pool.wait(first), End::Done(0));
        assert!(s.pool.submit_blocking(s.task(2)).is_ok());
    });
    s.assert_over(3);
}
