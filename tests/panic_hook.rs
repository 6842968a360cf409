//! A panic that no thread waits for is reported. In a program of its own, since the panic hook is the process's.
#![cfg(feature = "std")]

mod common;

use common::{pool, settle};
use std::panic;
use std::sync::Mutex;
use std::thread::{self, ThreadId};

/// What the hook saw of a panic: where, on which thread, and the message.
static REPORTS: Mutex<Vec<(String, ThreadId, String)>> = Mutex::new(Vec::new());

#[test]
fn a_panic_in_a_job_without_a_waiter_goes_to_the_hook() {
    panic::set_hook(Box::new(|info| {
        let file = info.location().expect("a place").file().to_owned();
        let message = info.payload_as_str().unwrap_or_default().to_owned();
        REPORTS.lock().unwrap().push((file, thread::current().id(), message));
    }));
    let pool = pool(1, 8);
    pool.submit_detached(|| panic!("detached")).expect("open");
    pool.submit(|| panic!("given up")).expect("open").detach();
    pool.try_submit_cancellable(|| panic!("only to be cancelled")).expect("open");
    settle(&pool);
    let worker = pool.submit(|| thread::current().id()).expect("open").wait().expect("the worker goes on");
    drop(panic::take_hook());
    let reports = REPORTS.lock().unwrap();
    let messages: Vec<_> = reports.iter().map(|(_, _, message)| message.as_str()).collect();
    assert_eq!(messages, ["detached", "given up", "only to be cancelled"]);
    assert!(reports.iter().all(|(file, thread, _)| file.ends_with("panic_hook.rs") && *thread == worker));
}
