//! Process workers: what a parent and its workers hand to each other. A thread that ends is a worker that has died.

use crate::harness::{Crew, Model, model};
use jobring_model::model::{JobEnd, Processes};
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(3 a_job_of_a_process_runs_with_its_input_and_its_result_arrives),
    model!(3 a_worker_process_that_falls_asleep_is_woken_by_each_submit),
    model!(unbounded a_result_of_a_process_is_whole_also_without_its_report),
    model!(3 two_worker_processes_run_each_job_once),
    model!(3 jobs_of_processes_that_go_round_in_one_slot_run_once_each),
    model!(unbounded a_job_of_a_process_is_cancelled_or_runs),
    model!(3 a_submitter_waits_until_a_process_passes_a_cancelled_job),
    model!(3 a_doomed_worker_process_does_not_resolve),
    model!(2 a_job_that_had_not_begun_is_run_by_another_process),
    model!(2 a_job_that_had_begun_fails_with_its_process),
    model!(unbounded a_worker_process_learns_of_the_close),
];

/// Shared memory, and the threads on it.
fn stage(slots: usize, workers: usize) -> (Crew, Arc<Processes>) {
    (Crew::new(), Arc::new(Processes::new(slots, workers)))
}

fn works(crew: &Crew, all: &Arc<Processes>, number: usize) -> loom::thread::JoinHandle<usize> {
    let all = all.clone();
    crew.spawn(move || all.worker(number).work())
}

fn a_job_of_a_process_runs_with_its_input_and_its_result_arrives() {
    let (crew, all) = stage(1, 1);
    let worker = works(&crew, &all, 0);
    crew.begin();
    all.with_parent(|parent| {
        parent.submit(5).unwrap();
        assert_eq!(parent.wait(), JobEnd::Returned(5, 105));
        parent.close();
    });
    assert_eq!(worker.join().unwrap(), 1);
}

fn a_worker_process_that_falls_asleep_is_woken_by_each_submit() {
    let (crew, all) = stage(2, 1);
    let worker = works(&crew, &all, 0);
    crew.begin();
    all.with_parent(|parent| {
        parent.submit(1).unwrap();
        parent.submit(2).unwrap();
        let both = [parent.wait(), parent.wait()];
        assert!(both.contains(&JobEnd::Returned(1, 101)) && both.contains(&JobEnd::Returned(2, 102)));
        parent.close();
    });
    assert_eq!(worker.join().unwrap(), 2);
}

fn a_result_of_a_process_is_whole_also_without_its_report() {
    let (crew, all) = stage(1, 1);
    let worker = {
        let all = all.clone();
        crew.spawn(move || {
            while !all.worker(0).run_one() {
                loom::thread::yield_now();
            }
        })
    };
    crew.begin();
    all.with_parent(|parent| {
        let slot = parent.submit(5).unwrap();
        assert_eq!(parent.look_until_ended(slot), JobEnd::Returned(5, 105));
    });
    worker.join().unwrap();
}

fn two_worker_processes_run_each_job_once() {
    let (crew, all) = stage(2, 2);
    all.with_parent(|parent| {
        parent.submit(1).unwrap();
        parent.submit(2).unwrap();
        let other = {
            let all = all.clone();
            crew.spawn(move || usize::from(all.worker(1).run_one()))
        };
        crew.begin();
        let mine = usize::from(all.worker(0).run_one());
        assert_eq!(mine + other.join().unwrap(), 2);
        let both = [parent.take().unwrap(), parent.take().unwrap()];
        assert!(both.contains(&JobEnd::Returned(1, 101)) && both.contains(&JobEnd::Returned(2, 102)));
        assert_eq!(parent.take(), None);
    });
}

