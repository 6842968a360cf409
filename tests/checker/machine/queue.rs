//! `engine/completions.rs`, `completion_queue.rs` and `completion_event.rs`, step by step: one completion queue
//! of the pool.

use super::words::{Mark, Ring, State, Status};
use super::{Content, Cpu, How, Mistake, Op, Pc, SubmitResult, Which, Word};

/// The words of the queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Queue {
    pub ring: Ring,
    pub count: Count,
    /// The number of the arm that waits; 0: none does.
    pub armed: u8,
    pub arms: u8,
    /// Is the descriptor readable?
    pub readable: bool,
}

impl Queue {
    pub fn new(len: u8) -> Self {
        Self { ring: Ring::new(len, 0), count: Count::default(), armed: 0, arms: 0, readable: false }
    }
}

/// Jobs that were submitted and not taken, and whether a submitter waits for the limit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Count {
    pub jobs: u8,
    pub wanted: bool,
}

/// What a take gave.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Took {
    #[default]
    Nothing,
    Job,
    Empty,
    /// It does not wait, or no worker is left.
    Pending,
}

impl Cpu<'_> {
    /// Ends the stay, if there was one, and goes on.
    fn leave(&mut self, then: Pc) {
        let visits = std::mem::take(&mut self.t().visits);
        if visits { self.call(Pc::VisitEnd, then) } else { self.go(then) }
    }

    fn visit(&mut self, then: Pc) {
        self.w.visitors += 1;
        self.t().visits = true;
        self.go(then);
    }

    fn is_at_limit(&self) -> bool {
        self.see().counted_jobs.jobs >= self.setup.limit
    }

    fn raise_count(&mut self) {
        let full = self.is_at_limit();
        if !full {
            self.go(Pc::CountAdd);
        } else if self.see().blocks {
            self.go(Pc::LimitVisit);
        } else {
            self.refuse_into(SubmitResult::Full);
        }
    }

    fn refuse_into(&mut self, why: SubmitResult) {
        let t = self.t();
        (t.submitted, t.counted_jobs, t.owned) = (why, Count::default(), false);
        self.leave(Pc::OpEnd);
    }

    fn end_take(&mut self, took: Took) {
        self.t().took = took;
        self.t().idx = 0;
        self.leave(Pc::Taken);
    }

    /// Looks whether the queue's ring is empty; that is `!ok`.
    fn look(&mut self, then: Pc) {
        self.on_ring(Which::Done, Pc::FrontHead(How::Look), then);
    }

    fn entry_of_slept(&self) -> u8 {
        self.w.queue.ring.at(self.see().slept.0) as u8
    }

    pub fn queue_step(&mut self, pc: Pc) {
        let (idx, seen) = (self.t().idx, self.t().seen);
        match pc {
            // submit_into, of the job in `mine`.
            Pc::CountLook => {
                self.t().counted_jobs = self.w.queue.count;
                self.raise_count();
            }
            Pc::CountAdd if self.w.queue.count == self.see().counted_jobs => {
                self.w.queue.count.jobs += 1;
                self.t().counted_jobs = Count::default();
                self.call(Pc::Submit, Pc::IntoSubmitted);
            }
            Pc::CountAdd => {
                self.t().counted_jobs = self.w.queue.count;
                self.raise_count();
            }
            Pc::IntoSubmitted => {
                self.t().owned = false;
                let refused = self.see().submitted != SubmitResult::Accepted;
                let lowers = refused && !self.mistake(Mistake::RefusedSubmitStaysPending);
                if lowers { self.call(Pc::CountTaken, Pc::OpEnd) } else { self.go(Pc::OpEnd) }
            }

            // await_limit
            Pc::LimitVisit => self.visit(Pc::LimitEvents),
            Pc::LimitEvents => {
                (self.t().listens, self.t().notified) = (true, false);
                self.go(Pc::LimitWanted);
            }
            Pc::LimitWanted => {
                self.w.queue.count.wanted = true;
                self.t().counted_jobs = self.w.queue.count;
                if self.is_at_limit() {
                    self.go(Pc::LimitClosed);
                } else {
                    self.t().listens = false;
                    self.leave(Pc::CountAdd);
                }
            }
            Pc::LimitClosed if self.w.idle.closed => {
                self.t().listens = false;
                self.refuse_into(SubmitResult::Shutdown);
            }
            Pc::LimitClosed => {
                self.t().counted_jobs = Count::default();
                self.t().timed = self.setup.clock && !self.mistake(Mistake::LimitHasNoPatience);
                self.call(Pc::Sleep(Word::CloseEvents), Pc::LimitSlept);
            }
            Pc::LimitSlept if self.setup.clock && !self.mistake(Mistake::LimitHasNoPatience) => {
                self.go(Pc::LimitEventsAgain);
            }
            Pc::LimitSlept => self.go(Pc::LimitEvents),
            Pc::LimitEventsAgain if self.see().notified => self.go(Pc::LimitEvents),
            Pc::LimitEventsAgain => self.call(Pc::Force, Pc::LimitEvents),

            // lower_count, by one job.
            Pc::CountTaken => {
                self.must(self.w.queue.count.jobs > 0, "more jobs are taken than were submitted");
                self.w.queue.count.jobs = self.w.queue.count.jobs.saturating_sub(1);
                self.t().counted_jobs = self.w.queue.count;
                self.go(if self.w.queue.count.wanted { Pc::Unwanted } else { Pc::CountLowered });
            }
            Pc::Unwanted => {
                self.w.queue.count.wanted = false;
                self.call(Pc::NotifyClosers, Pc::CountLowered);
            }
            Pc::CountLowered => {
                let count = std::mem::take(&mut self.t().counted_jobs);
                if count.jobs == 0 { self.go(Pc::ZeroFence) } else { self.ret() }
            }
            Pc::ZeroFence => self.go(Pc::WakeConsumers),
            Pc::WakeConsumers if self.mistake(Mistake::ZeroKeepsTheMark) => {
                let at = self.w.queue.ring.at(self.w.queue.ring.head) as u8;
                self.wake_waiters(Word::QueueEntry(at));
            }
            Pc::WakeConsumers => self.on_ring(Which::Done, Pc::UnmarkHead, Pc::ConsumersUnmarked),
            Pc::ConsumersUnmarked => {
                let pos = std::mem::take(&mut self.t().pos);
                let at = self.w.queue.ring.at(pos) as u8;
                if self.t().ok { self.wake_waiters(Word::QueueEntry(at)) } else { self.ret() }
            }

            // receive(idx, to): the end of a job of the queue.
            Pc::OwnedLook => {
                self.t().seen = self.w.slots[idx as usize];
                self.go(Pc::OwnedCas);
            }
            Pc::OwnedCas => match self.cas_slot(seen.with(self.see().to)) {
                Ok(_) => {
                    self.unhold();
                    let t = self.t();
                    (t.seen, t.to, t.retire) = (State::default(), Status::Free, false);
                    self.on_ring(Which::Done, Pc::PushTail, Pc::OwnedPushed);
                }
                Err(now) => self.t().seen = now,
            },
            Pc::OwnedPushed => {
                (self.t().idx, self.t().pos) = (0, 0);
                self.go(Pc::OwnedFence);
            }
            Pc::OwnedFence => self.go(Pc::UseLook),
            Pc::UseLook => self.go(Pc::ArmedLook),
            Pc::ArmedLook => {
                self.t().armed = self.w.queue.armed;
                if self.see().armed == 0 {
                    self.go(Pc::OwnedEnd)
                } else if self.mistake(Mistake::ClearsBeforeTheSignal) {
                    self.go(Pc::Disarm)
                } else {
                    self.go(Pc::SignalName)
                }
            }
            Pc::SignalName => self.go(Pc::Signal),
            Pc::Signal => {
                self.w.queue.readable = true;
                self.wake(Word::Descriptor, None);
                if self.mistake(Mistake::ClearsBeforeTheSignal) {
                    self.t().armed = 0;
                    self.go(Pc::OwnedEnd);
                } else {
                    self.go(Pc::Disarm);
                }
            }
            Pc::Disarm => {
                if self.w.queue.armed == self.see().armed {
                    self.w.queue.armed = 0;
                }
                if self.mistake(Mistake::ClearsBeforeTheSignal) {
                    self.go(Pc::SignalName);
                } else {
                    self.t().armed = 0;
                    self.go(Pc::OwnedEnd);
                }
            }
            Pc::OwnedEnd => {
                let marked = std::mem::take(&mut self.t().marked);
                if marked == 0 {
                    self.ret();
                } else {
                    self.t().woken = marked - 1;
                    self.go(Pc::OwnedWake);
                }
            }
            Pc::OwnedWake => {
                let at = std::mem::take(&mut self.t().woken);
                self.wake_waiters(Word::QueueEntry(at));
            }

            _ => self.take_step(pc),
        }
    }

    /// A consumer has claimed the outcome of a job that was `seen`, and takes it out of the body.
    fn hold_owned(&mut self, seen: State, taking: State) {
        let idx = self.t().idx as usize;
        self.t().seen = taking;
        self.hold();
        match self.w.bodies[idx] {
            Content::Result(job) | Content::Failure(job) => {
                self.must(seen.status() != Status::Cancelled, "a cancelled job has a result");
                self.w.jobs[job as usize].out += 1;
            }
            Content::Empty => {
                self.must(seen.status() == Status::Cancelled, "a job that ran has no result");
            }
            Content::Input(_) => self.must(false, "a job is taken that was neither run nor dropped"),
        }
        self.w.bodies[idx] = Content::Empty;
        self.go(Pc::TakenFence);
    }

    /// `take_completions`, of one job.
    fn take_step(&mut self, pc: Pc) {
        let (idx, seen) = (self.t().idx, self.t().seen);
        let polls = self.see().polls;
        match pc {
            Pc::Take => self.on_ring(Which::Done, Pc::FrontHead(How::Pop), Pc::TakePopped),
            Pc::TakePopped if self.see().ok => {
                self.t().pos = 0;
                self.go(Pc::TakeOwnedLook);
            }
            // The look before the first sleep is one at the count alone where nobody spins.
            Pc::TakePopped if polls => self.go(Pc::ConsumerEmpty),
            Pc::TakePopped => self.go(Pc::WatchLook),
            Pc::WatchLook => self.go(Pc::ConsumerEmpty),
            Pc::TakeOwnedLook => {
                let s = self.w.slots[idx as usize];
                self.must(
                    s.owned() && s.over(),
                    "an index in the queue is not that of a job which has ended",
                );
                self.t().seen = s;
                self.go(if s.in_ring() { Pc::TakeOwnedCas } else { Pc::TakeOwnedStore });
            }
            Pc::TakeOwnedStore => {
                self.must(seen == self.w.slots[idx as usize], "an outcome that is its owner's was moved");
                let taking = seen.with(Status::Taking).unawaited();
                self.w.slots[idx as usize] = taking;
                self.hold_owned(seen, taking);
            }
            Pc::TakeOwnedCas => match self.cas_slot(seen.with(Status::Taking).unawaited()) {
                Ok(taking) => self.hold_owned(seen, taking),
                Err(now) => self.t().seen = now,
            },
            Pc::TakenFence => self.call(Pc::TakerLook, Pc::TookOwned),
            // The popper of the entry may have cleared RING: then the exchange of Vacate finds that.
            Pc::TookOwned if self.see().retire || seen.in_ring() => self.call(Pc::Vacate, Pc::TookVacated),
            Pc::TookOwned => self.call(Pc::VacateOwned, Pc::TookVacated),
            Pc::TookVacated => self.call(Pc::CountTaken, Pc::TookLowered),
            Pc::TookLowered => self.end_take(Took::Job),

            // await_completion
            Pc::ConsumerEmpty => self.look(Pc::ConsumerLooked),
            Pc::ConsumerLooked => {
                self.t().pos = 0;
                if self.see().ok { self.leave(Pc::Take) } else { self.go(Pc::ConsumerPending) }
            }
            Pc::ConsumerPending if self.w.queue.count.jobs == 0 => self.end_take(Took::Empty),
            Pc::ConsumerPending if polls => self.end_take(Took::Pending),
            Pc::ConsumerPending => self.go(Pc::LeftLook),
            Pc::LeftLook if self.w.live == 0 => self.look(Pc::LeftLooked),
            Pc::LeftLook if self.see().visits => self.go(Pc::ConsumerMark),
            Pc::LeftLook => self.go(Pc::ConsumerVisit),
            Pc::LeftLooked => {
                self.t().pos = 0;
                if self.see().ok { self.leave(Pc::Take) } else { self.go(Pc::LeftPending) }
            }
            Pc::LeftPending if self.w.queue.count.jobs == 0 => self.leave(Pc::Take),
            Pc::LeftPending => self.end_take(Took::Pending),
            Pc::ConsumerVisit => self.visit(Pc::ConsumerMark),
            Pc::ConsumerMark => self.on_ring(Which::Done, Pc::MarkHead(Mark::Waiter), Pc::ConsumerMarked),
            Pc::ConsumerMarked => {
                let (pos, word) = (std::mem::take(&mut self.t().pos), std::mem::take(&mut self.t().word));
                if self.see().ok {
                    self.t().slept = (pos, word);
                    self.go(Pc::SleepFence);
                } else {
                    self.leave(Pc::Take);
                }
            }
            Pc::SleepFence => self.go(Pc::SecondLook),
            Pc::SecondLook
                if self.w.queue.count.jobs == 0 && !self.mistake(Mistake::NoSecondLookAtTheCount) =>
            {
                self.t().slept = (0, 0);
                self.call(Pc::WakeConsumers, Pc::ZeroLook);
            }
            Pc::SecondLook => {
                (self.t().word, self.t().timed) = (self.see().slept.1, self.setup.clock);
                let at = self.entry_of_slept();
                self.call(Pc::Sleep(Word::QueueEntry(at)), Pc::ConsumerSlept);
            }
            Pc::ZeroLook => self.look(Pc::ZeroLooked),
            Pc::ZeroLooked => {
                self.t().pos = 0;
                if self.see().ok { self.leave(Pc::Take) } else { self.end_take(Took::Empty) }
            }
            Pc::ConsumerSlept if self.setup.clock => {
                self.on_ring(Which::Done, Pc::MarkHead(Mark::Waiter), Pc::ConsumerRemarked);
            }
            Pc::ConsumerSlept => {
                self.t().slept = (0, 0);
                self.go(Pc::ConsumerEmpty);
            }
            Pc::ConsumerRemarked => {
                let (at, value) = std::mem::take(&mut self.t().slept);
                let (pos, word) = (std::mem::take(&mut self.t().pos), std::mem::take(&mut self.t().word));
                let ring = &self.w.queue.ring;
                let same = self.see().ok && ring.at(at) == ring.at(pos) && word == value;
                if same { self.call(Pc::Force, Pc::ConsumerEmpty) } else { self.go(Pc::ConsumerEmpty) }
            }

            // The end of a take, also of an event loop's.
            Pc::Taken => {
                let took = std::mem::take(&mut self.t().took);
                let arms = self.op() == Some(Op::Hear) && took == Took::Pending;
                self.go(if arms { Pc::ArmKnown } else { Pc::OpEnd });
            }
            Pc::ArmKnown => self.go(Pc::ArmName),
            Pc::ArmName if self.mistake(Mistake::ArmClearsTooLate) => self.go(Pc::ArmCount),
            Pc::ArmName => self.go(Pc::ArmClear),
            Pc::ArmClear => {
                self.w.queue.readable = false;
                let late = self.mistake(Mistake::ArmClearsTooLate);
                self.go(if late { Pc::ArmFence } else { Pc::ArmCount });
            }
            Pc::ArmCount => {
                self.w.queue.arms += 1;
                self.t().armed = self.w.queue.arms;
                self.go(Pc::ArmStore);
            }
            Pc::ArmStore => {
                self.w.queue.armed = self.see().armed;
                let late = self.mistake(Mistake::ArmClearsTooLate);
                self.go(if late { Pc::ArmClear } else { Pc::ArmFence });
            }
            Pc::ArmFence => self.look(Pc::ArmLooked),
            Pc::ArmLooked => {
                self.t().pos = 0;
                if self.see().ok {
                    self.go(Pc::ArmOff);
                } else {
                    self.t().armed = 0;
                    self.call(Pc::Sleep(Word::Descriptor), Pc::Take);
                }
            }
            Pc::ArmOff => {
                if self.w.queue.armed == self.see().armed {
                    self.w.queue.armed = 0;
                }
                self.t().armed = 0;
                self.go(Pc::Take);
            }
            _ => unreachable!("{pc:?}"),
        }
    }
}
