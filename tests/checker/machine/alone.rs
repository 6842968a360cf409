//! Partial-order reduction: steps that are taken at once, so that no other thread moves before them.
//!
//! A step is *alone* when it is independent of everything that other threads may do until its thread has
//! taken it. Then every run from here is equivalent to one that begins with it (a persistent set of one; P.
//! Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", 1996). This delays no step
//! for ever, because a run that returns to one of its states is itself reported. It hides no stopped thread
//! either: a thread can stop before each of these steps too.
//!
//! `protocol.rs` compares the final states with those of an exploration of all orders, where that is
//! possible.

use super::idle::Change;
use super::words::Status;
use super::{Body, How, Op, Pc, Setup, THREADS, Thread, Which, Word, World};

/// What a setup's scripts have in them.
pub struct Facts {
    slots: usize,
    closes: bool,
    closers: usize,
    loose: bool,
    destroys: bool,
    enters: bool,
    fails: bool,
    freezes: bool,
    /// Can a job be claimed by its handle, which leaves its entry in the ring?
    tombstones: bool,
    /// The clock, or a job inside of which others are submitted: then nothing is ever quiet.
    restless: bool,
    /// Are there jobs that wait or submit, whose threads look at slots?
    judges: bool,
    /// Do threads wait until the pool is idle? They look at slots too.
    idles: bool,
    /// Do threads wait for one of several jobs, or in scopes of the interrupt?
    hears: bool,
    /// For each thread the number of ops up to its last submit, and up to its last shutdown or destroy.
    submits: [u8; THREADS],
    listens: [u8; THREADS],
}

impl Facts {
    pub fn new(setup: &Setup) -> Self {
        let closes = |op: &Op| matches!(op, Op::Shutdown { .. });
        let shuts = |body: &Body| matches!(body, Body::Shuts);
        let up_to = |such: &dyn Fn(&Op) -> bool| {
            std::array::from_fn(|i| {
                let ops = setup.scripts.get(i).map_or(&[][..], |(_, ops)| ops);
                ops.iter().rposition(such).map_or(0, |at| at as u8 + 1)
            })
        };
        Self {
            slots: setup.slots.into(),
            closes: setup.has(closes) || setup.has_body(shuts),
            // Jobs that are submitted detached may share a number.
            closers: setup.scripts.iter().flat_map(|(_, ops)| ops).filter(|op| closes(op)).count()
                + if setup.has_body(shuts) { 2 } else { 0 },
            // A thread that stops may leave others asleep after the close.
            loose: setup.loose && !setup.freeze,
            destroys: setup.has(|op| matches!(op, Op::Destroy)),
            enters: setup.has(|op| matches!(op, Op::Enter)),
            fails: setup.bodies.contains(&Body::Fails),
            freezes: setup.freeze,
            tombstones: setup.has(|op| matches!(op, Op::Cancel(_)))
                || setup.bodies.iter().any(|body| matches!(body, Body::Waits(_))),
            restless: setup.clock || setup.has_body(|body| matches!(body, Body::Submits(_))),
            judges: setup.has_body(|body| matches!(body, Body::Submits(_) | Body::Waits(_) | Body::Shuts))
                || setup.has(|op| *op == Op::WaitIdle || op.listens()),
            hears: setup.has(Op::listens),
            idles: setup.has(|op| *op == Op::WaitIdle),
            submits: up_to(&|op| matches!(op, Op::Submit { .. } | Op::Into { .. })),
            // A submitter that waits for a queue's limit listens too.
            listens: if setup.has_body(shuts) || setup.limit > 0 {
                [u8::MAX; THREADS]
            } else {
                up_to(&|op| matches!(op, Op::Shutdown { .. } | Op::Destroy | Op::WaitIdle) || op.listens())
            },
        }
    }
}

/// Is a thread still within its first `ops` operations?
fn within(threads: &[Thread; THREADS], ops: &[u8; THREADS]) -> bool {
    threads.iter().zip(ops).any(|(t, ops)| t.op < *ops && t.pc != Pc::Done)
}

impl World {
    /// Nothing lies in the ready ring, and nothing will.
    fn is_dry(&self, facts: &Facts) -> bool {
        let pushes = |(t, ops): (&Thread, &u8)| {
            t.op < *ops && t.pc != Pc::Done && !(t.op + 1 == *ops && t.has_pushed())
        };
        !facts.restless
            && self.ready.contents().next().is_none()
            && !self.threads.iter().zip(&facts.submits).any(pushes)
    }

    /// And nobody wakes a worker any more.
    fn is_quiet(&self, facts: &Facts) -> bool {
        let grants =
            |t: &Thread| matches!(t.pc, Pc::IdleLoad(Change::Grant | Change::Force) | Pc::NotifyLook);
        self.idle.tokens == 0 && self.is_dry(facts) && !self.threads.iter().any(grants)
    }

    /// The pool is closed, and no idle worker sleeps or will sleep: SleepLook sees CLOSED. From here on the
    /// counts of the idle word only decide which thread is granted a wake that wakes nobody. So their updates are
    /// independent except for those counts, and a thread that finds the ready ring empty might as well have
    /// found that later, at its next look.
    fn is_past_idling(&self, facts: &Facts) -> bool {
        facts.loose && self.idle.closed && !self.threads.iter().any(|t| t.pc == Pc::Asleep(Word::Idle))
    }

