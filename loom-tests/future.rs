//! Async tasks that await jobs: the thread that ends a job wakes its task, whatever other threads do
//! meanwhile.

use crate::fixtures::{Place, Stage, writer};
use crate::harness::{Model, model};
use jobring_model::StaticPool;
use jobring_model::model::{Awaiting, End, StopPoint};
use loom::sync::atomic::AtomicUsize;
use std::pin::pin;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

pub const MODELS: &[Model] = &[
    model!(unbounded an_awaited_job_wakes_its_task),
    model!(unbounded a_task_sees_what_the_job_wrote),
    model!(3 a_task_that_wakes_spuriously_is_woken_again),
    model!(unbounded a_cancel_wakes_the_task),
    model!(3 a_cancelled_and_a_run_job_wake_the_task_alike),
    model!(3 a_discard_wakes_the_task),
    model!(3 the_waker_of_the_last_poll_is_woken),
    model!(2 a_handle_goes_from_task_to_task),
    model!(3 a_task_in_the_place_of_one_that_is_gone_is_woken),
    model!(3 a_handle_that_is_dropped_keeps_no_waker),
    model!(3 a_task_gives_up_and_its_thread_waits),
    model!(2 a_slow_caller_takes_no_wake_up_from_the_next_task),
    model!(2 a_handle_dropped_early_takes_no_wake_up_from_the_next_task),
    model!(2 two_tasks_await_two_jobs),
    model!(unbounded a_leaked_handle_keeps_its_waker_until_the_end),
    model!(unbounded a_handle_is_a_future),
    model!(2 a_caller_stopped_anywhere_holds_up_no_task),
    model!(3 a_slow_caller_stopped_anywhere_holds_up_no_task),
    model!(2 a_task_stopped_anywhere_holds_up_no_runner),
];

/// Wakes a thread that polls; a waker of one task is one pointer to it.
pub struct Bell {
    rung: AtomicUsize,
    /// A thread that sleeps until it is notified. It has no spurious wake-ups: loom would take one for the
    /// end of its join.
    sleeper: Mutex<Option<loom::thread::Thread>>,
    /// Written by the task before its first poll: the thread that wakes it must see it.
    begun: Place,
}

// SAFETY:
// - loom runs all of a model's threads on one system thread, and checks every access.
unsafe impl Sync for Bell {}
// SAFETY:
// - as for Sync.
unsafe impl Send for Bell {}

impl Bell {
    /// A task begins.
    pub fn new() -> Arc<Self> {
        let begun = Place::new();
        begun.write();
        Arc::new(Self { rung: AtomicUsize::new(0), sleeper: Mutex::default(), begun })
    }

    pub fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }

    /// Sleeps until it is notified.
    pub fn wait(&self) {
        while self.rung.swap(0, Acquire) == 0 {
            // loom lets no other thread run between the swap and the sleep.
            *self.sleeper.lock().unwrap() = Some(loom::thread::current());
            loom::thread::park();
        }
    }

    /// The task has gone, and another one has its memory: wake-ups of the first must not count for it, and
    /// order nothing.
    fn pass_on(&self) {
        self.rung.swap(0, Relaxed);
    }

    fn is_rung(&self) -> bool {
        self.rung.fetch_or(0, Acquire) > 0
    }

    /// The number of its wakers.
    pub fn wakers(self: &Arc<Self>) -> usize {
        Arc::strong_count(self) - 1
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        assert!(self.begun.written());
        self.rung.fetch_add(1, Release);
        if let Some(thread) = self.sleeper.lock().unwrap().take() {
            thread.unpark();
        }
    }
}

/// Polls until the job has finished, and sleeps between polls.
fn block_on<const N: usize>(job: &mut Awaiting<N>, bell: &Arc<Bell>) -> End {
    let waker = bell.waker();
    loop {
        if let Some(end) = job.poll(&waker) {
            return end;
        }
        bell.wait();
    }
}

