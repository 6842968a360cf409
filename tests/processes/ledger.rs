//! Kills workers at random moments, and counts the ends.

use crate::functions::*;
use crate::stage::{Test, Way, children};
use jobring::{ProcessDeathCause, ProcessJob, ProcessOutcome, ShutdownMode, TimeLimit};
use std::collections::BTreeSet;

pub const TESTS: &[Test] = &[("each_job_ends_once_while_workers_are_killed", each_job_ends_once)];

/// Pseudo-random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

fn each_job_ends_once(way: Way) {
    let kills: usize =
        std::env::var("JOBRING_KILLS").map_or(500, |number| number.parse().expect("JOBRING_KILLS: a number"));
    // Most are killed before they are ready.
    let pool =
        way.builder().workers(3).capacity(64).payload(8, 8).restarts(u32::MAX).build().expect("a pool");
    // A zygote that is a copy would not be made again.
    let zygote = (way == Way::Fork).then(|| children()[0]);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut submitted, mut killed) = (0u64, BTreeSet::new());
    let (mut done, mut died) = (0u64, 0u64);
    // One entry for each job: how often it has ended.
    let mut ends: Vec<u8> = Vec::new();
    let mut end = |job: jobring::ProcessEnd, ends: &mut Vec<u8>| {
        ends[job.tag as usize] += 1;
        match job.outcome {
            ProcessOutcome::Done(bytes) => {
                assert_eq!(bytes, job.tag.to_be_bytes());
                done += 1;
            }
            ProcessOutcome::Died(death) => {
                assert_eq!((death.status, death.cause), (Some(-9), ProcessDeathCause::Itself));
                died += 1;
            }
            other => panic!("{other:?}"),
        }
    };
    while killed.len() < kills {
        for _ in 0..random.below(60) {
            let input = submitted.to_le_bytes();
            let job = ProcessJob::new(WORK, &input).tag(submitted);
            if pool.submit_timeout(&job, std::time::Duration::ZERO).is_err() {
                break;
            }
            ends.push(0);
            submitted += 1;
        }
        for _ in 0..random.below(2000) {
            std::hint::spin_loop();
        }
        let alive = |process: &u32| Some(*process) != zygote && !killed.contains(process);
        let workers: Vec<u32> = children().into_iter().filter(alive).collect();
        // A lone zygote is left alone: each time that it is killed before it has begun, the pool waits longer.
        if workers.len() > usize::from(zygote.is_none()) {
            let worker = workers[random.below(workers.len())];
            send(worker, 9);
            killed.insert(worker);
        }
        for _ in 0..random.below(60) {
            let Some(job) = pool.try_take().expect("the pool is open") else { break };
            end(job, &mut ends);
        }
    }
    pool.shutdown(ShutdownMode::Drain, TimeLimit::NONE).expect("an end");
    while let Ok(job) = pool.take(TimeLimit::NONE) {
        end(job, &mut ends);
    }
    assert!(ends.iter().all(|count| *count == 1), "a job ended twice, or never");
    assert_eq!(done + died, submitted);
    let stats = pool.stats();
    match way {
        Way::Fork => assert_eq!(stats.deaths, kills as u64, "{stats:?}"),
        // Some of them were zygotes.
        Way::Spawn => assert!(stats.deaths < kills as u64, "{stats:?}"),
    }
    print!("{submitted} jobs, {kills} kills, {died} of them in a job ... ");
}
