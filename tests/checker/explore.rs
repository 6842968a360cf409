//! Explores every reachable state of a setup, depth first.

use crate::machine::{Facts, Pc, Setup, THREADS, World};
use crate::promises::{self, Verdict};
use crate::seen::{Seen, digest};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What happens next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Move {
    Step {
        me: u8,
        pick: u8,
    },
    /// The thread stops for ever.
    Freeze(u8),
    /// A sleep ends for no reason, or by the clock.
    SpuriousWake(u8),
    /// The same, because nothing else can happen any more.
    SleepEnds(u8),
}

/// Long explorations say so often how far they are.
const PROGRESS: Duration = Duration::from_secs(30);

/// What was found.
#[derive(Default)]
pub struct Found {
    /// There are more states than were allowed.
    pub cut: bool,
    /// The states in which nothing can happen any more, by their fingerprints.
    pub ends: BTreeMap<u64, World>,
    pub states: u64,
    pub transitions: u64,
    pub deepest: usize,
    pub time: Duration,
    /// The promise that is broken, and how it came to that.
    pub broken: Option<(String, Vec<Move>)>,
}

type Prints = [u64; THREADS];

/// The digests of a world's threads, most of them known from a world that was one step before.
fn prints(world: &World, before: Option<(&World, &Prints)>, threads: usize) -> Prints {
    std::array::from_fn(|i| match before {
        _ if i >= threads => 0,
        Some((old, known)) if old.threads[i] == world.threads[i] => known[i],
        _ => digest(&world.threads[i]),
    })
}

/// The same for states that differ only in which of several equal threads is where. Never 0, and even.
fn fingerprint(world: &World, prints: &Prints) -> u64 {
    let mut all = *prints;
    // Digests contain the role, so that only threads of one role change places.
    all.sort_unstable();
    let shared = (
        (&world.ready, &world.free, &world.slots, &world.idle, &world.bodies, &world.jobs),
        (world.discard, world.visitors, world.leaving, world.live, world.closing, world.guests),
        (world.frozen, world.spurious, world.destroyed, world.graph, world.queue),
        (world.listeners, world.raised),
    );
    digest(&(digest(&shared), all)) & !1 | 2
}

/// How far one step goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grain {
    /// One atomic operation.
    Fine,
    /// One ring operation, one update of a word.
    Whole,
    /// The same, but of the orders of independent steps one (`machine/alone.rs`).
    Coarse,
}

pub fn apply(world: &mut World, setup: &Setup, facts: &Facts, grain: Grain, next: Move) {
    let polled = match next {
        Move::Step { me, .. } if world.polls_in_vain(facts, me.into()) => Some(me.into()),
        _ => None,
    };
    match next {
        Move::Step { me, pick } if grain == Grain::Fine => world.step(setup, me.into(), pick.into()),
        Move::Step { me, pick } => world.stride(setup, me.into(), pick.into()),
        Move::Freeze(me) => {
            world.threads[me as usize].frozen = true;
            world.frozen = true;
        }
        Move::SpuriousWake(me) => {
            world.spurious -= 1;
            world.end_sleep(me.into());
        }
        Move::SleepEnds(me) => world.end_sleep(me.into()),
    }
    // Where a thread may yet stop before it, a step that is alone is a state's only one (`moves`) instead.
    if grain == Grain::Coarse && (world.frozen || !setup.freeze) && world.broken.is_none() {
        world.settle(setup, facts, polled);
    }
}

fn steps(world: &World, me: usize, to: &mut Vec<Move>) {
    let picks = world.picks(me);
    to.extend((0..8).filter(|pick| picks & 1 << pick != 0).map(|pick| Move::Step { me: me as u8, pick }));
}

