//! The protocol as a transition system under sequential consistency. Each step is one atomic operation of the
//! library and has its site's name. Between two steps a thread does only what no other thread can see.
//!
//! `ring`, `idle`, `submit`, `run`, `result` and `close` follow the library's files of the same names,
//! `graph` follows `engine/wait_graph.rs` and `engine/deadlock.rs`, `idle_wait` the engine's file of that name, `interrupt` too, `many` its `wait_many.rs`, `queue` the engine's `completions.rs`,
//! `completion_queue.rs` and `completion_event.rs`. README.md says what is left out.

mod alone;
mod close;
mod events;
mod graph;
mod handle;
mod idle;
mod idle_wait;
mod interrupt;
mod many;
mod pc;
mod queue;
mod result;
mod ring;
mod run;
mod setup;
mod step;
mod submit;
mod thread;
pub mod words;

pub use alone::Facts;
pub use events::Event;
pub use graph::Graph;
pub use idle::Change;
pub use idle_wait::IdleWait;
pub use pc::Pc;
pub use queue::Queue;
pub use ring::How;
pub use setup::{Body, Mistake, Op, Setup};
pub use submit::SubmitResult;
use thread::Outer;
pub use thread::{Handle, Thread};

use words::{Counts, Ring, SLOTS, State, Status};

pub const THREADS: usize = 6;
pub const JOBS: usize = 4;
/// The answer of an operation on an empty ring.
pub const NOTHING: u8 = 255;
/// Jobs within jobs on one stack.
const NESTED: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Which {
    Ready,
    Free,
    /// That of the completion queue.
    Done,
}

/// A word that threads sleep on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Word {
    Idle,
    Slot(u8),
    /// An entry of the free ring.
    Entry(u8),
    /// An entry of the completion queue.
    QueueEntry(u8),
    /// The completion queue's descriptor, which an event loop polls.
    Descriptor,
    CloseEvents,
    Visitors,
    Graph,
    /// None: the thread only lets others go first.
    Aside,
}

/// What lies in a slot, in truth.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Content {
    Empty,
    Input(u8),
    Result(u8),
    Failure(u8),
}

/// What became of a job, in truth.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Job {
    /// What its last submit returned, and how many were accepted and refused: detached jobs may share a
    /// number.
    pub submitted: SubmitResult,
    pub accepted: u8,
    pub refused: u8,
    pub handle: (u8, u8),
    pub ran: u8,
    pub dropped: u8,
    /// Its result was taken, or dropped.
    pub out: u8,
    /// How often its handle was given up: to take the result, or to detach.
    pub given: u8,
}

/// One state of everything.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct World {
    pub ready: Ring,
    pub free: Ring,
    pub slots: [State; SLOTS],
    pub idle: Counts,
    pub discard: bool,
    pub visitors: u8,
    /// Threads that sleep, or are about to, for one of several jobs or in a scope of the interrupt.
    pub listeners: u8,
    /// Is the interrupt raised?
    pub raised: bool,
    pub leaving: bool,
    pub live: u8,
    /// Workers inside a shutdown, and jobs on other threads that are.
    pub closing: u8,
    pub guests: u8,
    pub graph: Graph,
    pub queue: Queue,
    pub bodies: [Content; SLOTS],
    pub jobs: [Job; JOBS],
    pub threads: [Thread; THREADS],
    pub frozen: bool,
    pub spurious: u8,
    pub destroyed: bool,
    /// A promise that was broken by the last step.
    pub broken: Option<&'static str>,
}

impl World {
    pub fn new(setup: &Setup) -> Self {
        let job = Job {
            submitted: SubmitResult::Nothing,
            accepted: 0,
            refused: 0,
            handle: (0, 0),
            ran: 0,
            dropped: 0,
            out: 0,
            given: 0,
        };
        let rounded = setup.slots.next_power_of_two();
        let mut world = Self {
            ready: Ring::new(rounded, 0),
            free: Ring::new(rounded, setup.slots),
            slots: [State(0); SLOTS],
            idle: Counts::default(),
            discard: false,
            visitors: 0,
            listeners: 0,
            raised: false,
            leaving: false,
            live: setup.live,
            closing: 0,
            guests: 0,
            graph: Graph::default(),
            queue: Queue::new(rounded),
            bodies: [Content::Empty; SLOTS],
            jobs: [job; JOBS],
            threads: std::array::from_fn(|i| Thread::new(setup.role(i))),
            frozen: false,
            spurious: setup.spurious,
            destroyed: false,
            broken: None,
        };
        for me in 0..setup.scripts.len() {
            let mut cpu = Cpu { w: &mut world, setup, me, pick: 0 };
            cpu.t().pc = if cpu.op().is_some() { Pc::Begin } else { Pc::Done };
            // For so long that there is no sentry any more.
            while setup.rested && cpu.op() == Some(Op::Work) && (cpu.w.can_step(setup, me) || cpu.see().timed)
            {
                if cpu.see().timed {
                    cpu.w.end_sleep(me);
                }
                cpu.w.stride(setup, me, 0);
                cpu = Cpu { w: &mut world, setup, me, pick: 0 };
            }
        }
        world
    }
}

