//! `engine/wait_graph.rs` and `engine/deadlock.rs`, step by step.

use super::words::{Mark, Status};
use super::{Cpu, Handle, Mistake, Pc, Setup, Which, Word, World};

/// The word of the graph: the address of the first node, as a number, and two bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Graph(pub u16);

const LOCKED: u16 = 1 << 8;
const CONTENDED: u16 = 1 << 9;

/// What a thread waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Awaits {
    #[default]
    End,
    Slot,
    Job(Handle),
}

/// One registration of a thread.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Node {
    /// How many nodes stand before it.
    pub rank: u8,
    pub awaits: Awaits,
    /// The slots of the jobs that the thread is inside of.
    pub frames: u8,
}

/// What a thread that is about to sleep has to expect.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Outlook {
    #[default]
    Hopeful,
    Unsettled,
    Stuck,
}

/// A look at the graph.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Judging {
    /// The marked nodes, by rank.
    marks: u16,
    /// The node, or the slot, that is looked at.
    at: u8,
    workers_stuck: bool,
    /// The marked entry of the free ring, and its value.
    mark: (u8, u16),
    /// The slots of jobs that no worker runs, when the look began.
    driven: u8,
    /// The workers then.
    live: u8,
    slots: Option<Outlook>,
}

impl World {
    pub(super) fn nodes(&self) -> impl Iterator<Item = (usize, Node)> + '_ {
        let of = |(me, t): (usize, &super::Thread)| {
            t.nodes.into_iter().take(t.registered.into()).map(move |node| (me, node))
        };
        self.threads.iter().enumerate().flat_map(of)
    }

    /// The slots of jobs that run on threads that are no workers.
    fn driven(&self) -> u8 {
        let runs = |t: &&super::Thread| !t.worker;
        self.threads.iter().filter(runs).fold(0, |slots, t| slots | t.holds)
    }

    fn node(&self, rank: u8) -> Option<(usize, Node)> {
        self.nodes().find(|(_, node)| node.rank == rank)
    }

    /// Does such a node's thread run the job of this slot?
    fn held_by(&self, slot: u8, such: impl Fn(usize, Node) -> bool) -> bool {
        self.nodes().any(|(me, node)| node.frames & 1 << slot != 0 && such(me, node))
    }

    /// In truth: the threads whose waits nobody else could end, by bits. Nothing that a thread outside of
    /// jobs may do with a handle counts, nor does a close from outside, nor a job that was run from there
    /// since the look began.
    fn stuck(&self, setup: &Setup, driven: u8) -> u8 {
        let asked = setup.has(|op| op.named().is_some() || *op == super::Op::RunOne);
        let holder = |slot: u8| self.threads.iter().position(|t| t.holds & 1 << slot != 0);
        let counts = |me: usize, slot: u8| self.threads[me].worker || driven & 1 << slot != 0;
        let mut stuck = 0u8;
        self.nodes().filter(|(_, node)| node.awaits != Awaits::End).for_each(|(me, _)| stuck |= 1 << me);
        loop {
            let workers =
                (0..self.threads.len()).filter(|me| stuck & 1 << me != 0 && self.threads[*me].worker);
            let workers_stuck = workers.count() >= self.live.into();
            let runs_on = |slot| holder(slot).is_none_or(|me| stuck & 1 << me == 0 && counts(me, slot));
            let ends = |(me, node): (usize, Node)| match node.awaits {
                _ if stuck & 1 << me == 0 => false,
                Awaits::End => false,
                Awaits::Job(job) => {
                    let s = self.slots[job.idx as usize];
                    !s.answers_to(job.generation) && !asked
                        || match s.status() {
                            _ if !s.answers_to(job.generation) => false,
                            Status::Queued => !workers_stuck,
                            Status::Running | Status::Cancelling => runs_on(job.idx),
                            _ => !asked,
                        }
                }
                Awaits::Slot => (0..setup.slots).any(|slot| {
                    let s = self.slots[slot as usize];
                    match s.status() {
                        Status::Running | Status::Cancelling => runs_on(slot),
                        Status::Queued => !workers_stuck,
                        _ if s.tombstone() => !workers_stuck,
                        _ => !(s.untaken() || s.closed() || asked),
                    }
                }),
            };
            let Some((me, _)) = self.nodes().find(|node| ends(*node)) else { return stuck };
            stuck &= !(1 << me);
        }
    }

    /// In truth: may a shutdown inside of a job return though the job of this slot runs? If its thread is
    /// inside a shutdown too, or waits for such a job.
    pub(super) fn outlives_closer(&self, slot: u8) -> bool {
        let mut bound = 0u8;
        self.nodes().filter(|(_, node)| node.awaits == Awaits::End).for_each(|(me, _)| bound |= 1 << me);
        loop {
            let binds = |(me, node): &(usize, Node)| match node.awaits {
                Awaits::Job(job) => {
                    bound & 1 << me == 0
                        && self.slots[job.idx as usize].answers_to(job.generation)
                        && self
                            .threads
                            .iter()
                            .enumerate()
                            .any(|(other, t)| bound & 1 << other != 0 && t.holds & 1 << job.idx != 0)
                }
                _ => false,
            };
            let Some((me, _)) = self.nodes().find(binds) else { break };
            bound |= 1 << me;
        }
        self.threads.iter().enumerate().any(|(me, t)| bound & 1 << me != 0 && t.holds & 1 << slot != 0)
    }
}