/// The moves from here; Err with the promise that is broken here.
fn moves(
    world: &World,
    setup: &Setup,
    facts: &Facts,
    grain: Grain,
    to: &mut Vec<Move>,
) -> Result<(), String> {
    let threads = setup.scripts.len();
    if grain == Grain::Coarse
        && let Some(me) = (0..threads).find(|&me| world.can_step(setup, me) && world.is_alone(facts, me))
    {
        steps(world, me, to);
        if setup.freeze && !world.frozen && world.threads[me].pc != Pc::Begin {
            to.push(Move::Freeze(me as u8));
        }
        return Ok(());
    }
    for me in (0..threads).filter(|&me| world.can_step(setup, me)) {
        steps(world, me, to);
    }
    if to.is_empty() {
        return match promises::at_rest(world, setup) {
            Verdict::Kept => {
                // A sentry may still look again.
                let timed = |me: &usize| world.spurious > 0 && world.threads[*me].timed;
                to.extend((0..threads).filter(timed).map(|me| Move::SpuriousWake(me as u8)));
                Ok(())
            }
            Verdict::Broken(why) => Err(why),
            Verdict::Patience => {
                let timed = |me: &usize| world.threads[*me].asleep && world.threads[*me].timed;
                to.extend((0..threads).filter(timed).map(|me| Move::SleepEnds(me as u8)));
                Ok(())
            }
        };
    }
    if setup.freeze && !world.frozen {
        let steps = |me: &usize| world.can_step(setup, *me) && world.threads[*me].pc != Pc::Begin;
        to.extend((0..threads).filter(steps).map(|me| Move::Freeze(me as u8)));
    }
    if world.spurious > 0 {
        let sleeps = |me: &usize| world.threads[*me].asleep && !world.threads[*me].frozen;
        to.extend((0..threads).filter(sleeps).map(|me| Move::SpuriousWake(me as u8)));
    }
    Ok(())
}

struct CallContext {
    world: World,
    prints: Prints,
    print: u64,
    moves: Vec<Move>,
    next: usize,
}

/// Explores; stops at the first broken promise, and before there are more than `bound` states.
pub fn explore(setup: &Setup, grain: Grain, bound: u64) -> Found {
    let begin = Instant::now();
    let threads = setup.scripts.len();
    let facts = Facts::new(setup);
    let mut seen = Seen::new();
    let mut path: Vec<CallContext> = Vec::new();
    let mut spare: Vec<Vec<Move>> = Vec::new();
    let mut found = Found::default();
    let mut reported = begin;
    let taken =
        |path: &[CallContext]| path.iter().filter(|f| f.next > 0).map(|f| f.moves[f.next - 1]).collect();
    let mut world = World::new(setup);
    loop {
        let before = path.last().map(|frame| (&frame.world, &frame.prints));
        let prints = prints(&world, before, threads);
        let print = fingerprint(&world, &prints);
        let broken = match (world.broken, seen.enter(print)) {
            (Some(why), _) => Some(why.to_string()),
            (None, Some(true)) => Some("threads run for ever and nothing comes of it".to_string()),
            (None, Some(false)) => None,
            (None, None) => {
                if found.states == bound {
                    found.cut = true;
                    break;
                }
                found.states += 1;
                if found.states.is_multiple_of(1 << 14) && reported.elapsed() >= PROGRESS {
                    reported = Instant::now();
                    let (name, time) = (setup.name, begin.elapsed().as_secs());
                    let (states, taken) = (found.states, found.transitions);
                    eprintln!("  {name}: {states} states, {taken} transitions, {time} s");
                }
                let mut moves_here = spare.pop().unwrap_or_default();
                moves_here.clear();
                let verdict = moves(&world, setup, &facts, grain, &mut moves_here);
                if moves_here.is_empty() {
                    found.ends.insert(print, world);
                }
                path.push(CallContext { world, prints, print, moves: moves_here, next: 0 });
                found.deepest = found.deepest.max(path.len());
                verdict.err()
            }
        };
        if let Some(why) = broken {
            found.broken = Some((why, taken(&path)));
            break;
        }
        // The next move of the deepest state that has one left.
        while let Some(frame) = path.last()
            && frame.next == frame.moves.len()
        {
            let done = path.pop().expect("there is one");
            seen.leave(done.print);
            spare.push(done.moves);
        }
        let Some(frame) = path.last_mut() else { break };
        world = frame.world;
        apply(&mut world, setup, &facts, grain, frame.moves[frame.next]);
        frame.next += 1;
        found.transitions += 1;
    }
    found.time = begin.elapsed();
    found
}
