//! The protocol as a transition system under sequential consistency. Each step is one atomic operation of the library
//! and bears its site's name; between two steps a thread does only what nobody else can see.
//!
//! `ring`, `idle`, `submit`, `run`, `result` and `close` follow the library's files of the same names. README.md says
//! what is left out.

mod close;
mod events;
mod idle;
mod pc;
mod result;
mod ring;
mod run;
mod submit;
pub mod words;

pub use events::Event;
pub use idle::Change;
pub use pc::Pc;
pub use ring::How;
pub use submit::Told;

use words::{Counts, Ring, SLOTS, State, Status};

pub const THREADS: usize = 6;
pub const JOBS: usize = 4;
/// The answer of an operation on an empty ring.
pub const NOTHING: u8 = 255;
const DEPTH: usize = 16;
/// Jobs within jobs on one stack.
const NESTED: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Which {
    Ready,
    Free,
}

/// A word that threads sleep on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Word {
    Idle,
    Slot(u8),
    /// An entry of the free ring.
    Entry(u8),
    Kicks,
    Visitors,
}

/// What a job does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    Plain,
    Fails,
    /// Waits for ever for another job.
    Waits(u8),
    /// Does not end before another has run, which it can know without the pool.
    Until(u8),
    /// Submits another, detached, and blocks for it.
    Submits(u8),
}

/// What a thread does next. Operations on a job's handle wait until its submit has returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    Submit {
        job: u8,
        blocks: bool,
        detached: bool,
    },
    Wait(u8),
    Poll(u8),
    Cancel(u8),
    Detach(u8),
    Read(u8),
    /// The loop of a worker that was counted in before its thread began.
    Work,
    /// The same, of a thread that enters by itself.
    Enter,
    RunOne,
    Shutdown {
        discards: bool,
    },
    /// await_workers, await_visitors, forget_all.
    Destroy,
    /// On the bare ready ring, for `linear.rs`: push this index; pop; push what the last pop gave; is it empty?
    RingPush(u8),
    RingPop,
    RingPushBack,
    RingLook,
}

/// Mistakes that can be planted, to see that the checks find them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mistake {
    PushIgnoresTheEntry,
    PopDoesNotClaim,
    EmptyWithoutLap,
    NoNotify,
    FoundTellsNobody,
    NoLookBeforeSleep,
    CancelLeavesTheToken,
    CloseWakesNobody,
    WorkerLeavesSilently,
    BlockedIgnoresClosed,
    MarksAreNotSeen,
    SubmitterDoesNotKick,
    TakerGivesBackAfterClose,
    TombstoneIsLost,
    ResolveWakesNobody,
    ResolveWakesOne,
    ReadWithoutTaking,
    ClaimWithoutCas,
    VacateIgnoresTheRing,
    CloserDoesNotMark,
    NoPatience,
}

/// What is checked: who does what, over how many slots.
#[derive(Clone, Debug)]
pub struct Setup {
    pub name: &'static str,
    pub slots: u8,
    /// Workers counted in from the start.
    pub live: u8,
    /// Is there a clock, and so patience?
    pub clock: bool,
    pub bodies: [Body; JOBS],
    pub scripts: Vec<(&'static str, Vec<Op>)>,
    /// Every so many pushes trust no searcher.
    pub trigger: u8,
    /// May one thread stop for ever, anywhere?
    pub freeze: bool,
    /// How many sleeps may end for no reason, or because of the time although there was something else to do.
    pub spurious: u8,
    /// Do the workers sleep in the beginning?
    pub rested: bool,
    /// Calls of the C face are visits.
    pub c_face: bool,
    pub mistake: Option<Mistake>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            name: "",
            slots: 2,
            live: 0,
            clock: false,
            bodies: [Body::Plain; JOBS],
            scripts: Vec::new(),
            trigger: 128,
            freeze: false,
            spurious: 0,
            rested: false,
            c_face: false,
            mistake: None,
        }
    }
}

impl Setup {
    /// Does any script have such a call?
    fn has(&self, such: impl Fn(&Op) -> bool) -> bool {
        self.scripts.iter().flat_map(|(_, ops)| ops).any(such)
    }