/// A pool whose job 0 a task awaits.
fn awaiting<const N: usize>(s: &Stage<N>) -> Awaiting<N> {
    Awaiting::new(&s.pool, s.submit(0))
}

fn an_awaited_job_wakes_its_task() {
    let s = Stage::<1>::attended();
    let mut job = awaiting(&s);
    let runner = s.runner();
    s.begin();
    let bell = Bell::new();
    assert_eq!(block_on(&mut job, &bell), End::Done(0));
    runner.join().unwrap();
    assert_eq!(bell.wakers(), 0);
    s.assert_over(1);
}

fn a_task_sees_what_the_job_wrote() {
    let s = Stage::<1>::attended();
    let (task, place) = writer(&s.log, 0);
    let mut job = Awaiting::new(&s.pool, s.pool.submit(task).expect("there is room"));
    let runner = s.runner();
    s.begin();
    assert_eq!(block_on(&mut job, &Bell::new()), End::Done(0));
    assert!(place.written());
    runner.join().unwrap();
    s.assert_over(1);
}

fn a_task_that_wakes_spuriously_is_woken_again() {
    let s = Stage::<1>::attended();
    let mut job = awaiting(&s);
    let runner = s.runner();
    s.begin();
    let bell = Bell::new();
    let waker = bell.waker();
    // As if woken each time.
    let end = (0..2).find_map(|_| job.poll(&waker));
    assert_eq!(end.unwrap_or_else(|| block_on(&mut job, &bell)), End::Done(0));
    runner.join().unwrap();
    s.assert_over(1);
}

fn a_cancel_wakes_the_task() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let canceller = s.thread(move |s| assert_eq!(s.pool.cancel(job), Some(true)));
    s.begin();
    assert_eq!(block_on(&mut Awaiting::new(&s.pool, job), &Bell::new()), End::Cancelled);
    canceller.join().unwrap();
    s.assert_over(1);
}

fn a_cancelled_and_a_run_job_wake_the_task_alike() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let runner = s.thread(|s| s.pool.run_one());
    s.begin();
    let (mut awaiting, bell) = (Awaiting::new(&s.pool, job), Bell::new());
    let mut end = awaiting.poll(&bell.waker());
    if end.is_none() {
        s.pool.cancel(job);
        end = Some(block_on(&mut awaiting, &bell));
    }
    let ran = runner.join().unwrap();
    assert_eq!(end, Some(if ran { End::Done(0) } else { End::Cancelled }));
    s.assert_over(1);
}

fn a_discard_wakes_the_task() {
    let s = Stage::<1>::attended();
    let mut job = awaiting(&s);
    let closer = s.thread(|s| drop(s.pool.discard()));
    s.begin();
    assert_eq!(block_on(&mut job, &Bell::new()), End::Cancelled);
    closer.join().unwrap();
    s.assert_ended(1);
}

fn the_waker_of_the_last_poll_is_woken() {
    let s = Stage::<1>::attended();
    let mut job = awaiting(&s);
    let runner = s.runner();
    s.begin();
    let (first, second) = (Bell::new(), Bell::new());
    let end = job.poll(&first.waker());
    assert_eq!(end.unwrap_or_else(|| block_on(&mut job, &second)), End::Done(0));
    runner.join().unwrap();
    assert_eq!((first.wakers(), second.wakers()), (0, 0));
    s.assert_over(1);
}

fn a_handle_goes_from_task_to_task() {
    let s = Stage::<1>::attended();
    let mut job = awaiting(&s);
    let runner = s.runner();
    let first = s.thread(move |_| {
        let end = job.poll(&Bell::new().waker());
        (end, job)
    });
    s.begin();
    let (end, mut job) = first.join().unwrap();
    assert_eq!(end.unwrap_or_else(|| block_on(&mut job, &Bell::new())), End::Done(0));
    runner.join().unwrap();
    s.assert_over(1);
}

