//! The end of the pool's process, of a thread of it, and of the zygote.

use crate::functions::*;
use crate::stage::{
    Sign, Test, VICTIM, Way, bytes, children, children_of, has_ended, process, run, take, until,
};
use jobring::{ProcessError, ProcessJob, ProcessOutcome, TimeLimit};
use std::process::Command;

pub const TESTS: &[Test] = &[
    ("workers_end_with_the_pools_process", workers_end_with_the_pools_process),
    ("workers_outlive_the_thread_that_made_the_pool", workers_outlive_the_thread_that_made_the_pool),
    ("workers_go_on_without_their_zygote", workers_go_on_without_their_zygote),
    ("a_stopped_zygote_stops_nobody", a_stopped_zygote_stops_nobody),
    ("the_programs_own_wait_finds_no_copies", the_programs_own_wait_finds_no_copies),
    ("a_program_that_ignores_its_children", a_program_that_ignores_its_children),
    ("a_program_that_does_not_take_over_makes_no_pool", a_program_that_does_not_take_over_makes_no_pool),
    ("a_program_that_takes_over_too_late_makes_no_pool", a_program_that_takes_over_too_late_makes_no_pool),
    (
        "a_copy_that_does_not_take_over_ends_with_the_program",
        a_copy_that_does_not_take_over_ends_with_the_program,
    ),
    ("a_variable_of_the_users_starts_no_zygote", a_variable_of_the_users_starts_no_zygote),
];

/// The variable that keeps this program from taking over.
pub const WITHOUT: &str = "JOBRING_TEST_WITHOUT_TAKE_OVER";

/// A program that forgot to take over: whether it is the one that makes the pool, or the one that was started. The value of the
/// variable is a file: then the one that was started makes it, and goes on for ever; or how the program is late.
pub fn without_take_over(value: &str) {
    if value == "late" {
        std::thread::spawn(std::thread::park);
        jobring::ProcessPool::take_over(&TABLE);
    } else if value.starts_with('/') && std::env::var_os("JOBRING_ZYGOTE").is_some() {
        let _never = TABLE[ENDLESS](value.as_bytes(), &mut []);
    }
    match jobring::ProcessPool::spawn().workers(1).build() {
        Err(error) => println!("{error:?}"),
        Ok(pool) => println!("{pool:?}"),
    }
}

/// In a process of its own, which will be killed: two endless jobs.
pub fn victim(arguments: &[String]) {
    let way = if arguments[0] == "Fork" { Way::Fork } else { Way::Spawn };
    let pool = way.pool(3);
    for sign in &arguments[1..] {
        pool.submit(&ProcessJob::new(ENDLESS, sign.as_bytes())).expect("a slot");
    }
    take(&pool);
}

fn workers_end_with_the_pools_process(way: Way) {
    let signs = [Sign::new("victim-0"), Sign::new("victim-1")];
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command.args([VICTIM, &format!("{way:?}")]).args(signs.iter().map(|sign| &sign.0));
    let mut victim = command.spawn().expect("a process");
    let busy: Vec<u32> = signs.iter().map(Sign::seen).collect();
    // The zygote, the two workers in endless jobs, and one that sleeps.
    let mut processes = Vec::new();
    until("all of them live", || {
        processes = children_of(&victim.id().to_string());
        processes.len() == 4
    });
    assert!(busy.iter().all(|worker| processes.contains(worker)));
    victim.kill().expect("a signal");
    victim.wait().expect("a status");
    for process in processes {
        until("a process of the pool ends", || has_ended(process));
    }
}

fn workers_outlive_the_thread_that_made_the_pool(way: Way) {
    // A copy of a process in which only this thread and its creator live, which waits.
    let pool = std::thread::spawn(move || way.pool(2)).join().expect("a pool");
    let before: Vec<u32> = {
        until("both live", || children().len() == 3);
        children()
    };
    std::thread::spawn(|| ()).join().expect("a thread");
    for _ in 0..100 {
        assert_eq!(run(&pool, ProcessJob::new(REVERSE, b"ab")), ProcessOutcome::Done(b"ba".to_vec()));
    }
    assert_eq!(children(), before);
}

fn workers_go_on_without_their_zygote(way: Way) {
    let pool = way.pool(2);
    until("all live", || pool.stats().workers == 2);
    let zygote = children()[0];
    send(zygote, 9);
    until("its death is noticed", || !children().contains(&zygote));
    for _ in 0..10 {
        assert_eq!(run(&pool, ProcessJob::new(REVERSE, b"ab")), ProcessOutcome::Done(b"ba".to_vec()));
    }
    if way == Way::Spawn {
        // Another one is made.
        let before = process(&pool);
        send(before, 9);
        until("both live", || {
            let now = children();
            now.len() == 3 && !now.contains(&before) && pool.stats().workers == 2
        });
        assert!(!pool.stats().is_zygote_lost);
        assert_eq!(bytes(run(&pool, ProcessJob::new(REVERSE, b"ab"))), b"ba");
        return;
    }
    until("the pool says so", || pool.stats().is_zygote_lost);
    let sign = Sign::new("last");
    let endless = pool.submit(&ProcessJob::new(ENDLESS, sign.bytes())).expect("a slot");
    let last = sign.seen();
    let first = process(&pool);
    assert_ne!(first, last);
    send(first, 9);
    until("one is left", || pool.stats().workers == 1);
    let queued = pool.submit(&ProcessJob::new(REVERSE, b"")).expect("a slot");
    send(last, 9);
    let end = pool.wait(endless, TimeLimit::NONE).expect("an end");
    assert!(matches!(end.outcome, ProcessOutcome::Died(death) if death.status == Some(-9)), "{end:?}");
    assert_eq!(pool.wait(queued, TimeLimit::NONE).expect("an end").outcome, ProcessOutcome::NoWorkers);
    assert_eq!(pool.submit(&ProcessJob::new(REVERSE, b"")), Err(ProcessError::NoWorkers));
}

