//! Which threads can take a step, and the steps that belong to no other file: a script's calls, sleep and
//! wake.

use super::pc::Part;
use super::{Cpu, How, Mistake, Op, Pc, Setup, SubmitResult, Word, World};

impl World {
    /// Can the thread take a step?
    pub fn can_step(&self, setup: &Setup, me: usize) -> bool {
        let t = &self.threads[me];
        if t.frozen {
            return false;
        }
        match t.pc {
            Pc::Done | Pc::Asleep(_) => false,
            // The pool's own workers are joined first.
            Pc::VisitorsWait => self.threads.iter().all(|t| t.pc == Pc::Done || !self.is_own(setup, t)),
            Pc::AwaitRun => match self.bodies[t.idx as usize] {
                super::Content::Input(job) => match setup.bodies[job as usize] {
                    super::Body::Until(other) => self.jobs[other as usize].ran > 0,
                    _ => true,
                },
                _ => true,
            },
            Pc::Begin => match setup.scripts[t.role as usize].1.get(t.op as usize) {
                // Nobody may begin a call that the pool's end does not wait for.
                Some(Op::Destroy) => {
                    let others =
                        self.threads[..setup.scripts.len()].iter().enumerate().filter(|(i, _)| *i != me);
                    others
                        .map(|(_, t)| t)
                        .all(|t| t.pc == Pc::Done || t.called || t.visits || self.is_own(setup, t))
                }
                Some(Op::First) => self.jobs[..2].iter().all(|job| job.submitted != SubmitResult::Nothing),
                Some(op) => {
                    op.named().is_none_or(|job| self.jobs[job as usize].submitted != SubmitResult::Nothing)
                }
                None => true,
            },
            _ => true,
        }
    }

    /// The word that counts workers and those inside a shutdown.
    fn inside(&self) -> u8 {
        self.live | self.closing << 3 | self.guests << 6
    }

    /// Is it a thread that the pool started itself?
    pub(super) fn is_own(&self, setup: &Setup, thread: &super::Thread) -> bool {
        setup.scripts.get(thread.role as usize).is_some_and(|(_, ops)| ops.contains(&Op::Work))
    }

    /// In how many ways can it take its next step?
    pub fn ways(&self, me: usize) -> usize {
        let word = match self.threads[me].pc {
            Pc::WakeOne => Word::Idle,
            Pc::WakeFirst(word) => word,
            _ => return 1,
        };
        self.threads.iter().filter(|t| t.pc == Pc::Asleep(word)).count().max(1)
    }

    /// The ways that differ, as bits: which of several equal sleepers wakes does not matter.
    pub fn picks(&self, me: usize) -> u8 {
        let word = match self.threads[me].pc {
            Pc::WakeOne => Word::Idle,
            Pc::WakeFirst(word) => word,
            _ => return 1,
        };
        let sleepers: Vec<_> = self.threads.iter().filter(|t| t.pc == Pc::Asleep(word)).collect();
        let first = |nth: &usize| !sleepers[..*nth].contains(&sleepers[*nth]);
        let picks = (0..sleepers.len()).filter(first).fold(0, |picks: u8, nth| picks | 1 << nth);
        picks.max(1)
    }

    /// One step of one thread: the event that it stands at.
    pub fn step(&mut self, setup: &Setup, me: usize, pick: usize) {
        let mut cpu = Cpu { w: self, setup, me, pick };
        cpu.one();
        cpu.pass();
    }

    /// One step, with every ring operation and every load-and-compare-and-swap in one.
    pub fn stride(&mut self, setup: &Setup, me: usize, pick: usize) {
        let mut cpu = Cpu { w: self, setup, me, pick };
        loop {
            let before = cpu.t().pc;
            cpu.one();
            cpu.pass();
            let now = cpu.t().pc;
            let begins = now == Pc::Begin && cpu.w.can_step(setup, me);
            let silent = now.is_silent() || now == Pc::ListenersLook && !setup.has(Op::listens);
            if cpu.w.broken.is_some() || !(begins || silent || now.continues(before)) {
                break;
            }
        }
        for other in 0..setup.scripts.len() {
            if self.threads[other].pc == Pc::Woken && !self.threads[other].frozen {
                let mut cpu = Cpu { w: self, setup, me: other, pick: 0 };
                cpu.one();
                cpu.pass();
            }
        }
    }