fn jobs_of_processes_that_go_round_in_one_slot_run_once_each() {
    let (crew, all) = stage(1, 2);
    let others = [0, 1].map(|number| {
        let all = all.clone();
        crew.spawn(move || usize::from(all.worker(number).run_one()))
    });
    crew.begin();
    let ended = all.with_parent(|parent| {
        parent.submit(1).unwrap();
        let first = parent.take();
        assert!(first.is_none_or(|end| end == JobEnd::Returned(1, 101)));
        let again = parent.submit(2).is_some();
        assert!(!again || first.is_some());
        let ran: usize = others.map(|other| other.join().unwrap()).into_iter().sum();
        let left: Vec<JobEnd> = std::iter::from_fn(|| parent.take()).collect();
        assert_eq!(ran, left.len() + usize::from(first.is_some()));
        left.len()
    });
    assert!(ended <= 1);
}

fn a_job_of_a_process_is_cancelled_or_runs() {
    let (crew, all) = stage(1, 1);
    all.with_parent(|parent| {
        let slot = parent.submit(5).unwrap();
        let other = {
            let all = all.clone();
            crew.spawn(move || all.worker(0).run_one())
        };
        crew.begin();
        let cancelled = parent.cancel(slot);
        let ran = other.join().unwrap();
        assert_ne!(cancelled, ran);
        let end = if ran { JobEnd::Returned(5, 105) } else { JobEnd::Cancelled(5) };
        assert_eq!((parent.take(), parent.take()), (Some(end), None));
        assert!(parent.submit(6).is_some(), "the slot came back");
    });
}

fn a_submitter_waits_until_a_process_passes_a_cancelled_job() {
    let (crew, all) = stage(2, 1);
    all.with_parent(|parent| {
        parent.submit(1).unwrap();
        let second = parent.submit(2).unwrap();
        assert!(parent.cancel(second) && parent.take() == Some(JobEnd::Cancelled(2)));
        let worker = works(&crew, &all, 0);
        crew.begin();
        // The first job's slot is not taken, so this is the second's.
        assert_eq!(parent.wait_to_submit(3), second);
        let both = [parent.wait(), parent.wait()];
        assert!(both.contains(&JobEnd::Returned(1, 101)) && both.contains(&JobEnd::Returned(3, 103)));
        parent.close();
        assert_eq!(worker.join().unwrap(), 2);
    });
}

fn a_doomed_worker_process_does_not_resolve() {
    let (crew, all) = stage(1, 1);
    all.with_parent(|parent| {
        let slot = parent.submit(5).unwrap();
        let other = {
            let all = all.clone();
            crew.spawn(move || all.worker(0).run_one())
        };
        crew.begin();
        let doomed = parent.kill(slot);
        let resolved = other.join().unwrap();
        assert_ne!(doomed, resolved);
        if doomed {
            parent.sweep(0);
        }
        let end = if doomed { JobEnd::Died(5) } else { JobEnd::Returned(5, 105) };
        assert_eq!((parent.take(), parent.take()), (Some(end), None));
    });
}

/// Worker 0 dies with a job; worker 1 works.
fn dies(begins: bool) {
    let (crew, all) = stage(2, 2);
    all.with_parent(|parent| {
        parent.submit(1).unwrap();
        let dying = {
            let all = all.clone();
            crew.spawn(move || {
                let worker = all.worker(0);
                let job = worker.claim();
                if let Some(job) = &job
                    && begins
                {
                    worker.begin(job);
                }
                job.is_some()
            })
        };
        let other = works(&crew, &all, 1);
        crew.begin();
        let had_it = dying.join().unwrap();
        parent.sweep(0);
        let end = if had_it && begins { JobEnd::Died(1) } else { JobEnd::Returned(1, 101) };
        assert_eq!(parent.wait(), end);
        parent.close();
        assert_eq!(other.join().unwrap(), usize::from(!(had_it && begins)));
        assert_eq!(parent.take(), None);
        assert!(parent.submit(2).is_some() && parent.submit(3).is_some(), "both slots came back");
    });
}

fn a_job_that_had_not_begun_is_run_by_another_process() {
    dies(false);
}

fn a_job_that_had_begun_fails_with_its_process() {
    dies(true);
}

fn a_worker_process_learns_of_the_close() {
    let (crew, all) = stage(1, 1);
    let worker = works(&crew, &all, 0);
    crew.begin();
    all.with_parent(|parent| parent.close());
    assert_eq!(worker.join().unwrap(), 0);
}