    /// Threads that do the same are one role, and may be exchanged.
    fn role(&self, thread: usize) -> u8 {
        let Some(script) = self.scripts.get(thread) else { return thread as u8 };
        self.scripts.iter().position(|other| other == script).unwrap_or(thread) as u8
    }
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
    /// What its last submit was told, and how many were accepted and refused: detached jobs may share a number.
    pub told: Told,
    pub accepted: u8,
    pub refused: u8,
    pub handle: (u8, u8),
    pub ran: u8,
    pub dropped: u8,
    /// Its result was taken, or dropped.
    pub out: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Handle {
    pub idx: u8,
    pub generation: u8,
}

/// What a thread was about when it came to run a job that itself calls the pool.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
struct Outer {
    idx: u8,
    seen: State,
    wseen: State,
    want: Handle,
    waits: bool,
    visits: bool,
    blocked: bool,
    worn: bool,
}

/// Where a thread goes on after the calls that it is in.
#[derive(Clone, Copy)]
struct Stack {
    pcs: [Pc; DEPTH],
    depth: u8,
}

impl Stack {
    fn calls(&self) -> &[Pc] {
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

/// A thread: where it is, what it remembers. A register that is not needed any more is put back to its default, so that
/// states that differ in nothing are one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Thread {
    pub role: u8,
    pub op: u8,
    pub pc: Pc,
    stack: Stack,
    pub asleep: bool,
    pub frozen: bool,
    /// Does its sleep end by itself?
    pub nap: bool,
    /// The slots whose bodies are this thread's, in truth.
    pub holds: u8,
    pub idx: u8,
    seen: State,
    wseen: State,
    back: State,
    to: Status,
    pub want: Handle,
    mine: u8,
    told: Told,
    ring: Which,
    pos: u8,
    ent: u16,
    marked: u8,
    word: u16,
    slept: (u8, u16),
    pub woken: u8,
    /// What an operation on the bare ring said: an index, or NOTHING.
    pub answer: u8,
    counts: Counts,
    epoch: u8,
    passes: u8,
    at: u8,
    inside: u8,
    outer: [Outer; NESTED],
    after_vacate: Pc,
    ok: bool,
    vacant: bool,
    reaped: bool,
    closed: bool,
    retire: bool,
    progress: bool,
    listens: bool,
    kicked: bool,
    blocks: bool,
    detached: bool,
    polls: bool,
    discards: bool,
    visits: bool,
    /// Inside a call of the C face, which is a visit.
    called: bool,
    waits: bool,
    blocked: bool,
    worn: bool,
    worker: bool,
    newly_kept: bool,
    was_in_ring: bool,
}

impl Thread {
    /// Does it sleep in a call from inside a job?
    pub fn is_blocked(&self) -> bool {
        self.blocked
    }

    fn new(role: u8) -> Self {
        Self {
            role,
            op: 0,
            pc: Pc::Done,
            stack: Stack { pcs: [Pc::Done; DEPTH], depth: 0 },
            asleep: false,
            frozen: false,
            nap: false,
            holds: 0,
            idx: 0,
            seen: State(0),
            wseen: State(0),
            back: State(0),
            to: Status::Free,
            want: Handle::default(),
            mine: 0,
            told: Told::Nothing,
            ring: Which::Ready,
            pos: 0,
            ent: 0,
            marked: 0,
            word: 0,
            slept: (0, 0),
            woken: 0,
            answer: NOTHING,
            counts: Counts::default(),
            epoch: 0,
            passes: 0,
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
            listens: false,
            kicked: false,
            blocks: false,
            detached: false,
            polls: false,
            discards: false,
            visits: false,
            called: false,
            waits: false,
            blocked: false,
            worn: false,
            worker: false,
            newly_kept: false,
            was_in_ring: false,
        }
    }
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
    pub leaving: bool,
    pub live: u8,
    pub blocked: u8,
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
        let job =
            Job { told: Told::Nothing, accepted: 0, refused: 0, handle: (0, 0), ran: 0, dropped: 0, out: 0 };
        let rounded = setup.slots.next_power_of_two();
        let mut world = Self {
            ready: Ring::new(rounded, 0),
            free: Ring::new(rounded, setup.slots),
            slots: [State(0); SLOTS],
            idle: Counts::default(),
            discard: false,
            visitors: 0,
            leaving: false,
            live: setup.live,
            blocked: 0,
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
            while setup.rested && cpu.op() == Some(Op::Work) && cpu.w.can_step(setup, me) {
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
            blocked: t.blocked,
            worn: t.worn,
        };
        t.outer[t.inside as usize] = outer;
        t.inside += 1;
        (t.want, t.waits, t.visits, t.blocked, t.worn) = (Handle::default(), false, false, false, false);
    }

    /// And is done with that.
    fn come_out(&mut self) {
        let t = self.t();
        t.inside -= 1;
        let Outer { idx, seen, wseen, want, waits, visits, blocked, worn } =
            std::mem::take(&mut t.outer[t.inside as usize]);
        (t.idx, t.seen, t.wseen, t.want) = (idx, seen, wseen, want);
        (t.waits, t.visits, t.blocked, t.worn) = (waits, visits, blocked, worn);
    }

    /// A submit has returned.
    fn tell(&mut self, job: u8, told: Told) {
        let job = &mut self.w.jobs[job as usize];
        job.told = told;
        match told {
            Told::Accepted => job.accepted += 1,
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
