//! A thread's registers.

use super::graph::{Judging, Node, Outlook};
use super::idle_wait::IdleWait;
use super::queue::{Count, Took};
use super::words::{Counts, State, Status};
use super::{NESTED, NOTHING, Pc, SubmitResult, Which};

const DEPTH: usize = 24;
/// Registrations of one thread: it is inside a shutdown that runs a job which waits.
const NODES: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Handle {
    pub idx: u8,
    pub generation: u8,
}

/// What a thread was about when it came to run a job that itself calls the pool.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Outer {
    pub idx: u8,
    pub seen: State,
    pub wseen: State,
    pub want: Handle,
    pub waits: bool,
    pub visits: bool,
    pub sees: Option<bool>,
    pub progress: bool,
    pub listens: bool,
    pub notified: bool,
    pub drains: bool,
    pub counted: bool,
}

/// Where a thread goes on after the calls that it is in.
#[derive(Clone, Copy)]
pub struct Stack {
    pub pcs: [Pc; DEPTH],
    pub depth: u8,
}

impl Stack {
    pub fn calls(&self) -> &[Pc] {
        &self.pcs[..self.depth as usize]
    }
}

impl PartialEq for Stack {
    fn eq(&self, other: &Self) -> bool {
        self.calls() == other.calls()
    }
}

impl Eq for Stack {}

impl std::hash::Hash for Stack {
    fn hash<H: std::hash::Hasher>(&self, to: &mut H) {
        self.depth.hash(to);
        self.calls().iter().for_each(|pc| pc.hash(to));
    }
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.calls().fmt(f)
    }
}

/// A thread: where it is, what it remembers. A register that is not needed any more is put back to its
/// default, so that states that differ in nothing are one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Thread {
    pub role: u8,
    pub op: u8,
    pub pc: Pc,
    pub stack: Stack,
    pub asleep: bool,
    pub frozen: bool,
    /// Does its sleep end by itself?
    pub timed: bool,
    /// The slots whose bodies are this thread's, in truth.
    pub holds: u8,
    pub idx: u8,
    pub seen: State,
    pub wseen: State,
    pub back: State,
    pub to: Status,
    pub want: Handle,
    pub mine: u8,
    pub submitted: SubmitResult,
    pub ring: Which,
    pub pos: u8,
    /// The tail as it saw it.
    pub tail: u8,
    pub ent: u16,
    pub marked: u8,
    pub word: u16,
    pub slept: (u8, u16),
    pub woken: u8,
    /// What an operation on the bare ring said: an index, or NOTHING.
    pub answer: u8,
    pub counts: Counts,
    pub epoch: u8,
    /// What a worker that enters saw of those inside.
    pub entered: u8,
    pub at: u8,
    pub inside: u8,
    pub outer: [Outer; NESTED],
    pub after_vacate: Pc,
    pub ok: bool,
    pub vacant: bool,
    pub reaped: bool,
    pub closed: bool,
    pub retire: bool,
    pub progress: bool,
    /// As a sleeping worker: is it the sentry, has it slept in vain, has it just slept; how many entries it
    /// saw taken out.
    pub sentry: bool,
    pub overdue: bool,
    pub slept_timed: bool,
    pub popped: u8,
    /// Is one more sleeper to be woken?
    pub again: bool,
    /// Has this worker ended no job since it went to sleep in an open pool?
    pub known: bool,
    /// Is this worker to notify a thread in wait_idle before it sleeps?
    pub notifies: bool,
    pub idle_wait: IdleWait,
    /// How often it has looked again at once, because a slot was in a thread's hands.
    pub asides: u8,
    pub listens: bool,
    pub notified: bool,
    pub blocks: bool,
    pub detached: bool,
    pub polls: bool,
    /// Does its wait look first, and leave the result then?
    pub sees: Option<bool>,
    pub discards: bool,
    pub visits: bool,
    /// Inside a call of the C API, which is a visit.
    pub called: bool,
    pub waits: bool,
    pub worker: bool,
    /// What it is registered for in the wait-for graph, and the look that it takes at it.
    pub nodes: [Node; NODES],
    pub registered: u8,
    pub judging: Judging,
    pub outlook: Outlook,
    /// The slots of the jobs that it is inside of and a shutdown did not wait for.
    pub outlives: u8,
    /// Inside a shutdown: does it run what is queued?
    pub drains: bool,
    /// Has this shutdown counted its worker in?
    pub counted: bool,
    /// Does nobody else run jobs, as it found?
    pub alone: bool,
    /// Is it a worker that is counted as inside a shutdown?
    pub closing: bool,
    /// Does its submit go into the completion queue?
    pub owned: bool,
    /// The queue's count and the number of its arm, as it saw them; what its take gave.
    pub counted_jobs: Count,
    pub armed: u8,
    pub took: Took,
}

impl Thread {
    /// Does it sleep for a while only, registered, and looks again then?
    pub fn looks_again(&self) -> bool {
        self.asleep && self.timed && (self.registered > 0 || self.idle_wait != IdleWait::No)
    }

    /// Is it in a submit whose job is in the ring by now?
    pub fn has_pushed(&self) -> bool {
        self.stack.calls().iter().any(|pc| matches!(pc, Pc::Announced | Pc::Published))
    }

    pub fn new(role: u8) -> Self {
        Self {
            role,
            op: 0,
            pc: Pc::Done,
            stack: Stack { pcs: [Pc::Done; DEPTH], depth: 0 },
            asleep: false,
            frozen: false,
            timed: false,
            holds: 0,
            idx: 0,
            seen: State(0),
            wseen: State(0),
            back: State(0),
            to: Status::Free,
            want: Handle::default(),
            mine: 0,
            submitted: SubmitResult::Nothing,
            ring: Which::Ready,
            pos: 0,
            tail: 0,
            ent: 0,
            marked: 0,
            word: 0,
            slept: (0, 0),
            woken: 0,
            answer: NOTHING,
            counts: Counts::default(),
            epoch: 0,
            entered: 0,
            at: 0,
            inside: 0,
            outer: [Outer::default(); NESTED],
            after_vacate: Pc::Done,
            ok: false,
            vacant: false,
            reaped: false,
            closed: false,
            retire: false,
            progress: false,
            sentry: false,
            overdue: false,
            slept_timed: false,
            popped: 0,
            again: false,
            known: false,
            notifies: false,
            idle_wait: IdleWait::No,
            asides: 0,
            listens: false,
            notified: false,
            blocks: false,
            detached: false,
            polls: false,
            sees: None,
            discards: false,
            visits: false,
            called: false,
            waits: false,
            worker: false,
            nodes: [Node::default(); NODES],
            registered: 0,
            judging: Judging::default(),
            outlook: Outlook::default(),
            outlives: 0,
            drains: false,
            counted: false,
            alone: false,
            closing: false,
            owned: false,
            counted_jobs: Count::default(),
            armed: 0,
            took: Took::Nothing,
        }
    }
}
