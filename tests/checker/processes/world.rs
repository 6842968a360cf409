//! The state of the machine: what lies in shared memory, what only the parent knows, and where each worker is.

/// Slots, and cells of the ready ring.
pub const SLOTS: usize = 2;
pub const WORKERS: usize = 3;
pub const JOBS: usize = 3;

/// Where a job's slot is, by its word.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Status {
    Free,
    Queued,
    Claimed,
    Running,
    Ended,
    Cancelled,
}

/// A slot's word. `owner` counts where the status is Claimed or Running.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Word {
    pub status: Status,
    pub owner: u8,
    pub position: u8,
}

/// What the parent knows of a slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    Free,
    /// The job, and the position of its entry in the ready ring.
    InFlight {
        job: u8,
        position: u8,
    },
    /// Cancelled; its entry may still be in the ready ring.
    Tombstone {
        position: u8,
    },
}

/// A cell of the ready ring: the position at which it was published, counted from 1, and the slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Cell {
    pub lap: u8,
    pub slot: u8,
}

/// The word in a worker's record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Activity {
    Idle,
    Running(u8),
    Doomed(u8),
}

/// The operation before which a worker is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Pc {
    Head,
    Entry,
    Look,
    Claim,
    Pass,
    Help,
    Record,
    Run,
    Leave,
    Resolve,
    Report,
    Armed,
    Ring,
    Disarm,
    Park,
    Register,
    RestHead,
    RestEntry,
    RestClosed,
    Sleep,
    Asleep,
    Unregister,
    /// Finds that it is to be killed: it ends by itself.
    Doomed,
    Dead,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Worker {
    pub pc: Pc,
    /// The head that it has read.
    pub head: u8,
    pub slot: u8,
    /// The slot's word, as read.
    pub seen: Word,
    pub activity: Activity,
    pub parked: bool,
    /// The arming that it has read is still the newest.
    pub current: bool,
    /// It stops for ever.
    pub frozen: bool,
    /// It has died, and the parent has not dealt with it.
    pub unswept: bool,
    /// How often this number was used again.
    pub life: u8,
}

/// What a thread of the parent does next in order to wake a worker.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Notify {
    Nothing,
    Look,
    Take(u8),
    Wake(u8),
}

/// The threads of the parent that take the lock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Holder {
    Nobody,
    Submitter,
    Taker,
    Sweeper,
    Canceller,
    Killer,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Submit {
    Ready,
    /// No slot is free, and the job of the entry at head is cancelled.
    Pass(u8),
    Passed(u8),
    Word(u8),
    Entry(u8),
    Notify,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Take {
    Ready,
    Collect,
    /// The slots that are still to be looked at.
    Look(u8),
    Bell,
    Arm,
    Sleep,
    Asleep,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sweep {
    Ready,
    Look(u8),
    Pass(u8),
    Word(u8),
    Entry(u8),
    Bit,
    Record,
    Bell,
    Entries,
    Notify,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cancel {
    Ready,
    Word(u8),
    Pass(u8),
    Bell,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kill {
    Ready,
    Look(u8),
    /// The worker, its life, and the position of the job.
    Exchange(u8, u8, u8),
    Signal(u8, u8, u8),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Close {
    Open,
    Notify,
    Closed,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Job {
    pub ran: u8,
    pub ended: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct World {
    // Shared memory.
    pub head: u8,
    pub cells: [Cell; SLOTS],
    pub slots: [Word; SLOTS],
    pub sleepers: u8,
    pub reports: u8,
    pub armed: bool,
    pub closed: bool,
    pub workers: [Worker; WORKERS],
    // The parent's.
    pub tail: u8,
    pub records: [Record; SLOTS],
    pub lock: Holder,
    /// The bell was rung since the taker read it.
    pub rung: bool,
    pub submitted: u8,
    pub submit: Submit,
    pub take: Take,
    /// It has armed, and looks once more.
    pub rearmed: bool,
    /// There is something for the taker.
    pub news: bool,
    pub sweep: Sweep,
    pub swept: u8,
    pub cancel: Cancel,
    pub kill: Kill,
    pub close: Close,
    /// Those of the submitter, the sweeper, the closer, and of patience.
    pub notify: [Notify; 4],
    pub jobs: [Job; JOBS],
    // What may still happen.
    pub deaths: u8,
    pub stops: u8,
    pub spurious: u8,
    pub respawns: u8,
    pub cancels: u8,
    pub kills: u8,
    pub patience: u8,
    /// The promise that is broken.
    pub broken: Option<&'static str>,
}

pub const NO_WORD: Word = Word { status: Status::Free, owner: 0, position: 0 };

impl Worker {
    pub fn new(life: u8) -> Self {
        Self {
            pc: Pc::Head,
            head: 0,
            slot: 0,
            seen: NO_WORD,
            activity: Activity::Idle,
            parked: false,
            current: false,
            frozen: false,
            unswept: false,
            life,
        }
    }

    pub fn is_able(&self) -> bool {
        self.pc != Pc::Dead && !self.frozen
    }
}

impl World {
    pub fn must(&mut self, holds: bool, promise: &'static str) {
        if !holds && self.broken.is_none() {
            self.broken = Some(promise);
        }
    }

    pub fn cell(&self, position: u8) -> Cell {
        self.cells[position as usize % SLOTS]
    }

    pub fn is_published(&self, position: u8) -> bool {
        self.cell(position).lap == position + 1
    }

    pub fn is_behind(&self, position: u8) -> bool {
        self.cell(position).lap == (position + 1).saturating_sub(SLOTS as u8)
    }

    /// Is there an entry to claim?
    pub fn has_entries(&self) -> bool {
        self.head != self.tail
    }

    /// The positions of the slot's entries in the ready ring.
    pub fn entries_of(&self, slot: u8) -> impl Iterator<Item = u8> + '_ {
        (self.head..self.tail).filter(move |at| self.is_published(*at) && self.cell(*at).slot == slot)
    }

    /// Moves head past a position, unless another process has.
    pub fn pass(&mut self, position: u8) {
        if self.head == position {
            self.head += 1;
        }
    }

    pub fn job_ends(&mut self, job: u8) {
        self.jobs[job as usize].ended += 1;
        let once = self.jobs[job as usize].ended == 1;
        self.must(once, "a job ended twice");
    }
}