fn a_task_in_the_place_of_one_that_is_gone_is_woken() {
    let s = Stage::<1>::attended();
    let mut job = awaiting(&s);
    let runner = s.runner();
    s.begin();
    let bell = Bell::new();
    let end = job.poll(&bell.waker());
    bell.pass_on();
    assert_eq!(end.unwrap_or_else(|| block_on(&mut job, &bell)), End::Done(0));
    runner.join().unwrap();
    s.assert_over(1);
}

fn a_handle_that_is_dropped_keeps_no_waker() {
    let s = Stage::<1>::attended();
    let mut job = awaiting(&s);
    let runner = s.runner();
    s.begin();
    let bell = Bell::new();
    let end = job.poll(&bell.waker());
    drop(job);
    runner.join().unwrap();
    assert_eq!(bell.wakers(), 0);
    assert_eq!(s.log.forgotten(0), usize::from(end.is_none()));
    s.assert_over(1);
}

fn a_task_gives_up_and_its_thread_waits() {
    let s = Stage::<1>::attended();
    let mut job = awaiting(&s);
    let runner = s.runner();
    s.begin();
    let bell = Bell::new();
    let end = job.poll(&bell.waker());
    assert_eq!(end.unwrap_or_else(|| job.wait()), End::Done(0));
    runner.join().unwrap();
    assert_eq!(bell.wakers(), 0);
    s.assert_over(1);
}

/// The runner of job 0 may still be about to wake a task when job 1 is already in its slot, with a task of
/// its own.
fn a_slow_caller_takes_no_wake_up_from_the_next_task() {
    let s = Stage::<1>::attended().ungated();
    let mut job = awaiting(&s);
    let bell = Bell::new();
    let slow = job.poll(&bell.waker()).is_none();
    assert!(slow, "nobody ran it yet");
    let runner = s.runner();
    // Not woken: it looks by itself.
    while job.poll(&bell.waker()).is_none() {
        loom::thread::yield_now();
    }
    let mut next = Awaiting::new(&s.pool, s.submit(1));
    let runner_of_next = s.runner();
    assert_eq!(block_on(&mut next, &Bell::new()), End::Done(1));
    runner.join().unwrap();
    runner_of_next.join().unwrap();
    assert_eq!(bell.wakers(), 0);
    s.assert_over(2);
}

/// The same with a job whose handle is given up before it has finished.
fn a_handle_dropped_early_takes_no_wake_up_from_the_next_task() {
    let s = Stage::<1>::attended().ungated();
    let mut job = awaiting(&s);
    let runner = s.runner();
    let bell = Bell::new();
    let _ = job.poll(&bell.waker());
    drop(job);
    let next = loop {
        match s.pool.submit(s.task(1)) {
            Ok(next) => break next,
            Err(_) => loom::thread::yield_now(),
        }
    };
    let mut next = Awaiting::new(&s.pool, next);
    let runner_of_next = s.runner();
    assert_eq!(block_on(&mut next, &bell), End::Done(1));
    runner.join().unwrap();
    runner_of_next.join().unwrap();
    assert_eq!(bell.wakers(), 0);
    s.assert_over(2);
}

fn two_tasks_await_two_jobs() {
    let s = Stage::<2>::attended().ungated();
    let mut jobs = [0, 1].map(|n| Awaiting::new(&s.pool, s.submit(n)));
    let runner = s.runner_of_all();
    // One executor with two joined tasks, woken alike.
    let bell = Bell::new();
    let waker = bell.waker();
    let mut ends = [None; 2];
    loop {
        for (job, end) in jobs.iter_mut().zip(&mut ends) {
            if end.is_none() {
                *end = job.poll(&waker);
            }
        }
        if ends.iter().all(Option::is_some) {
            break;
        }
        bell.wait();
    }
    assert_eq!(ends, [Some(End::Done(0)), Some(End::Done(1))]);
    runner.join().unwrap();
    s.assert_over(2);
}

