//! Shows a bounded, cancellable `spawn_blocking` under tokio. A task awaits a job's handle. A fixed number of
//! jobs are queued or running at most; a further task waits for a place, and blocks no thread. A task that is
//! dropped cancels its job. tokio's own `spawn_blocking` has neither.

use jobring::{JobError, JobHandle, Pool, ShutdownMode, SubmitError};
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// A pool for tasks whose work blocks.
#[derive(Clone)]
struct Blocking {
    pool: &'static Pool,
    places: Arc<Semaphore>,
}

impl Blocking {
    fn new(workers: usize, places: usize) -> Self {
        // It lives as long as the program: so can each handle, which tokio asks of a task.
        let pool = Pool::builder().workers(workers).capacity(2 * places).build().expect("a pool");
        Self { pool: Box::leak(Box::new(pool)), places: Arc::new(Semaphore::new(places)) }
    }

    /// The result of a job on the pool. If this future is dropped, a job that has not started never runs, and
    /// one that runs is asked to stop.
    async fn run<F, T>(&self, job: F) -> Result<T, JobError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // The place goes with the job: it is free again when the job has run, or was dropped.
        let place = self.places.clone().acquire_owned().await.expect("it is never closed");
        let mut job = move || {
            let _place = place;
            job()
        };
        loop {
            match self.pool.try_submit(job) {
                Ok(handle) => return CancelOnDrop(handle).await,
                // A cancelled job gave back its place, but may keep its slot until a worker comes by.
                Err(SubmitError::Full(refused)) => job = refused,
                Err(_) => return Err(JobError::Cancelled),
            }
            sleep(Duration::from_millis(1)).await;
        }
    }
}

struct CancelOnDrop<T: Send>(JobHandle<'static, T>);

impl<T: Send> Future for CancelOnDrop<T> {
    type Output = Result<T, JobError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T: Send> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        // Changes nothing if the job has finished.
        self.0.cancel();
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, JobError>>>>;

/// Goes on with a future until it waits.
async fn begin<T>(future: &mut Boxed<T>) {
    let pending = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await;
    assert!(pending, "there is something to wait for");
}

/// A job that runs, and waits until the sender is dropped.
async fn running(blocking: &Blocking) -> (Boxed<u32>, mpsc::Sender<()>) {
    let (open, opened) = mpsc::channel::<()>();
    let (started, has_started) = oneshot::channel();
    let blocking = blocking.clone();
    let mut job: Boxed<u32> = Box::pin(async move {
        let wait = move || {
            started.send(()).expect("somebody waits for that");
            let _ = opened.recv();
            7
        };
        blocking.run(wait).await
    });
    begin(&mut job).await;
    has_started.await.expect("it starts");
    (job, open)
}

/// A job that does not run yet: it is queued, or has no place.
async fn waiting(blocking: &Blocking, job: impl FnOnce() -> u32 + Send + 'static) -> Boxed<u32> {
    let blocking = blocking.clone();
    let mut job: Boxed<u32> = Box::pin(async move { blocking.run(job).await });
    begin(&mut job).await;
    job
}

async fn many_tasks() {
    let blocking = Blocking::new(2, 4);
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for number in 0..1000u64 {
        let (blocking, inside, most) = (blocking.clone(), inside.clone(), most.clone());
        tasks.spawn(async move {
            let job = move || {
                most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                thread::sleep(Duration::from_micros(100));
                let squares = (0..=number).map(|n| n * n).sum::<u64>();
                inside.fetch_sub(1, SeqCst);
                squares
            };
            // A box, because more does not fit into a slot.
            let job: Box<dyn FnOnce() -> u64 + Send> = Box::new(job);
            let squares = blocking.run(job).await.expect("it runs");
            assert_eq!(squares, number * (number + 1) * (2 * number + 1) / 6);
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.expect("no panic");
    }
    assert!(most.load(SeqCst) <= 2);
    assert_eq!(blocking.places.available_permits(), 4);
    println!("1000 tasks, 4 places, 2 workers: at most {} inside a job", most.load(SeqCst));
}

async fn panics_reach_the_task() {
    let blocking = Blocking::new(1, 1);
    let panicked = blocking.run(|| -> u32 { resume_unwind(Box::new("out of paper")) }).await;
    assert_eq!(panicked.expect_err("it panicked").to_string(), "the job panicked: out of paper");
    assert_eq!(blocking.run(|| 7).await.expect("the worker goes on"), 7);
    println!("a panic reached the task, and the worker went on");
}

async fn a_timeout_cancels() {
    let blocking = Blocking::new(1, 1);
    let pool = blocking.pool;
    let (stopped, has_stopped) = oneshot::channel();
    let endless = move || {
        while !pool.cancel_requested() {
            thread::sleep(Duration::from_millis(1));
        }
        let _ = stopped.send(());
    };
    tokio::select! {
        _ = blocking.run(endless) => unreachable!("it never ends by itself"),
        () = sleep(Duration::from_millis(20)) => {}
    }
    // select! has dropped the other future.
    has_stopped.await.expect("the job was asked to stop, and did");
    println!("select! with a timeout: the job was asked to stop, and did");
}

async fn a_dropped_task_cancels() {
    let blocking = Blocking::new(1, 3);
    let (first, open) = running(&blocking).await;
    let second = waiting(&blocking, || 8).await;

    // Queued; and without a place.
    let witness = Arc::new(());
    let held = witness.clone();
    let queued = waiting(&blocking, move || Arc::strong_count(&held) as u32).await;
    let without_place = waiting(&blocking, || unreachable!("it was dropped")).await;
    assert_eq!(blocking.places.available_permits(), 0);
    drop(without_place);
    drop(queued);
    assert_eq!(Arc::strong_count(&witness), 1, "the job was dropped, and did not run");
    assert_eq!(blocking.places.available_permits(), 1);

    // Cancelled jobs keep their slots as long as a queued job is before them. When all 6 are taken, the next
    // job has a place and waits for a slot.
    for _ in 0..3 {
        drop(waiting(&blocking, || unreachable!("it was cancelled")).await);
    }
    let last = waiting(&blocking, || 9).await;
    assert!(matches!(blocking.pool.try_submit(|| ()), Err(SubmitError::Full(_))));
    drop(open);
    let results = (first.await, second.await, last.await);
    assert!(matches!(results, (Ok(7), Ok(8), Ok(9))));
    assert_eq!(blocking.places.available_permits(), 3);
    println!("tasks dropped while they waited: their jobs never ran, and their places are free");
}

async fn a_shutdown_reaches_waiting_tasks() {
    let blocking = Blocking::new(2, 4);
    let (one, open_one) = running(&blocking).await;
    let (other, open_other) = running(&blocking).await;
    let queued = [waiting(&blocking, || 1).await, waiting(&blocking, || 2).await];
    let without_place = waiting(&blocking, || 3).await;

    let pool = blocking.pool;
    let closer = thread::spawn(move || pool.shutdown(ShutdownMode::Discard, None));
    for task in queued.into_iter().chain([without_place]) {
        assert!(matches!(task.await, Err(JobError::Cancelled)));
    }
    drop((open_one, open_other));
    assert_eq!((one.await.expect("it ran"), other.await.expect("it ran")), (7, 7));
    closer.join().expect("no panic").expect("no timeout");
    assert!(matches!(blocking.run(|| 4).await, Err(JobError::Cancelled)));
    println!("a shutdown: 2 running jobs ended, 3 waiting tasks were told");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    many_tasks().await;
    panics_reach_the_task().await;
    a_timeout_cancels().await;
    a_dropped_task_cancels().await;
    a_shutdown_reaches_waiting_tasks().await;
}
