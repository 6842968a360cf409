//! What must be true when no thread can take a step any more. What must always be true is checked in the
//! steps (`must`).

use crate::machine::words::Status;
use crate::machine::{Op, Pc, Setup, Thread, Word, World};

pub enum Verdict {
    Kept,
    Broken(String),
    /// A thread is stopped, and the patience of others may end now.
    Patience,
}

/// The stopped thread owns the slot, or must wake its waiters: a thread that waits for its job waits for the
/// stopped one.
fn is_stranded(world: &World, slot: u8) -> bool {
    let claims = [Pc::ClaimLook, Pc::ClaimDetached, Pc::ClaimPopped, Pc::LeaveRing];
    world.threads.iter().filter(|t| t.frozen).any(|t| {
        t.holds & 1 << slot != 0
            || claims.contains(&t.pc) && t.idx == slot
            || t.pc == Pc::WakeAll(Word::Slot(slot))
            || matches!(t.pc, Pc::ResolveWake | Pc::VacateWake) && t.woken == slot
    })
}

/// May this thread stay where it is?
fn may_rest(world: &World, setup: &Setup, thread: &Thread) -> bool {
    let op = setup.scripts[thread.role as usize].1.get(thread.op as usize);
    if thread.pc == Pc::Done || thread.frozen {
        return true;
    }
    if thread.pc == Pc::Asleep(Word::Idle) && (!world.idle.closed || world.frozen) {
        return true;
    }
    // An event loop has other descriptors too.
    if thread.pc == Pc::Asleep(Word::Descriptor) && world.queue.count.jobs == 0 {
        return true;
    }
    let Some(op) = op else { return false };
    let closes = matches!(op, Op::Shutdown { .. } | Op::Destroy);
    let works =
        |t: &Thread| setup.scripts.get(t.role as usize).is_some_and(|(_, ops)| ops.contains(&Op::Work));
    let nobody_works = world.threads.iter().all(|t| !works(t) || t.frozen || t.pc == Pc::Done);
    world.frozen
        && (closes
            // Its job waits for one that the stopped thread may have.
            || thread.pc == Pc::AwaitRun
            || nobody_works
            || thread.pc == Pc::Begin
            || matches!(thread.pc, Pc::Asleep(Word::Slot(slot)) if is_stranded(world, slot))
            || matches!(thread.pc, Pc::Asleep(Word::Entry(_))) && all_in_use(world, setup)
            || waits_for_the_stopped(world, setup, thread.pc))
}

/// Does the thread wait for a job of the queue, or a place of its limit, that the stopped thread has? That has
/// one at most.
fn waits_for_the_stopped(world: &World, setup: &Setup, pc: Pc) -> bool {
    let queue = &world.queue;
    let arrived = queue.ring.contents().count();
    match pc {
        Pc::Asleep(Word::QueueEntry(_)) => arrived == 0 && queue.count.jobs <= 1,
        // Or an event of its own is not sent.
        Pc::Asleep(Word::Descriptor) => arrived <= 1 && queue.count.jobs <= 1,
        Pc::Asleep(Word::CloseEvents) => queue.count.jobs >= setup.limit,
        _ => false,
    }
}

/// Is every slot in the stopped thread's hands, or its result waiting to be taken?
fn all_in_use(world: &World, setup: &Setup) -> bool {
    (0..setup.slots).all(|slot| is_stranded(world, slot) || world.slots[slot as usize].untaken())
}

pub fn at_rest(world: &World, setup: &Setup) -> Verdict {
    let threads = &world.threads[..setup.scripts.len()];
    let hangs = threads.iter().find(|t| !may_rest(world, setup, t));
    if let Some(thread) = hangs {
        let timed = threads.iter().any(|t| t.asleep && t.timed && !t.frozen);
        if world.frozen && timed || threads.iter().any(Thread::looks_again) {
            return Verdict::Patience;
        }
        let name = setup.scripts[thread.role as usize].0;
        return Verdict::Broken(format!("the {name} waits for ever ({:?})", thread.pc));
    }
    let sleeps = |t: &&Thread| t.pc == Pc::Asleep(Word::Idle) && !t.frozen;
    if !world.idle.closed && standing(world) > usize::from(world.frozen) && threads.iter().any(|t| sleeps(&t))
    {
        let looks_again = threads.iter().any(|t| sleeps(&t) && t.timed);
        return match looks_again {
            true => Verdict::Patience,
            false => Verdict::Broken(format!("{} jobs stand beside a worker that sleeps", standing(world))),
        };
    }
    let accounts = if world.frozen { Ok(()) } else { accounts(world, setup) };
    accounts.map_or_else(|why| Verdict::Broken(why.to_string()), |()| Verdict::Kept)
}

/// The number of jobs that no thread has started. A stopped thread holds up at most one: the job for which it was
/// woken, or the one of which it has not notified a worker yet.
fn standing(world: &World) -> usize {
    world.ready.contents().filter(|slot| world.slots[*slot as usize].status() == Status::Queued).count()
}

/// Every job and every slot, when all threads are through, or asleep as idle workers.
fn accounts(world: &World, setup: &Setup) -> Result<(), &'static str> {
    for job in &world.jobs {
        let ends = job.ran + job.dropped;
        if ends < job.accepted {
            return Err("an accepted job was neither run nor dropped");
        }
        if ends > job.accepted {
            return Err("a job was run or dropped twice, or though it was refused");
        }
        if job.out > job.ran {
            return Err("a result was given out twice");
        }
        let (slot, generation) = job.handle;
        let kept = world.slots[slot as usize];
        let untaken = kept.generation() == generation && kept.untaken();
        if job.out < job.ran && !untaken && !world.destroyed {
            return Err("a result was lost");
        }
    }
    if world.destroyed {
        return Ok(());
    }
    if usize::from(world.queue.count.jobs) != world.queue.ring.contents().count() {
        return Err("the queue counts jobs that are not there");
    }
    for slot in 0..setup.slots {
        let state = world.slots[slot as usize];
        let free = world.free.contents().filter(|i| *i == slot).count();
        let ready = world.ready.contents().filter(|i| *i == slot).count();
        let right = match (free, ready) {
            (1, 0) => state.vacant() && !state.in_ring(),
            // A taker that sees the pool closed leaves the entry of a tombstone where it is.
            (0, 1) => state.tombstone() || (state.untaken() || state.closed()) && state.in_ring(),
            (0, 0) => state.untaken() || state.closed(),
            _ => false,
        };
        let arrived = world.queue.ring.contents().filter(|i| *i == slot).count();
        let right = right && arrived == usize::from(state.untaken() && state.owned());
        if !right {
            return Err("a slot is lost, or there twice");
        }
        if matches!(state.status(), Status::Queued | Status::Running | Status::Taking) {
            return Err("a slot is in nobody's hands");
        }
    }
    let asleep = world.threads.iter().filter(|t| t.pc == Pc::Asleep(Word::Idle)).count();
    let sentries = world.threads.iter().filter(|t| t.sentry).count();
    if world.idle.tokens + world.idle.searching != 0
        || usize::from(world.idle.sleeping) != asleep
        || usize::from(world.idle.sentries) != sentries
        || world.idle.rewoken
    {
        return Err("the idle word counts threads that are not there");
    }
    Ok(())
}