fn a_leaked_handle_keeps_its_waker_until_the_end() {
    let s = Stage::<1>::attended();
    let mut job = awaiting(&s);
    let bell = Bell::new();
    assert!(job.poll(&bell.waker()).is_none());
    assert_eq!((job.leak(), bell.wakers()), (s.pool.guess(0, 0), 1));
    s.pool.drop_wakers();
    assert_eq!(bell.wakers(), 0);
    // No task to wake.
    assert!(s.pool.run_one());
    s.pool.forget_all();
    s.assert_ended(1);
}

/// The public `JobHandle`.
fn a_handle_is_a_future() {
    let pool = Arc::new(StaticPool::<1, 1, 48>::new());
    let running = pool.clone();
    let job = pool.try_submit(|| 42).expect("there is room");
    let runner = loom::thread::spawn(move || assert!(running.run_one()));
    let bell = Bell::new();
    let waker = bell.waker();
    let mut job = pin!(async { job.await.expect("a result") + 1 });
    let result = loop {
        match job.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => break result,
            Poll::Pending => bell.wait(),
        }
    };
    assert_eq!(result, 43);
    runner.join().unwrap();
    drop(waker);
    assert_eq!(bell.wakers(), 0);
}

/// A thread runs job 0 and wakes its task, and is stopped anywhere in that, or when the next job is in the
/// slot and its task has stored a waker. That task is woken nevertheless.
fn stopped_caller(from_the_beginning: bool) {
    let s = Stage::<1>::attended();
    let s = if from_the_beginning { s } else { s.ungated() };
    let (mut job, bell, frost) = (awaiting(&s), Bell::new(), StopPoint::new());
    assert!(job.poll(&bell.waker()).is_none());
    let stopped = frost.clone();
    let runner = s.thread(move |s| assert!(stopped.during(|| s.pool.run_one())));
    s.begin();
    if from_the_beginning {
        frost.freeze();
    }
    let mut end = job.poll(&bell.waker());
    while end.is_none() && !from_the_beginning {
        // Not woken: it looks by itself.
        loom::thread::yield_now();
        end = job.poll(&bell.waker());
    }
    if end.is_some() {
        let (mut next, bell) = (Awaiting::new(&s.pool, s.submit(1)), Bell::new());
        assert!(next.poll(&bell.waker()).is_none());
        frost.freeze();
        assert!(s.pool.run_one());
        assert!(bell.is_rung());
        assert_eq!(next.poll(&bell.waker()), Some(End::Done(1)));
    }
    frost.thaw();
    assert_eq!(end.unwrap_or_else(|| block_on(&mut job, &bell)), End::Done(0));
    runner.join().unwrap();
    assert_eq!(bell.wakers(), 0);
    s.assert_over(1 + usize::from(end.is_some()));
}

fn a_caller_stopped_anywhere_holds_up_no_task() {
    stopped_caller(true);
}

fn a_slow_caller_stopped_anywhere_holds_up_no_task() {
    stopped_caller(false);
}

fn a_task_stopped_anywhere_holds_up_no_runner() {
    let s = Stage::<2>::attended();
    let (mut job, frost) = (awaiting(&s), StopPoint::new());
    let stopped = frost.clone();
    let task = s.thread(move |_| {
        stopped.during(|| {
            let (first, second) = (Bell::new(), Bell::new());
            if job.poll(&first.waker()).is_none() && job.poll(&second.waker()).is_none() {
                drop(job);
            }
        });
    });
    s.begin();
    frost.freeze();
    assert!(s.pool.run_one());
    let (mut next, bell) = (Awaiting::new(&s.pool, s.submit(1)), Bell::new());
    assert!(next.poll(&bell.waker()).is_none());
    assert!(s.pool.run_one());
    assert!(bell.is_rung());
    assert_eq!(next.poll(&bell.waker()), Some(End::Done(1)));
    frost.thaw();
    task.join().unwrap();
    s.assert_over(2);
}