impl Cpu<'_> {
    /// The jobs that this thread is inside of, by their slots.
    pub(super) fn frames(&self) -> u8 {
        let t = self.see();
        t.outer[..t.inside as usize].iter().fold(0, |frames, outer| frames | 1 << outer.idx)
    }

    fn insert(&mut self, awaits: Awaits) {
        let frames = self.frames();
        for t in &mut self.w.threads {
            t.nodes[..t.registered as usize].iter_mut().for_each(|node| node.rank += 1);
        }
        let t = self.t();
        t.nodes[t.registered as usize] = Node { rank: 0, awaits, frames };
        t.registered += 1;
    }

    /// Takes this thread's last registration back.
    fn remove(&mut self) {
        let t = self.t();
        t.registered -= 1;
        let gone = std::mem::take(&mut t.nodes[t.registered as usize]).rank;
        for t in &mut self.w.threads {
            let behind = t.nodes[..t.registered as usize].iter_mut().filter(|node| node.rank > gone);
            behind.for_each(|node| node.rank -= 1);
        }
    }

    /// What stands for the address of the first node: it lies on its thread's stack, as deep as its call is.
    fn first(&self) -> u16 {
        self.w.node(0).map_or(0, |(me, node)| {
            let kind = match node.awaits {
                Awaits::End => 0,
                Awaits::Slot => 1,
                Awaits::Job(_) => 2,
            };
            1 + me as u16 + 6 * (kind + 3 * node.frames.count_ones() as u16)
        })
    }

    fn lock_by(&mut self, now: Graph) {
        self.t().word = now.0;
        if now.0 & LOCKED == 0 {
            self.go(Pc::GraphLock);
        } else if now.0 & CONTENDED == 0 {
            self.go(Pc::GraphContend);
        } else {
            self.call(Pc::Sleep(Word::Graph), Pc::GraphLook);
        }
    }

    pub fn graph_step(&mut self, pc: Pc) {
        match pc {
            Pc::GraphLook => self.lock_by(self.w.graph),
            Pc::GraphLock if self.w.graph.0 == self.see().word => {
                self.w.graph.0 |= LOCKED;
                self.t().word = 0;
                self.ret();
            }
            Pc::GraphContend if self.w.graph.0 == self.see().word => {
                self.w.graph.0 |= CONTENDED;
                self.t().word = self.w.graph.0;
                self.call(Pc::Sleep(Word::Graph), Pc::GraphLook);
            }
            Pc::GraphLock | Pc::GraphContend => self.lock_by(self.w.graph),
            Pc::GraphUnlock => {
                let old = self.w.graph.0;
                self.must(old & LOCKED != 0, "a lock is given back that nobody holds");
                self.w.graph.0 = self.first();
                let wakes = old & CONTENDED != 0 && !self.mistake(Mistake::UnlockWakesNobody);
                if wakes { self.go(Pc::WakeAll(Word::Graph)) } else { self.ret() }
            }

            // sleep_registered, up to the sleep: leaves `outlook`.
            Pc::RegisterSlot => self.call(Pc::GraphLook, Pc::RegisteredSlot),
            Pc::RegisterJob => self.call(Pc::GraphLook, Pc::RegisteredJob),
            Pc::RegisteredSlot => {
                self.insert(Awaits::Slot);
                self.go(Pc::JudgeClosed);
            }
            Pc::RegisteredJob => {
                let want = self.see().want;
                self.insert(Awaits::Job(want));
                self.go(Pc::JudgeClosed);
            }
            Pc::Judged => {
                if self.see().outlook == Outlook::Stuck {
                    let Judging { driven, live, .. } = self.see().judging;
                    // A worker that entered since the look began came too late for it.
                    let stuck = self.w.live > live || self.w.stuck(self.setup, driven) & 1 << self.me != 0;
                    self.must(stuck, "a wait is refused as a deadlock, and others could have ended it");
                    self.end_look();
                    self.remove();
                    self.go(Pc::GraphUnlock);
                } else {
                    self.end_look();
                    self.call(Pc::GraphUnlock, Pc::Registered);
                }
            }
            Pc::Registered => {
                let t = self.see();
                let slot = t.nodes[t.registered as usize - 1].awaits == Awaits::Slot;
                if slot || self.mistake(Mistake::RegisteringDoesNotNotifyClosers) {
                    self.ret();
                } else {
                    self.go(Pc::RegisteredClosed);
                }
            }
            Pc::RegisteredClosed => {
                if self.w.idle.closed {
                    self.go(Pc::NotifyClosers)
                } else {
                    self.ret()
                }
            }
            // and after it.
            Pc::Unregister => self.call(Pc::GraphLook, Pc::Unregistered),
            Pc::RegisterEnd => self.call(Pc::GraphLook, Pc::RegisteredEnd),
            // notify_blocked
            Pc::NotifyBlocked => {
                let silent = self.w.graph.0 == 0
                    || self.setup.clock
                    || self.mistake(Mistake::BlockedSubmittersAreNotWoken);
                if silent {
                    self.ret();
                } else {
                    self.on_ring(Which::Free, Pc::UnmarkHead, Pc::NotifyUnmarked);
                }
            }
            Pc::NotifyUnmarked if self.t().ok => {
                let at = self.w.free.at(self.see().pos) as u8;
                self.t().pos = 0;
                self.wake_waiters(Word::Entry(at));
            }
            Pc::NotifyUnmarked => self.ret(),
            Pc::RegisteredEnd => {
                self.insert(Awaits::End);
                self.go(Pc::GraphUnlock);
            }
            Pc::Unregistered => {
                self.remove();
                self.t().outlook = Outlook::default();
                self.go(Pc::GraphUnlock);
            }
            _ => self.judge_step(pc),
        }
    }

    /// `judge`
    fn judge_step(&mut self, pc: Pc) {
        let Judging { at, workers_stuck, .. } = self.see().judging;
        match pc {
            Pc::JudgeClosed => {
                let closed = self.w.idle.closed;
                self.t().judging.driven = self.w.driven();
                self.t().judging.live = self.w.live;
                self.mark(|awaits| match awaits {
                    Awaits::Slot => !closed,
                    Awaits::Job(_) => true,
                    Awaits::End => false,
                });
                if self.mistake(Mistake::NoDeadlockDetection) {
                    return self.outlook(Outlook::Hopeful);
                }
                if self.mistake(Mistake::EverySleepIsADeadlock) {
                    return self.outlook(Outlook::Stuck);
                }
                self.judge_from(0);
            }
            Pc::JudgeLook => {
                let Some((_, Node { awaits: Awaits::Job(job), .. })) = self.w.node(at) else { return };
                let s = self.w.slots[job.idx as usize];
                let over = s.over() && self.mistake(Mistake::CountsTheWokenAsBlocked);
                match s.status() {
                    _ if over => self.judged(true),
                    _ if !s.answers_to(job.generation) => self.judged(false),
                    Status::Queued => self.go(Pc::JudgeLive),
                    Status::Running | Status::Cancelling => {
                        let held = self.is_held(job.idx);
                        self.judged(held);
                    }
                    _ => self.judged(false),
                }
            }
            Pc::JudgeLive => {
                let stuck = self.marked_workers() >= self.w.live;
                self.judged(stuck);
            }
            Pc::JudgeMarked if self.t().ok => {
                let at = self.w.free.at(self.see().pos) as u8;
                self.t().judging.mark = (at, std::mem::take(&mut self.t().word));
                self.go(Pc::JudgeFence);
            }
            Pc::JudgeMarked => self.slots_are(Outlook::Hopeful),
            Pc::JudgeFence => self.go(Pc::JudgeWorkers),
            Pc::JudgeRemarked => {
                let at = self.w.free.at(self.see().pos) as u8;
                let now = (at, std::mem::take(&mut self.t().word));
                let same = self.see().ok && now == self.see().judging.mark
                    || self.mistake(Mistake::ReadsEachSlotOnce);
                self.slots_are(if same { Outlook::Stuck } else { Outlook::Hopeful });
            }
            Pc::JudgeWorkers => {
                self.t().judging.workers_stuck = self.marked_workers() >= self.w.live;
                self.t().judging.at = 0;
                self.go(Pc::JudgeSlot);
            }
            Pc::JudgeSlot => {
                let s = self.w.slots[at as usize];
                let stuck = match s.status() {
                    Status::Running | Status::Cancelling | Status::Taking => self.is_held(at),
                    Status::Queued => workers_stuck,
                    _ if s.tombstone() => workers_stuck,
                    _ if s.untaken() || s.closed() => true,
                    _ => return self.slots_are(Outlook::Unsettled),
                };
                if !stuck {
                    self.slots_are(Outlook::Hopeful);
                } else if at + 1 == self.setup.slots {
                    self.on_ring(Which::Free, Pc::MarkHead(Mark::Waiter), Pc::JudgeRemarked);
                } else {
                    self.t().judging.at += 1;
                }
            }
            _ => unreachable!("{pc:?}"),
        }
    }

    pub(super) fn mark(&mut self, which: impl Fn(Awaits) -> bool) {
        let chosen = self.w.nodes().filter(|(_, node)| which(node.awaits));
        self.t().judging.marks = chosen.fold(0, |marks, (_, node)| marks | 1 << node.rank);
    }

    /// Marks the waits for jobs that marked threads are inside of.
    pub(super) fn spread_from(&mut self, from: u8) {
        let binds = |(_, node): &(usize, Node)| match node.awaits {
            Awaits::Job(job) => {
                node.rank >= from
                    && !self.is_marked(*node)
                    && job.generation == self.w.slots[job.idx as usize].generation()
                    && self.is_held(job.idx)
            }
            _ => false,
        };
        let next = self.w.nodes().filter(binds).map(|(_, node)| node.rank).min();
        match next.filter(|_| !self.mistake(Mistake::ShutdownWaitsForItsWaiters)) {
            Some(rank) => {
                self.t().judging.at = rank;
                self.go(Pc::LookAwaited);
            }
            None => self.go(Pc::QuiescentLook),
        }
    }

    pub(super) fn spread_if_awaited(&mut self) {
        let at = self.see().judging.at;
        let Some((_, Node { awaits: Awaits::Job(job), .. })) = self.w.node(at) else { return };
        let awaited = self.w.slots[job.idx as usize].answers_to(job.generation);
        if awaited {
            self.t().judging.marks |= 1 << at;
        }
        self.spread_from(if awaited { 0 } else { at + 1 });
    }

    pub(super) fn outlive(&mut self) {
        for (me, node) in self.w.nodes().filter(|(_, node)| self.is_marked(*node)).collect::<Vec<_>>() {
            self.w.threads[me].outlives |= node.frames;
        }
    }

    pub(super) fn end_look(&mut self) {
        self.t().judging = Judging::default();
    }

    fn is_marked(&self, node: Node) -> bool {
        self.see().judging.marks & 1 << node.rank != 0
    }

    pub(super) fn is_held(&self, slot: u8) -> bool {
        self.w.held_by(slot, |_, node| self.is_marked(node))
    }

    pub(super) fn marked_workers(&self) -> u8 {
        let works = |(me, node): &(usize, Node)| self.w.threads[*me].worker && self.is_marked(*node);
        self.w.nodes().filter(works).count() as u8
    }

    /// The next marked wait for a job.
    fn judge_from(&mut self, from: u8) {
        let marked = self.w.nodes().filter(|(_, node)| self.is_marked(*node));
        let next = marked.filter(|(_, node)| node.rank >= from && matches!(node.awaits, Awaits::Job(_)));
        if let Some(rank) = next.map(|(_, node)| node.rank).min() {
            self.t().judging.at = rank;
            return self.go(Pc::JudgeLook);
        }
        let awaits_slot = self.w.nodes().any(|(_, node)| node.awaits == Awaits::Slot && self.is_marked(node));
        if self.see().judging.slots.is_none() && awaits_slot {
            self.on_ring(Which::Free, Pc::MarkHead(Mark::Waiter), Pc::JudgeMarked);
        } else {
            self.verdict();
        }
    }

    /// Is the wait that was looked at stuck?
    fn judged(&mut self, stuck: bool) {
        let at = self.see().judging.at;
        if !stuck {
            self.t().judging.marks &= !(1 << at);
        }
        self.judge_from(if stuck { at + 1 } else { 0 });
    }

    fn slots_are(&mut self, outlook: Outlook) {
        self.t().judging.slots = Some(outlook);
        if outlook == Outlook::Stuck {
            return self.verdict();
        }
        let slots = self.w.nodes().filter(|(_, node)| node.awaits == Awaits::Slot);
        let gone = slots.fold(0, |marks, (_, node)| marks | 1 << node.rank);
        self.t().judging.marks &= !gone;
        self.judge_from(0);
    }

    fn verdict(&mut self) {
        let t = self.see();
        let stuck = self.is_marked(t.nodes[t.registered as usize - 1]);
        let unsettled = t.judging.slots == Some(Outlook::Unsettled);
        self.outlook(match (stuck, unsettled) {
            (true, _) => Outlook::Stuck,
            (false, true) => Outlook::Unsettled,
            (false, false) => Outlook::Hopeful,
        });
    }

    fn outlook(&mut self, outlook: Outlook) {
        let Judging { driven, live, .. } = self.see().judging;
        self.end_look();
        self.t().judging = Judging { driven, live, ..Judging::default() };
        self.t().outlook = outlook;
        self.go(Pc::Judged);
    }

    /// Was this thread's wait refused, because no thread could end it? True only once.
    pub(super) fn is_refused(&mut self) -> bool {
        let is_stuck = self.see().outlook == Outlook::Stuck;
        if is_stuck {
            self.t().outlook = Outlook::default();
        }
        is_stuck
    }

    pub(super) fn runs_jobs(&self) -> bool {
        self.see().inside > 0 || self.see().worker
    }
}
