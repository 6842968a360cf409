//! An idle pool uses no CPU: in two seconds its workers are not scheduled once, while another thread polls. Nor are threads that
//! wait at a queue, nor the workers of a paused pool with jobs in it.
#![cfg(all(feature = "std", target_os = "linux"))]

mod common;

use common::{DEADLINE, done, until};
use jobring::{BlockingQueue, Pool, PopError, PushError};
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// Voluntary and involuntary switches of the threads whose names begin with `prefix`.
fn switches(prefix: &str) -> BTreeMap<String, (u64, u64)> {
    let mut found = BTreeMap::new();
    for task in fs::read_dir("/proc/self/task").expect("Linux's proc").flatten() {
        let Ok(status) = fs::read_to_string(task.path().join("status")) else { continue };
        let field = |name: &str| {
            status.lines().find_map(|line| line.strip_prefix(name)).expect("such a field").trim()
        };
        if field("Name:").starts_with(prefix) {
            let number = |name| field(name).parse().expect("a number");
            let both = (number("voluntary_ctxt_switches:"), number("nonvoluntary_ctxt_switches:"));
            found.insert(field("Name:").to_owned(), both);
        }
    }
    found
}

/// Is no thread of this name running or about to?
fn all_sleep(prefix: &str) -> bool {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux's proc").flatten();
    let stats = tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
    let of_it =
        stats.filter(|status| status.lines().any(|line| line.starts_with(&format!("Name:\t{prefix}"))));
    of_it.into_iter().all(|status| status.contains("State:\tS"))
}

#[test]
fn the_workers_of_an_idle_pool_sleep_through() {
    const JOBS: u64 = 1_000_000;
    let pool = Pool::builder().workers(3).name("idle").build().expect("a pool");
    // Full from the start, and with a thread that waits for room, which wakes nobody.
    let paused = Pool::builder().workers(2).capacity(20).name("paused").build().expect("a pool");
    paused.pause();
    for n in 0..22u64 {
        _ = paused.try_submit_detached(move || _ = std::hint::black_box(n));
    }
    thread::scope(|threads| {
        let blocked =
            threads.spawn(|| done(paused.submit_timeout(|| 7, DEADLINE).expect("open")).expect("it ran"));
        watch(&pool, &paused, JOBS);
        paused.resume();
        assert_eq!(blocked.join().expect("no panic"), 7);
    });
}

fn watch(pool: &Pool, paused: &Pool, jobs: u64) {
    let mut last = Vec::new();
    for n in 0..jobs {
        if n % 1000 == 0 {
            last.push(pool.submit(move || n).expect("open"));
        } else {
            pool.submit_detached(|| ()).expect("open");
        }
        if last.len() == 10 {
            last.drain(..).for_each(|job| assert!(job.wait().is_ok()));
        }
    }
    static EMPTY: BlockingQueue<u32, 1> = BlockingQueue::new();
    static FULL: BlockingQueue<u32, 1> = BlockingQueue::new();
    FULL.push(0).expect("there is a place");
    let named = |name: &str| thread::Builder::new().name(name.into());
    let consumer = named("idle-consumer").spawn(|| EMPTY.pop()).expect("a thread");
    let producer = named("idle-producer").spawn(|| FULL.push(1)).expect("a thread");
    // The control does what a pool must not do.
    let stop = Arc::new(AtomicBool::new(false));
    let (polls, stopped) = (stop.clone(), mpsc::channel::<()>());
    let (hold, held) = stopped;
    let control = thread::Builder::new().name("polling".into()).spawn(move || {
        while !polls.load(SeqCst) {
            let _ = held.recv_timeout(Duration::from_millis(100));
        }
    });
    until("the control is there", || switches("polling").len() == 1 && switches("idle-").len() == 5);
    // One that was seen asleep may have been woken by one that was not yet: several looks.
    until("the workers have found out that nothing is left", || (0..20).all(|_| all_sleep("idle-")));
    until("the others too", || (0..20).all(|_| all_sleep("paused-")));
    let still_queued = paused.stats().queued();
    let (busy, paused_before, poll_before) = (switches("idle-"), switches("paused-"), switches("polling"));
    assert!(paused_before.len() == 2 && still_queued > 0, "{paused_before:?} {still_queued}");
    assert_eq!((busy.len(), poll_before.len()), (5, 1));
    // Nothing is ever sent: this is how long the pool is watched, and nothing is synchronised by it.
    let (_sender, nothing) = mpsc::channel::<()>();
    assert!(nothing.recv_timeout(Duration::from_secs(2)).is_err());
    let (idle, poll_after) = (switches("idle-"), switches("polling"));
    println!("switches (voluntary, involuntary) of the workers before: {busy:?}, after 2 s idle: {idle:?}");
    println!("switches of the polling control: {poll_before:?}, then {poll_after:?}");
    assert_eq!(busy, idle, "no such thread was scheduled");
    assert_eq!((paused_before, still_queued), (switches("paused-"), paused.stats().queued()), "paused");
    assert!(poll_after["polling"].0 > poll_before["polling"].0 + 10, "the control was, and is counted");
    stop.store(true, SeqCst);
    drop(hold);
    common::join(control.expect("a thread"));
    EMPTY.close();
    FULL.close();
    assert_eq!(consumer.join().expect("no panic"), Err(PopError::Closed));
    assert_eq!(producer.join().expect("no panic"), Err(PushError::Closed(1)));
    let job = pool.submit(|| 1).expect("open");
    assert_eq!(job.wait_timeout(DEADLINE).expect("they wake up").expect("a result"), 1);
}
