//! Random schedules of the library's own code, uniform or by priorities (PCT: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A
//! Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010).

use crate::dice::{self, Dice};
use crate::stage::Stage;

/// Longer than any execution.
const MANY_STEPS: usize = 200_000;

/// Chooses the thread that takes the next step.
enum Scheduler {
    Uniform,
    /// The highest priority; at some steps the one that would run becomes the lowest.
    Priorities {
        of: Vec<i64>,
        changes: Vec<usize>,
        lowest: i64,
    },
}

impl Scheduler {
    fn pct(dice: &mut Dice, threads: usize) -> Self {
        let mut of: Vec<i64> = (0..threads as i64).collect();
        (1..threads).rev().for_each(|i| of.swap(i, dice.below(i as u64 + 1) as usize));
        let changes = (0..1 + dice.below(12)).map(|_| dice.below(2500) as usize).collect();
        Self::Priorities { of, changes, lowest: 0 }
    }

    fn next(&mut self, dice: &mut Dice, step: usize, able: &[usize]) -> usize {
        match self {
            Self::Uniform => dice.of(able).expect("someone is able"),
            Self::Priorities { of, changes, lowest } => {
                let first = |of: &Vec<i64>| able.iter().copied().max_by_key(|me| of[*me]);
                let chosen = first(of).expect("someone is able");
                if !changes.contains(&step) {
                    return chosen;
                }
                *lowest -= 1;
                of[chosen] = *lowest;
                first(of).expect("someone is able")
            }
        }
    }
}

/// Plays these parts to their end: the first `workers` work until the pool is closed, and the last closes it. `patient`: only when
/// the others, except the workers, have ended: a close wakes everyone, and hides a lost wake-up. Returns the number of steps.
pub fn play(
    parts: Vec<Box<dyn FnOnce()>>,
    workers: usize,
    dice: &mut Dice,
    pct: bool,
    patient: bool,
) -> usize {
    let threads = parts.len();
    let mut scheduler = if pct { Scheduler::pct(dice, threads) } else { Scheduler::Uniform };
    let mut stage = Stage::new(false, parts);
    let mut step = 0;
    loop {
        let mut able: Vec<usize> = (0..threads).filter(|me| stage.can_step(*me)).collect();
        if patient && (workers..threads - 1).any(|me| stage.event(me).is_some()) {
            able.retain(|me| *me < threads - 1);
        }
        if able.is_empty() {
            break;
        }
        let asleep: Vec<usize> = stage.asleep(false).collect();
        if dice.below(100) == 0
            && let Some(me) = dice.of(&asleep)
        {
            stage.end_sleep(me);
            continue;
        }
        let me = scheduler.next(dice, step, &able);
        let pick = dice.below(asleep.len() as u64) as usize;
        stage.step(me, pick);
        step += 1;
        assert!(step < MANY_STEPS, "it does not end");
    }
    let left: Vec<usize> = (0..threads).filter(|me| stage.event(*me).is_some()).collect();
    assert!(left.is_empty(), "these threads wait for ever: {left:?}");
    step
}

/// Walks from the first seed on. A failure prints its seed.
pub fn walks(rounds: u64, walk: impl Fn(u64) -> usize + std::panic::RefUnwindSafe) {
    let first = dice::seed();
    let mut steps = 0;
    let rounds = dice::rounds(rounds);
    for seed in first..first + rounds {
        match std::panic::catch_unwind(|| walk(seed)) {
            Ok(taken) => steps += taken,
            Err(why) => {
                eprintln!("the execution is had again with JOBRING_SEED={seed}");
                std::panic::resume_unwind(why);
            }
        }
    }
    println!("{rounds} executions, {steps} steps");
}
