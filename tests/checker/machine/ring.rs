//! `ring/ncq.rs` and `ring/waiters.rs`, step by step.

use super::words::{Mark, Ring};
use super::{Cpu, Mistake, Pc, Which};

/// Why a thread looks at the head.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum How {
    Pop,
    Peek,
    Look,
}

impl Cpu<'_> {
    fn ring(&mut self) -> &mut Ring {
        match self.t().ring {
            Which::Ready => &mut self.w.ready,
            Which::Free => &mut self.w.free,
            Which::Done => &mut self.w.queue.ring,
        }
    }

    fn entry_now(&mut self, p: u8) -> u16 {
        let ring = self.ring();
        ring.entries[ring.at(p)]
    }

    fn swap_entry(&mut self, p: u8, old: u16, new: u16) -> bool {
        let ring = self.ring();
        let at = ring.at(p);
        let same = ring.entries[at] == old;
        if same {
            ring.entries[at] = new;
        }
        same
    }

    /// Moves the tail from where the thread saw it to `to`, unless someone has moved it. The tail now.
    fn advance_tail(&mut self, to: u8) -> u8 {
        let seen = self.t().tail;
        let ring = self.ring();
        if ring.tail == seen {
            ring.tail = to;
        }
        ring.tail
    }

    /// Calls an operation on a ring; what it finds is in `ok`, `idx`, `pos`.
    pub fn on_ring(&mut self, ring: Which, first: Pc, then: Pc) {
        self.t().ring = ring;
        self.call(first, then);
    }

    fn end_ring(&mut self, ok: bool) {
        let t = self.t();
        (t.ok, t.ent, t.tail) = (ok, 0, 0);
        self.ret();
    }

    pub fn ring_step(&mut self, pc: Pc) {
        let (p, e) = (self.t().pos, self.t().ent);
        match pc {
            Pc::PushTail | Pc::PushTailAgain => {
                if pc == Pc::PushTail {
                    let idx = self.t().idx;
                    let twice = self.ring().contents().any(|i| i == idx);
                    self.must(!twice, "an index is in a ring twice");
                }
                let tail = self.ring().tail;
                (self.t().pos, self.t().tail) = (tail, tail);
                self.go(Pc::PushEntry);
            }
            Pc::PushEntry => {
                let e = self.entry_now(p);
                let ring = *self.ring();
                let t = self.t();
                t.ent = e;
                if ring.published(e, p) {
                    (t.pos, t.ent) = (p + 1, 0);
                }
                let helps = t.pos.is_multiple_of(ring.stride());
                self.go(if ring.published(e, p) {
                    if helps { Pc::PushHelp } else { Pc::PushEntry }
                } else if ring.behind(e, p) {
                    Pc::PushPublish
                } else {
                    Pc::PushTailAgain
                });
            }
            Pc::PushHelp => {
                let now = self.advance_tail(p);
                (self.t().tail, self.t().pos) = (now, now);
                self.go(Pc::PushEntry);
            }
            Pc::PushPublish => {
                let (idx, blind) = (self.t().idx, self.mistake(Mistake::PushOverwritesTheEntry));
                let new = self.ring().entry(p, idx);
                let e = if blind { self.entry_now(p) } else { e };
                if self.swap_entry(p, e, new) {
                    self.t().marked = if Ring::marked(e) { self.ring().at(p) as u8 + 1 } else { 0 };
                    let ends = (p + 1).is_multiple_of(self.ring().stride());
                    if ends { self.go(Pc::PushOwnTail) } else { self.end_ring(true) }
                } else {
                    self.go(Pc::PushEntry);
                }
            }
            Pc::PushOwnTail => {
                self.advance_tail(p + 1);
                self.end_ring(true);
            }
            Pc::FrontHead(how) => {
                self.t().pos = self.ring().head;
                self.go(Pc::FrontEntry(how));
            }
            Pc::FrontEntry(how) => {
                let e = self.entry_now(p);
                let ring = *self.ring();
                if ring.published(e, p) {
                    match how {
                        How::Look => self.end_ring(true),
                        How::Peek => {
                            self.t().idx = Ring::index(e);
                            self.end_ring(true);
                        }
                        How::Pop => {
                            self.t().ent = e;
                            self.go(Pc::PopAdvance);
                        }
                    }
                } else if ring.behind(e, p) || self.mistake(Mistake::TakesAnyLapForEmpty) {
                    self.end_ring(false);
                } else {
                    self.go(Pc::FrontHead(how));
                }
            }
            Pc::PopAdvance | Pc::PopIfAt => {
                let blind = self.mistake(Mistake::PopIgnoresLostRace);
                let ring = self.ring();
                let mine = ring.head == p || blind;
                if mine {
                    ring.head = ring.head.max(p + 1);
                }
                if pc == Pc::PopIfAt {
                    self.end_ring(mine);
                } else if mine {
                    self.t().idx = Ring::index(e);
                    self.end_ring(true);
                } else {
                    self.go(Pc::FrontHead(How::Pop));
                }
            }
            Pc::MarkHead(by) => {
                self.t().pos = self.ring().head;
                self.go(Pc::MarkEntry(by));
            }
            Pc::MarkEntry(by) => {
                let e = self.entry_now(p);
                let ring = *self.ring();
                if ring.published(e, p) {
                    self.end_ring(false);
                } else if !ring.behind(e, p) {
                    self.go(Pc::MarkHead(by));
                } else if e & by as u16 != 0 {
                    self.t().word = e;
                    self.end_ring(true);
                } else {
                    self.t().ent = e;
                    self.go(Pc::MarkSet(by));
                }
            }
            Pc::MarkSet(by) => {
                let new = e | by as u16;
                if self.swap_entry(p, e, new) {
                    self.t().word = new;
                    self.end_ring(true);
                } else {
                    self.go(Pc::MarkHead(by));
                }
            }
            Pc::UnmarkHead => {
                self.t().pos = self.ring().head;
                self.go(Pc::UnmarkEntry);
            }
            Pc::UnmarkEntry => {
                let e = self.entry_now(p);
                let ring = *self.ring();
                if ring.published(e, p) || ring.behind(e, p) && e & Mark::Waiter as u16 == 0 {
                    self.end_ring(false);
                } else if ring.behind(e, p) {
                    self.t().ent = e;
                    self.go(Pc::UnmarkSet);
                } else {
                    self.go(Pc::UnmarkHead);
                }
            }
            Pc::UnmarkSet => {
                let mark =
                    if self.mistake(Mistake::UnmarkDropsTheCloserMark) { 0 } else { Mark::Closer as u16 };
                if self.swap_entry(p, e, e & !(Mark::Waiter as u16) | mark) {
                    self.end_ring(true);
                } else {
                    self.go(Pc::UnmarkHead);
                }
            }
            _ => unreachable!(),
        }
    }
}