    /// Ends the sleep of a thread.
    pub fn end_sleep(&mut self, me: usize) {
        let t = &mut self.threads[me];
        (t.pc, t.asleep, t.timed, t.word) = (Pc::Woken, false, false, 0);
    }
}

impl Cpu<'_> {
    /// Goes on to the next event.
    fn pass(&mut self) {
        while self.t().pc.event().is_none() && self.t().pc != Pc::Done {
            self.one();
        }
        self.w.note_idle();
        // Registers that are read before the next event, or not at all.
        let t = self.t();
        (t.ok, t.vacant) = (false, false);
        if t.pc.part() != Part::Ring {
            (t.ring, t.ent) = (super::Which::Ready, 0);
            use Pc::{AwaitClosed, AwaitFence, LagLook, Notify, NotifyLook, ReapLook};
            if !matches!(t.pc, Notify | NotifyLook | LagLook | AwaitFence | AwaitClosed | ReapLook) {
                t.pos = 0;
            }
        }
    }

    fn one(&mut self) {
        let pc = self.t().pc;
        if self.w.destroyed && pc.touches() {
            self.must(false, "the pool is touched after its end");
        }
        match pc.part() {
            Part::Core => self.core_step(pc),
            Part::Ring => self.ring_step(pc),
            Part::Idle => self.idle_step(pc),
            Part::Submit => self.submit_step(pc),
            Part::Run => self.run_step(pc),
            Part::Result => self.result_step(pc),
            Part::Handle => self.handle_step(pc),
            Part::Graph => self.graph_step(pc),
            Part::Close => self.close_step(pc),
            Part::IdleWait => self.idle_wait_step(pc),
            Part::Many => self.many_step(pc),
            Part::Interrupt => self.interrupt_step(pc),
            Part::Queue => self.queue_step(pc),
        }
    }

    fn value(&self, word: Word) -> u16 {
        let t = &self.w.threads[self.me];
        match word {
            Word::Idle => self.w.idle.low(),
            Word::Slot(at) => self.w.slots[at as usize].0,
            Word::Entry(at) => self.w.free.entries[at as usize],
            Word::QueueEntry(at) => self.w.queue.ring.entries[at as usize],
            Word::Descriptor => u16::from(self.w.queue.readable),
            // A notification since this thread looked changes the event count.
            Word::CloseEvents => t.word + u16::from(t.notified),
            Word::Visitors => u16::from(self.w.visitors),
            Word::Graph => self.w.graph.0,
            Word::Aside => t.word,
        }
    }

    pub(super) fn wake(&mut self, word: Word, nth: Option<usize>) {
        let asleep = (0..self.setup.scripts.len()).filter(|&i| self.w.threads[i].pc == Pc::Asleep(word));
        let chosen: Vec<usize> = match nth {
            Some(nth) => asleep.skip(nth).take(1).collect(),
            None => asleep.collect(),
        };
        chosen.into_iter().for_each(|i| self.w.end_sleep(i));
    }

    fn core_step(&mut self, pc: Pc) {
        match pc {
            Pc::Begin => self.begin(),
            Pc::OpEnd => {
                let old = *self.t();
                if let Some(Op::Submit { job, .. } | Op::Into { job, .. }) = self.op() {
                    // The claim on the result is the thread's from here on.
                    self.submit_returned(job, old.submitted);
                }
                let op = old.op + 1;
                let fresh = super::Thread::new(old.role);
                *self.t() =
                    super::Thread { op, frozen: old.frozen, holds: old.holds, answer: old.answer, ..fresh };
                self.go(if self.op().is_some() { Pc::Begin } else { Pc::Done });
            }
            Pc::Sleep(word) => {
                if self.value(word) == self.t().word {
                    (self.t().word, self.t().asleep) = (0, true);
                    self.go(Pc::Asleep(word));
                } else {
                    (self.t().word, self.t().timed) = (0, false);
                    self.go(Pc::Woken);
                }
            }
            Pc::Woken => self.ret(),
            Pc::StandAside if self.setup.aside => {
                self.t().timed = true;
                self.go(Pc::Sleep(Word::Aside));
            }
            Pc::StandAside => self.ret(),
            Pc::WakeAll(word) => {
                self.wake(word, None);
                self.ret();
            }
            Pc::AnswerFence => self.go(Pc::ListenersLook),
            Pc::ListenersLook if self.w.listeners > 0 && !self.mistake(Mistake::NobodyAnswersListeners) => {
                self.go(Pc::NotifyClosers);
            }
            Pc::ListenersLook => self.ret(),
            Pc::WakeOne | Pc::WakeFirst(_) => {
                let word = if let Pc::WakeFirst(word) = pc { word } else { Word::Idle };
                self.wake(word, Some(self.pick));
                self.ret();
            }
            Pc::CallVisit => {
                self.w.visitors += 1;
                self.go(Pc::Called);
            }
            Pc::Called => {
                self.t().called = true;
                self.enter();
            }
            Pc::CallEnd => {
                self.t().called = false;
                self.go(Pc::VisitEnd);
            }
            Pc::RingPushed => {
                self.t().answer = super::NOTHING;
                self.go(Pc::OpEnd);
            }
            Pc::RingPopped => {
                let t = self.t();
                t.answer = if t.ok { t.idx } else { super::NOTHING };
                self.go(Pc::OpEnd);
            }
            Pc::LiveLook => {
                self.t().entered = self.w.inside();
                self.go(Pc::LiveEnter);
            }
            // There may be any number of them here.
            Pc::LiveEnter if self.see().entered == self.w.inside() => {
                self.w.live += 1;
                self.t().entered = 0;
                self.go(Pc::Work);
            }
            Pc::LiveEnter => self.t().entered = self.w.inside(),
            _ => unreachable!("{pc:?}"),
        }
    }

    fn push_bare(&mut self, idx: u8) {
        self.t().idx = idx;
        self.on_ring(super::Which::Ready, Pc::PushTail, Pc::RingPushed);
    }

    fn begin(&mut self) {
        let Some(op) = self.op() else { return self.go(Pc::Done) };
        if let Some(job) = op.named() {
            let SubmitResult::Accepted = self.w.jobs[job as usize].submitted else {
                return self.go(Pc::OpEnd);
            };
            let (idx, generation) = self.w.jobs[job as usize].handle;
            self.t().want = super::Handle { idx, generation };
        }
        let bare = matches!(op, Op::Submit { .. } | Op::Work | Op::Destroy);
        if self.setup.c_face && !bare {
            self.call(Pc::CallVisit, Pc::CallEnd);
        } else {
            self.enter();
        }
    }

    /// The call itself.
    fn enter(&mut self) {
        let Some(op) = self.op() else { return };
        match op {
            Op::Submit { job, blocks, detached } => {
                (self.t().mine, self.t().blocks, self.t().detached) = (job, blocks, detached);
                self.go(Pc::Submit);
            }
            Op::Into { job, blocks } => {
                (self.t().mine, self.t().blocks, self.t().owned) = (job, blocks, true);
                self.go(Pc::CountLook);
            }
            Op::Take => self.go(Pc::Take),
            Op::Hear => {
                self.t().polls = true;
                self.go(Pc::Take);
            }
            Op::Wait(_) | Op::WaitInterruptible(_) => self.go(Pc::WaitLook),
            Op::See { leaves, .. } => {
                self.t().sees = Some(leaves);
                self.go(Pc::WaitLook);
            }
            Op::Poll(_) => {
                self.t().polls = true;
                self.go(Pc::WaitLook);
            }
            Op::Peek(_) => {
                (self.t().polls, self.t().sees) = (true, Some(true));
                self.go(Pc::WaitLook);
            }
            Op::Cancel(_) => self.go(Pc::CancelLook),
            Op::Detach(_) => self.go(Pc::DetachLook),
            Op::Work | Op::Enter => {
                self.t().worker = true;
                self.go(if op == Op::Work { Pc::Work } else { Pc::LiveLook });
            }
            Op::RunOne => self.go(Pc::RunOne),
            Op::WaitIdle => self.go(Pc::QuietVisit),
            Op::First => self.go(Pc::First),
            Op::Raise => self.go(Pc::Raise),
            Op::Reset => self.go(Pc::Reset),
            Op::Shutdown { discards } => {
                self.t().discards = discards;
                self.go(Pc::Shutdown);
            }
            Op::RingPush(idx) => self.push_bare(idx),
            Op::RingPushBack => match self.see().answer {
                super::NOTHING => self.go(Pc::OpEnd),
                idx => self.push_bare(idx),
            },
            Op::RingPop => self.on_ring(super::Which::Ready, Pc::FrontHead(How::Pop), Pc::RingPopped),
            Op::RingLook => self.on_ring(super::Which::Ready, Pc::FrontHead(How::Look), Pc::RingPopped),
            Op::Destroy => self.call(Pc::JoinEvents, Pc::DestroyVisitors),
        }
    }
}
