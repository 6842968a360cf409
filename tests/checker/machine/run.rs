//! `engine/run.rs` and the claims of `slot/mod.rs`, step by step; a job's body.

use super::words::{State, Status};
use super::{Body, Content, Cpu, Handle, Mistake, Pc, Which};

impl Cpu<'_> {
    /// What follows from the state that a popper saw.
    fn claim_by_entry(&mut self, s: State) {
        self.t().seen = s;
        self.go(match (s.status() == Status::Queued, s.nobodys()) {
            (true, true) => Pc::ClaimDetached,
            (true, false) => Pc::ClaimPopped,
            _ => Pc::LeaveRing,
        });
    }

    fn claimed(&mut self, s: State) {
        self.hold();
        let t = self.t();
        (t.seen, t.ok) = (s, true);
        self.ret();
    }

    pub fn run_step(&mut self, pc: Pc) {
        let (idx, seen) = (self.t().idx, self.t().seen);
        match pc {
            Pc::ClaimLook => self.claim_by_entry(self.w.slots[idx as usize]),
            Pc::ClaimDetached => {
                let running = seen.with(Status::Running).out_of_ring();
                self.must(seen == self.w.slots[idx as usize], "a detached queued job was moved by another");
                self.w.slots[idx as usize] = running;
                self.claimed(running);
            }
            Pc::ClaimPopped => match self.cas_slot(seen.with(Status::Running).out_of_ring()) {
                Ok(running) => self.claimed(running),
                Err(now) => self.claim_by_entry(now),
            },
            Pc::LeaveRing => {
                let old = self.w.slots[idx as usize];
                self.w.slots[idx as usize] = old.out_of_ring();
                let t = self.t();
                (t.ok, t.vacant, t.seen) = (false, old.vacant(), State::default());
                self.ret();
            }

            Pc::ClaimNext => self.on_ring(Which::Ready, Pc::FrontHead(super::How::Pop), Pc::ClaimNextPopped),
            Pc::ClaimNextPopped => {
                self.t().pos = 0;
                if self.t().ok { self.call(Pc::ClaimLook, Pc::ClaimNextClaimed) } else { self.ret() }
            }
            Pc::ClaimNextClaimed => {
                let vacant = std::mem::take(&mut self.t().vacant);
                if self.t().ok {
                    self.ret();
                } else if vacant && !self.mistake(Mistake::TombstoneLeaksItsSlot) {
                    self.call(Pc::GiveBack, Pc::ClaimNext);
                } else {
                    self.t().idx = 0;
                    self.go(Pc::ClaimNext);
                }
            }

            // execute(idx, seen)
            Pc::Execute => {
                let Content::Input(job) = self.w.bodies[idx as usize] else {
                    self.must(false, "a job is run whose slot holds none");
                    return self.ret();
                };
                self.must(
                    self.see().holds & 1 << idx != 0,
                    "a job is run by a thread that has not claimed it",
                );
                self.w.jobs[job as usize].ran += 1;
                self.t().retire = false;
                match self.setup.bodies[job as usize] {
                    Body::Waits(other)
                        if self.w.jobs[other as usize].submitted == super::SubmitResult::Accepted =>
                    {
                        self.go_inside();
                        let (want, generation) = self.w.jobs[other as usize].handle;
                        self.t().want = Handle { idx: want, generation };
                        self.call(Pc::WaitLook, Pc::ExecuteWaited);
                    }
                    Body::Submits(other) => {
                        self.go_inside();
                        (self.t().mine, self.t().blocks, self.t().detached) = (other, true, true);
                        self.call(Pc::Submit, Pc::ExecuteSubmitted);
                    }
                    Body::Shuts => {
                        self.go_inside();
                        self.call(Pc::Shutdown, Pc::ExecuteWaited);
                    }
                    Body::Until(_) => self.go(Pc::AwaitRun),
                    Body::Fails => {
                        self.w.bodies[idx as usize] = Content::Failure(job);
                        self.t().to = Status::Failed;
                        self.go(Pc::Resolve);
                    }
                    _ => {
                        self.w.bodies[idx as usize] = Content::Result(job);
                        self.t().to = Status::Done;
                        self.go(Pc::Resolve);
                    }
                }
            }
            Pc::AwaitRun => {
                if let Content::Input(job) = self.w.bodies[idx as usize] {
                    self.w.bodies[idx as usize] = Content::Result(job);
                }
                self.t().to = Status::Done;
                self.go(Pc::Resolve);
            }
            Pc::ExecuteSubmitted => {
                let (mine, submitted) = (self.t().mine, self.t().submitted);
                self.submit_returned(mine, submitted);
                let t = self.t();
                (t.mine, t.submitted, t.blocks, t.detached) = (0, super::SubmitResult::Nothing, false, false);
                self.go(Pc::ExecuteWaited);
            }
            Pc::ExecuteWaited => {
                self.come_out();
                let idx = self.t().idx as usize;
                if let Content::Input(job) = self.w.bodies[idx] {
                    self.w.bodies[idx] = Content::Result(job);
                }
                self.t().to = Status::Done;
                self.go(Pc::Resolve);
            }
            Pc::Discard => {
                let Content::Input(job) = self.w.bodies[idx as usize] else {
                    self.must(false, "a job is dropped whose slot holds none");
                    return self.ret();
                };
                self.must(
                    self.see().holds & 1 << idx != 0,
                    "a job is dropped by a thread that has not claimed it",
                );
                self.w.jobs[job as usize].dropped += 1;
                self.w.bodies[idx as usize] = Content::Empty;
                self.t().to = Status::Cancelled;
                self.go(Pc::Resolve);
            }

            // resolve(idx, seen, to)
            Pc::Resolve if seen.owned() => self.go(Pc::OwnedLook),
            Pc::Resolve if seen.detached() && !seen.in_ring() => self.call(Pc::Forget, Pc::ResolveOwned),
            Pc::ResolveOwned if self.see().retire => self.go(Pc::ResolveForgotten),
            Pc::ResolveOwned => self.go(Pc::VacateOwned),
            Pc::Resolve => self.resolve_or_forget(),
            Pc::ResolveCas => {
                let resolved = seen.with(self.t().to).unawaited();
                match self.cas_slot(resolved) {
                    Ok(_) => {
                        self.unhold();
                        let t = self.t();
                        (t.idx, t.seen, t.to, t.retire) = (0, State::default(), Status::Free, false);
                        if seen.has_waiter() && !self.mistake(Mistake::ResolveWakesNobody) {
                            self.t().woken = idx;
                            self.go(Pc::ResolveWake);
                        } else {
                            self.ret();
                        }
                    }
                    Err(now) => {
                        self.t().seen = now;
                        self.resolve_or_forget();
                    }
                }
            }
            Pc::ResolveWake => {
                let at = std::mem::take(&mut self.t().woken);
                if self.mistake(Mistake::ResolveWakesOne) {
                    self.go(Pc::WakeFirst(super::Word::Slot(at)));
                } else {
                    self.wake_waiters(super::Word::Slot(at));
                }
            }
            Pc::VacateOwned => {
                self.must(seen == self.w.slots[idx as usize], "the slot of a running detached job was moved");
                self.body_is(Content::Empty, "a slot is given back with something in it");
                self.w.slots[idx as usize] = seen.next();
                self.unhold();
                (self.t().seen, self.t().to) = (State::default(), Status::Free);
                self.go(Pc::GiveBack);
            }
            Pc::ResolveForgotten => {
                self.t().to = Status::Free;
                self.go(Pc::Vacate);
            }

            // forget(idx, to)
            Pc::Forget if self.t().to == Status::Done && self.leaves_nothing() => {
                self.forget_body();
                self.ret();
            }
            Pc::Forget if matches!(self.t().to, Status::Done | Status::Failed) => self.go(Pc::ForgetLook),
            Pc::Forget => self.ret(),
            Pc::ForgetLook => {
                self.forget_body();
                self.ret();
            }

            Pc::RunOne => self.call(Pc::ClaimNext, Pc::RunOneClaimed),
            Pc::RunOneClaimed if self.t().ok => self.call(Pc::Execute, Pc::RunOneRan),
            Pc::RunOneClaimed => self.ret(),
            Pc::RunOneRan => self.call(Pc::NotifyIfClosed, Pc::RunOneDone),
            Pc::RunOneDone => {
                self.t().ok = true;
                self.ret();
            }
            _ => unreachable!("{pc:?}"),
        }
    }

    fn resolve_or_forget(&mut self) {
        if self.t().seen.detached() {
            self.call(Pc::Forget, Pc::ResolveForgotten);
        } else {
            self.go(Pc::ResolveCas);
        }
    }

    /// Has the job in the slot no result that has to be dropped? Those that are submitted detached have none.
    fn leaves_nothing(&mut self) -> bool {
        match self.w.bodies[self.see().idx as usize] {
            Content::Result(job) => self.setup.gives(job),
            _ => false,
        }
    }

    /// Drops what a job left.
    pub fn forget_body(&mut self) {
        let idx = self.t().idx as usize;
        self.must(
            self.see().holds & 1 << idx != 0,
            "a result is dropped by a thread that has not claimed it",
        );
        match self.w.bodies[idx] {
            Content::Result(job) | Content::Failure(job) => self.w.jobs[job as usize].out += 1,
            _ => self.must(false, "a result is dropped that is not there"),
        }
        self.w.bodies[idx] = Content::Empty;
    }
}