/// One thread about to take a step.
pub struct Cpu<'a> {
    pub w: &'a mut World,
    pub setup: &'a Setup,
    pub me: usize,
    /// Which of several sleepers a wake picks.
    pub pick: usize,
}

impl Cpu<'_> {
    fn t(&mut self) -> &mut Thread {
        &mut self.w.threads[self.me]
    }

    fn see(&self) -> &Thread {
        &self.w.threads[self.me]
    }

    fn op(&self) -> Option<Op> {
        let t = &self.w.threads[self.me];
        self.setup.scripts[t.role as usize].1.get(t.op as usize).copied()
    }

    fn mistake(&self, mistake: Mistake) -> bool {
        self.setup.mistake == Some(mistake)
    }

    fn must(&mut self, held: bool, promise: &'static str) {
        if !held && self.w.broken.is_none() {
            self.w.broken = Some(promise);
        }
    }

    fn go(&mut self, pc: Pc) {
        self.t().pc = pc;
    }

    fn call(&mut self, pc: Pc, then: Pc) {
        let t = self.t();
        t.stack.pcs[t.stack.depth as usize] = then;
        t.stack.depth += 1;
        t.pc = pc;
    }

    /// `wake_waiters`, and back to the caller.
    fn wake_waiters(&mut self, word: Word) {
        self.call(Pc::WakeAll(word), Pc::AnswerFence);
    }

    fn wake_waiters_then(&mut self, word: Word, then: Pc) {
        self.call(Pc::AnswerFence, then);
        self.wake_waiters(word);
    }

    fn ret(&mut self) {
        let t = self.t();
        if t.stack.depth == 0 {
            t.pc = Pc::OpEnd;
        } else {
            t.stack.depth -= 1;
            t.pc = t.stack.pcs[t.stack.depth as usize];
        }
    }

    /// A job begins to call the pool from inside.
    fn go_inside(&mut self) {
        let t = self.t();
        let (idx, seen, wseen, want) =
            (std::mem::take(&mut t.idx), std::mem::take(&mut t.seen), std::mem::take(&mut t.wseen), t.want);
        let outer = Outer {
            idx,
            seen,
            wseen,
            want,
            waits: t.waits,
            visits: t.visits,
            sees: t.sees.take(),
            progress: t.progress,
            listens: t.listens,
            notified: t.notified,
            drains: t.drains,
            counted: t.counted,
        };
        t.outer[t.inside as usize] = outer;
        t.inside += 1;
        (t.want, t.waits, t.visits) = (Handle::default(), false, false);
        (t.progress, t.listens, t.notified, t.drains, t.counted) = (false, false, false, false, false);
    }

    /// And is done with that.
    fn come_out(&mut self) {
        let t = self.t();
        t.inside -= 1;
        let outer = std::mem::take(&mut t.outer[t.inside as usize]);
        (t.idx, t.seen, t.wseen, t.want, t.sees) =
            (outer.idx, outer.seen, outer.wseen, outer.want, outer.sees);
        (t.waits, t.visits) = (outer.waits, outer.visits);
        (t.progress, t.listens, t.notified) = (outer.progress, outer.listens, outer.notified);
        (t.drains, t.counted) = (outer.drains, outer.counted);
        // A shutdown did not wait for this job: its slot is taken out of use.
        t.retire = t.outlives & 1 << t.idx != 0;
        t.outlives &= !(1 << t.idx);
    }

    /// A submit has returned.
    fn submit_returned(&mut self, job: u8, result: SubmitResult) {
        let job = &mut self.w.jobs[job as usize];
        job.submitted = result;
        match result {
            SubmitResult::Accepted => job.accepted += 1,
            _ => job.refused += 1,
        }
    }

    /// The body of the slot in `idx` becomes this thread's.
    fn hold(&mut self) {
        let bit = 1 << self.t().idx;
        let held = self.w.threads.iter().any(|t| t.holds & bit != 0);
        self.must(!held, "a slot belongs to two threads");
        self.t().holds |= bit;
    }

    fn unhold(&mut self) {
        let bit = 1 << self.t().idx;
        let mine = self.t().holds & bit != 0;
        self.must(mine, "a thread gives away a slot that is not its own");
        self.t().holds &= !bit;
    }

    fn body_is(&mut self, content: Content, promise: &'static str) {
        let idx = self.t().idx;
        let right = self.w.bodies[idx as usize] == content && self.t().holds & 1 << idx != 0;
        self.must(right, promise);
    }

    /// Compare-and-swap of the state of the slot in `idx`, from `seen`.
    fn cas_slot(&mut self, new: State) -> Result<State, State> {
        let (idx, seen) = (self.t().idx as usize, self.t().seen);
        let blind = self.mistake(Mistake::ClaimWithoutCas) && new.status() == Status::Running;
        if self.w.slots[idx] == seen || blind {
            self.w.slots[idx] = new;
            Ok(new)
        } else {
            Err(self.w.slots[idx])
        }
    }
}