    /// Is its step a look at the ready ring that finds nothing, and changes nothing any more?
    pub fn polls_in_vain(&self, facts: &Facts, me: usize) -> bool {
        let t = &self.threads[me];
        matches!(t.pc, Pc::FrontHead(How::Pop | How::Look))
            && t.ring == Which::Ready
            && t.worker
            && self.is_past_idling(facts)
            && self.ready.contents().next().is_none()
    }

    pub fn is_alone(&self, facts: &Facts, me: usize) -> bool {
        let t = &self.threads[me];
        match t.pc {
            Pc::Begin | Pc::AwaitRun => true,
            // CLOSED comes once and never goes.
            Pc::TryReserve
            | Pc::FullLook
            | Pc::AwaitClosed
            | Pc::TakerLook
            | Pc::LimitClosed
            | Pc::RegisteredClosed
            | Pc::JudgeClosed => self.idle.closed || !facts.closes,
            Pc::RegisterClosed | Pc::NotifyIfClosedLook => self.idle.closed || !facts.closes && !facts.idles,
            Pc::SleepLook => self.idle.closed || !facts.closes && self.is_quiet(facts),
            // Visits are looked at by the pool's end alone.
            Pc::WaitVisit | Pc::SlowVisit | Pc::CallVisit | Pc::VisitEnd | Pc::Shutdown => !facts.destroys,
            Pc::LimitVisit | Pc::ConsumerVisit => !facts.destroys,
            // A closer does not care which of the two states before and after it sees; nobody else looks,
            // except for jobs that are about to sleep.
            Pc::Fill | Pc::VacateOwned | Pc::ClaimDetached => !facts.judges,
            Pc::ReserveLook => !facts.fails,
            Pc::WaitLive | Pc::SlowLive | Pc::InlineLive | Pc::LeftLook => !facts.closes && !facts.enters,
            Pc::QuietLive => !facts.closes && !facts.enters,
            Pc::DrainLook => self.live == 0 && !facts.enters,
            Pc::JudgeLive | Pc::JudgeWorkers | Pc::LookLive => !facts.closes && !facts.enters,
            // The one closer's own.
            Pc::ModeSet | Pc::ModeLook => facts.closers == 1,
            Pc::SlotCloseLook | Pc::SlotClose => facts.closers == 1 && !facts.fails && !facts.judges,
            // A wake finds the threads that it would find later, since the word has changed before it and a thread
            // that was to sleep on the old value does not; except for threads that came to sleep on the new one: it would
            // wake them for no reason.
            Pc::WakeAll(_) | Pc::WakeOne | Pc::WakeFirst(_) => true,
            Pc::AnswerFence => true,
            Pc::ListenersLook => !facts.hears,
            Pc::FirstLive | Pc::FirstRunLive => !facts.closes && !facts.enters,
            Pc::FirstVisit => !facts.destroys,
            // A notification wakes at once, so a closer that sleeps too early is where it would be after its
            // look.
            Pc::Sleep(Word::CloseEvents) => !facts.freezes,
            Pc::NotifyClosers => !within(&self.threads, &facts.listens),
            // Where nothing comes any more, all find nothing, and it does not matter which thread counts itself in
            // or out.
            Pc::FrontHead(How::Look) if t.stack.calls().last() == Some(&Pc::FoundLooked) => {
                self.is_past_idling(facts) || self.is_dry(facts)
            }
            Pc::FrontHead(How::Peek) if !facts.tombstones => true,
            Pc::FrontHead(_) if t.ring == Which::Done => false,
            Pc::FrontHead(_) if t.ring == Which::Ready => self.is_dry(facts),
            Pc::FrontHead(_) => self.slots[..facts.slots].iter().all(|s| s.closed()),
            Pc::ReapLook => !facts.tombstones,
            // The entry is its popper's, and of a detached queued job so is the slot.
            Pc::ClaimLook => {
                let s = self.slots[t.idx as usize];
                s.nobodys() && s.status() == Status::Queued
            }
            // Closed slots stay so, and do not come back into the ring.
            Pc::QuiescentLook => self.slots[t.at as usize].closed(),
            Pc::IdleLoad(
                Change::Search | Change::EndSearch | Change::Register | Change::TakeToken | Change::Cancel,
            ) => self.is_quiet(facts) || self.is_past_idling(facts),
            Pc::NotifyLook | Pc::IdleLoad(Change::Grant | Change::Force) => self.is_past_idling(facts),
            _ => false,
        }
    }

    /// Takes all steps that are alone and can be taken in one way; of the thread that has just polled in vain
    /// also the further looks at the same empty ring.
    pub fn settle(&mut self, setup: &Setup, facts: &Facts, polled: Option<usize>) {
        let threads = setup.scripts.len();
        for _ in 0..1000 {
            let again = |me| polled == Some(me) && self.polls_in_vain(facts, me);
            let alone = |me: &usize| self.can_step(setup, *me) && (self.is_alone(facts, *me) || again(*me));
            let Some(me) = (0..threads).find(|me| alone(me) && self.picks(*me) == 1) else { return };
            self.stride(setup, me, 0);
            if self.broken.is_some() {
                return;
            }
        }
        self.broken = Some("threads run for ever and nothing comes of it");
    }
}
