//! `engine/idle_wait.rs`, step by step: a wait until the pool is idle, outside of jobs and without a clock.

use super::words::{Ring, Status};
use super::{Change, Cpu, How, Mistake, Pc, Which, Word, World};

/// Is a thread inside a wait until the pool is idle, and was the pool idle meanwhile, in truth?
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum IdleWait {
    #[default]
    No,
    Waits,
    WasIdle,
}

/// How often a caller that runs jobs looks again at once, before it looks for a queued job.
const ASIDES: u8 = 2;

impl World {
    /// Tells the threads that wait for it that the pool is idle, if it is, in truth.
    pub(super) fn note_idle(&mut self) {
        let unfinished =
            |s: &super::State| matches!(s.status(), Status::Queued | Status::Running | Status::Cancelling);
        if self.threads.iter().any(|t| t.idle_wait == IdleWait::Waits) && !self.slots.iter().any(unfinished) {
            let waiting = self.threads.iter_mut().filter(|t| t.idle_wait == IdleWait::Waits);
            waiting.for_each(|t| t.idle_wait = IdleWait::WasIdle);
        }
    }
}

impl Cpu<'_> {
    pub fn idle_wait_step(&mut self, pc: Pc) {
        let at = self.see().at;
        match pc {
            Pc::QuietVisit => {
                self.w.visitors += 1;
                self.t().idle_wait = IdleWait::Waits;
                self.go(Pc::QuietLive);
            }
            // Without workers the caller runs what is queued.
            Pc::QuietLive if self.w.live == 0 => {
                self.t().alone = true;
                self.go(Pc::QuietRun);
            }
            Pc::QuietLive => self.go(Pc::QuietEvents),
            Pc::QuietRun => self.call(Pc::RunOne, Pc::QuietRan),
            Pc::QuietRan => self.go(if self.see().ok { Pc::QuietRun } else { Pc::QuietEvents }),
            Pc::QuietEvents => {
                (self.t().listens, self.t().notified) = (true, false);
                self.call(Pc::IdleLoad(Change::BeginIdleWait), Pc::QuietFence);
            }
            Pc::QuietFence => {
                self.t().counts = Default::default();
                self.go(Pc::QuietPopped);
            }
            // look_for_unfinished: `popped`, `tail` and `marked` count the indices that were popped, those that
            // are inside, and the free slots.
            Pc::QuietPopped => {
                self.t().popped = self.popped();
                self.go(Pc::QuietEntry);
            }
            Pc::QuietEntry => {
                let ring = self.w.free;
                let p = self.see().popped.max(self.setup.slots) + ring.len + at;
                if self.entry_is_inside(&ring, p) {
                    self.t().at += 1;
                }
                if self.see().at == at || self.see().at == ring.len {
                    (self.t().tail, self.t().at) = (self.see().at, 0);
                    self.look_at_slots();
                }
            }
            Pc::QuietSlot => {
                let s = self.w.slots[at as usize];
                if matches!(s.status(), Status::Queued | Status::Running | Status::Cancelling) {
                    return self.found_unfinished(true);
                }
                let t = self.t();
                t.marked += u8::from(s.vacant() && !s.in_ring());
                t.at += 1;
                self.look_at_slots();
            }
            Pc::QuietPoppedAgain if self.popped() == self.see().popped => self.found_idle(),
            Pc::QuietPoppedAgain => self.found_unfinished(false),
            Pc::QuietQueued if self.see().ok => self.go(Pc::QuietLive),
            Pc::QuietQueued => self.quiet_sleep(),
            Pc::QuietEventsLate => {
                self.t().notified = false;
                self.quiet_sleep();
            }
            Pc::QuietLeave => {
                self.t().counts = Default::default();
                let silent = self.mistake(Mistake::IdleWaitLeavesInSilence);
                if silent { self.go(Pc::VisitEnd) } else { self.call(Pc::NotifyClosers, Pc::VisitEnd) }
            }
            _ => unreachable!("{pc:?}"),
        }
    }

    /// How many indices were popped from the free ring. Positions begin with lap 1 here.
    fn popped(&self) -> u8 {
        self.w.free.head - self.w.free.len
    }

    fn entry_is_inside(&self, ring: &Ring, p: u8) -> bool {
        ring.published(ring.entries[ring.at(p)], p)
    }

    /// Looks at the next slot that was ever used.
    fn look_at_slots(&mut self) {
        let t = self.see();
        if t.at < t.popped.min(self.setup.slots) {
            self.go(Pc::QuietSlot);
        } else if t.marked == t.tail {
            self.go(Pc::QuietPoppedAgain);
        } else {
            self.found_unfinished(false);
        }
    }

    fn end_quiet_look(&mut self) {
        let t = self.t();
        (t.at, t.popped, t.tail, t.marked) = (0, 0, 0, 0);
    }

    /// There is a job, or the look does not show whether there is one.
    fn found_unfinished(&mut self, job: bool) {
        if !job && self.mistake(Mistake::IdleWaitTrustsItsLook) {
            return self.found_idle();
        }
        self.end_quiet_look();
        self.t().waits = job;
        if self.mistake(Mistake::IdleWaitReadsEventsTooLate) {
            self.go(Pc::QuietEventsLate);
        } else if std::mem::take(&mut self.t().alone) {
            let again = !job && self.see().asides < ASIDES;
            self.t().asides = if again { self.see().asides + 1 } else { self.see().asides * u8::from(!job) };
            if again {
                return self.quiet_sleep();
            }
            self.on_ring(Which::Ready, Pc::FrontHead(How::Look), Pc::QuietQueued);
        } else {
            self.quiet_sleep();
        }
    }

    fn quiet_sleep(&mut self) {
        let job = std::mem::take(&mut self.t().waits);
        self.t().pos = 0;
        if job {
            self.call(Pc::Sleep(Word::CloseEvents), Pc::QuietLive);
        } else {
            self.call(Pc::StandAside, Pc::QuietLive);
        }
    }

    fn found_idle(&mut self) {
        let idle = self.see().idle_wait == IdleWait::WasIdle;
        self.must(idle, "a wait until the pool is idle returns, and it never was");
        self.end_quiet_look();
        let t = self.t();
        t.asides = 0;
        (t.idle_wait, t.listens, t.notified, t.alone, t.visits) = (IdleWait::No, false, false, false, false);
        self.call(Pc::IdleLoad(Change::EndIdleWait), Pc::QuietLeave);
    }
}