fn a_stopped_zygote_stops_nobody(way: Way) {
    let pool = way.pool(2);
    until("all live", || pool.stats().workers == 2);
    send(children()[0], 19);
    let outcome = run(&pool, ProcessJob::new(EXIT, &[3]));
    assert!(matches!(outcome, ProcessOutcome::Died(death) if death.status == Some(3)), "{outcome:?}");
    for _ in 0..10 {
        assert_eq!(bytes(run(&pool, ProcessJob::new(REVERSE, b"ab"))), b"ba", "by the other worker");
    }
    send(children()[0], 18);
    until("it makes the next one", || pool.stats().workers == 2);
    send(children()[0], 19);
    pool.shutdown(jobring::ShutdownMode::Drain, TimeLimit::NONE).expect("an end");
}

unsafe extern "C" {
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
    fn signal(number: i32, handler: usize) -> usize;
}

fn the_programs_own_wait_finds_no_copies(way: Way) {
    if way == Way::Spawn {
        // execve has set the signal at their ends, so it does find them.
        return;
    }
    let pool = way.pool(2);
    for _ in 0..20 {
        let outcome = run(&pool, ProcessJob::new(SIGNAL, &[9]));
        // SAFETY:
        // - no status is asked for.
        let found = unsafe { waitpid(-1, std::ptr::null_mut(), 0) };
        assert_eq!(found, -1, "this process has no children of its own");
        assert!(matches!(outcome, ProcessOutcome::Died(death) if death.status == Some(-9)), "{outcome:?}");
    }
}

fn a_program_that_ignores_its_children(way: Way) {
    const CHILD: i32 = 17;
    const IGNORE: usize = 1;
    // SAFETY:
    // - the handler is the system's.
    let before = unsafe { signal(CHILD, IGNORE) };
    let pool = way.builder().workers(1).restarts(3).build().expect("a pool");
    // The system collects those that would send the signal, and nobody learns how they ended.
    let status = if way == Way::Fork { Some(3) } else { None };
    for _ in 0..50 {
        let outcome = run(&pool, ProcessJob::new(EXIT, &[3]));
        assert!(matches!(outcome, ProcessOutcome::Died(death) if death.status == status), "{outcome:?}");
    }
    assert_eq!(bytes(run(&pool, ProcessJob::new(REVERSE, b"ab"))), b"ba");
    drop(pool);
    // SAFETY:
    // - what it was.
    unsafe { signal(CHILD, before) };
}

fn a_program_that_does_not_take_over_makes_no_pool(way: Way) {
    if way == Way::Fork {
        return;
    }
    // This program does not take over; nor does the one that it starts, which must find that out.
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    let output = command.arg(VICTIM).env(WITHOUT, "1").output().expect("a process");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).expect("text");
    // The one that was started inherits the output.
    assert_eq!(said, "IsWorker\nNoTakeOver\n");
}

fn a_program_that_takes_over_too_late_makes_no_pool(way: Way) {
    if way == Way::Fork {
        return;
    }
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    let output = command.env(WITHOUT, "late").output().expect("a process");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).expect("text"), "NoTakeOver\n");
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("too late") && said.lines().count() == 1, "{said}");
}

fn a_copy_that_does_not_take_over_ends_with_the_program(way: Way) {
    if way == Way::Fork {
        return;
    }
    let sign = Sign::new("copy");
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    let mut program = command.env(WITHOUT, &sign.0).spawn().expect("a process");
    let copy = sign.seen();
    program.kill().expect("a signal");
    program.wait().expect("a status");
    until("the copy ends", || has_ended(copy));
}

fn a_variable_of_the_users_starts_no_zygote(way: Way) {
    if way == Way::Fork {
        return;
    }
    let run = |value: &str| {
        let mut command = Command::new(std::env::current_exe().expect("a program"));
        command
            .args(["--list", "jobs_return_bytes"])
            .env("JOBRING_ZYGOTE", value)
            .output()
            .expect("a process")
    };
    // This is not what a pool writes, so the program is the user's.
    for rubbish in ["", "rubbish", "3", "3,4,5,6", "3,4,5,-1,x", "1,2,3,4,5,6", "99999999999,4,5,6,7"] {
        let output = run(rubbish);
        let said = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success() && said.ends_with("2 tests of processes\n"), "{rubbish}: {said}");
    }
    // This is, so the program is not to run.
    for wrong in ["77,78,79,-1,1", "0,1,2,-1,1", "-1,-1,-1,-1,-1"] {
        let output = run(wrong);
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), said.lines().count()), (Some(121), 1), "{wrong}: {said}");
        assert!(output.stdout.is_empty());
    }
}
