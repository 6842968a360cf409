//! `engine/interrupt.rs`, step by step: a raise, and what a wait for a job does in a scope of the interrupt,
//! outside of jobs. There is one interrupt.

use super::{Cpu, Mistake, Op, Pc, Word};

impl Cpu<'_> {
    /// Is it in a scope of the interrupt?
    pub(super) fn in_scope(&self) -> bool {
        matches!(self.op(), Some(Op::WaitInterruptible(_))) && self.see().inside == 0
    }

    /// `listen`: leaves in `ok` whether the interrupt is raised.
    pub(super) fn listen(&mut self, then: Pc) {
        let early = self.mistake(Mistake::LooksAtTheInterruptFirst);
        self.call(if early { Pc::ScopeRaised } else { Pc::ScopeEvents }, then);
    }

    pub fn interrupt_step(&mut self, pc: Pc) {
        match pc {
            Pc::Raise => {
                self.w.raised = true;
                if self.mistake(Mistake::RaiseMakesNoEvent) { self.ret() } else { self.go(Pc::NotifyClosers) }
            }
            Pc::Reset => {
                self.w.raised = false;
                self.ret();
            }
            Pc::ScopeEvents => {
                (self.t().listens, self.t().notified) = (true, false);
                if self.mistake(Mistake::LooksAtTheInterruptFirst) {
                    self.t().ok = false;
                    self.ret();
                } else {
                    self.go(Pc::ScopeRaised);
                }
            }
            Pc::ScopeRaised if self.w.raised || !self.mistake(Mistake::LooksAtTheInterruptFirst) => {
                self.t().ok = self.w.raised;
                self.ret();
            }
            Pc::ScopeRaised => self.go(Pc::ScopeEvents),

            // sleep_on_events
            Pc::ListenBegin => {
                self.w.listeners += 1;
                self.go(Pc::ListenFence);
            }
            Pc::ListenFence => self.go(Pc::ListenWordLook),
            Pc::ListenWordLook => {
                let same = self.w.slots[self.see().want.idx as usize] == self.see().wseen;
                if same || self.mistake(Mistake::ListenerDoesNotLookAgain) {
                    self.call(Pc::Sleep(Word::CloseEvents), Pc::ListenEnd);
                } else {
                    self.go(Pc::ListenEnd);
                }
            }
            Pc::ListenEnd => {
                self.w.listeners -= 1;
                self.go(Pc::WaitSlept);
            }
            _ => unreachable!("{pc:?}"),
        }
    }
}
