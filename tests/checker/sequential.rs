//! The sequential model: a pool without workers as a list of slots and two queues. It says what each call
//! must return, and with what its callbacks must be called, in order.

use std::collections::VecDeque;

/// What a test can see of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// Its function was called.
    Ran(usize),
    /// Its done callback: status and whether there was a result.
    Done(usize, i32, bool),
    /// Its drop callback was given its argument, or its result.
    Dropped(usize, i32, bool),
}

/// What a job does, by its number: some fail, some have no result.
pub fn fails(job: usize) -> bool {
    job % 4 == 3
}
pub fn has_result(job: usize) -> bool {
    !job.is_multiple_of(3)
}
pub fn code(job: usize) -> i32 {
    1000 + job as i32
}

pub const OK: i32 = 0;
pub const PENDING: i32 = 1;
pub const FULL: i32 = -4;
pub const SHUTDOWN: i32 = -5;
pub const TIMEDOUT: i32 = -6;
pub const STALE: i32 = -7;
pub const CANCELLED: i32 = -8;
pub const FAILED: i32 = -9;
pub const BUSY: i32 = -10;
pub const EMPTY: i32 = -15;
pub const UNTAKEN: i32 = -18;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Slot {
    Free,
    Queued {
        job: usize,
        detached: bool,
    },
    /// Over: how, not taken yet.
    Over {
        job: usize,
        status: i32,
    },
    Closed,
}

pub struct Pool {
    slots: Vec<Slot>,
    free: VecDeque<usize>,
    /// Slots whose jobs were queued, in order; those of cancelled jobs stay until they are popped.
    ready: VecDeque<usize>,
    closed: bool,
    pub seen: Vec<Seen>,
}

impl Pool {
    pub fn new(capacity: usize) -> Self {
        Self {
            slots: vec![Slot::Free; capacity],
            free: (0..capacity).collect(),
            ready: VecDeque::new(),
            closed: false,
            seen: Vec::new(),
        }
    }

    fn at(&self, job: usize) -> Option<usize> {
        self.slots.iter().position(|slot| match slot {
            Slot::Queued { job: here, detached: false } | Slot::Over { job: here, .. } => *here == job,
            _ => false,
        })
    }

    fn is_vacant(&self, at: usize) -> bool {
        self.slots[at] == Slot::Free
    }

    /// Tombstones at the head of the ready queue are free slots.
    fn reap(&mut self) {
        while let Some(&at) = self.ready.front()
            && self.is_vacant(at)
        {
            self.ready.pop_front();
            self.free.push_back(at);
        }
    }

    fn vacate(&mut self, at: usize) {
        // In a closed pool it is never used again.
        self.slots[at] = if self.closed { Slot::Closed } else { Slot::Free };
        if self.closed {
            return;
        }
        if self.ready.contains(&at) { self.reap() } else { self.free.push_back(at) }
    }

    /// No wait, no run.
    pub fn try_submit(&mut self, job: usize, detached: bool) -> i32 {
        if self.closed {
            return SHUTDOWN;
        }
        if self.free.is_empty() {
            self.reap();
        }
        let Some(at) = self.free.pop_front() else { return FULL };
        self.slots[at] = Slot::Queued { job, detached };
        self.ready.push_back(at);
        OK
    }

    /// Runs queued jobs to make room.
    pub fn submit(&mut self, job: usize, detached: bool) -> i32 {
        loop {
            let status = self.try_submit(job, detached);
            if status != FULL || self.run_one() == EMPTY {
                return status;
            }
        }
    }

    /// The submitter runs it if there is no room.
    pub fn submit_or_run(&mut self, job: usize) -> i32 {
        match self.try_submit(job, true) {
            FULL => {
                self.seen.push(Seen::Ran(job));
                self.seen.push(Seen::Done(job, OK, has_result(job)));
                if has_result(job) {
                    self.seen.push(Seen::Dropped(job, UNTAKEN, true));
                }
                OK
            }
            status => status,
        }
    }

    pub fn run_one(&mut self) -> i32 {
        loop {
            let Some(at) = self.ready.pop_front() else { return EMPTY };
            match self.slots[at] {
                Slot::Queued { job, detached } => {
                    self.run(at, job, detached);
                    return OK;
                }
                Slot::Free => self.free.push_back(at),
                // Cancelled, and not taken yet.
                _ => {}
            }
        }
    }

    fn run(&mut self, at: usize, job: usize, detached: bool) {
        let result = has_result(job) && !fails(job);
        let status = if fails(job) { FAILED } else { OK };
        self.seen.push(Seen::Ran(job));
        self.seen.push(Seen::Done(job, status, result));
        if detached {
            if result {
                self.seen.push(Seen::Dropped(job, UNTAKEN, true));
            }
            // A runner gives the slot back also to a closed pool, whose closer takes it out of use.
            self.slots[at] = Slot::Free;
            self.free.push_back(at);
        } else {
            self.slots[at] = Slot::Over { job, status };
        }
    }

    fn drop_unrun(&mut self, at: usize, job: usize, detached: bool, status: i32) {
        self.seen.push(Seen::Done(job, status, false));
        self.seen.push(Seen::Dropped(job, status, false));
        self.slots[at] = if detached { Slot::Free } else { Slot::Over { job, status } };
    }

    /// Status, and whether a result comes with it. `forever`: queued jobs are run until it has ended.
    pub fn wait(&mut self, job: usize, forever: bool) -> (i32, bool) {
        loop {
            let Some(at) = self.at(job) else { return (STALE, false) };
            match self.slots[at] {
                Slot::Over { status, .. } => {
                    self.vacate(at);
                    return (status, status == OK && has_result(job));
                }
                _ if forever => {
                    self.run_one();
                }
                _ => return (TIMEDOUT, false),
            }
        }
    }

    pub fn cancel(&mut self, job: usize) -> i32 {
        let Some(at) = self.at(job) else { return STALE };
        match self.slots[at] {
            Slot::Queued { .. } => {
                self.drop_unrun(at, job, false, CANCELLED);
                OK
            }
            _ => BUSY,
        }
    }

    pub fn detach(&mut self, job: usize) -> i32 {
        let Some(at) = self.at(job) else { return STALE };
        match self.slots[at] {
            Slot::Queued { job, .. } => self.slots[at] = Slot::Queued { job, detached: true },
            Slot::Over { status, .. } => {
                if status == OK && has_result(job) {
                    self.seen.push(Seen::Dropped(job, UNTAKEN, true));
                }
                self.vacate(at);
            }
            _ => {}
        }
        OK
    }

    /// As wait, but nothing is run or taken.
    pub fn peek(&self, job: usize) -> (i32, bool) {
        match self.at(job).map(|at| self.slots[at]) {
            None => (STALE, false),
            Some(Slot::Over { status, .. }) => (status, status == OK && has_result(job)),
            Some(_) => (PENDING, false),
        }
    }

    /// Status, and how many are queued and untaken then. Without `forever` nothing is run.
    pub fn shutdown(&mut self, discards: bool, forever: bool) -> (i32, usize, usize) {
        self.closed = true;
        if discards {
            while let Some(at) = self.ready.pop_front() {
                if let Slot::Queued { job, detached } = self.slots[at] {
                    self.drop_unrun(at, job, detached, SHUTDOWN);
                }
            }
        } else if forever {
            while self.run_one() == OK {}
        }
        for slot in &mut self.slots {
            if *slot == Slot::Free {
                *slot = Slot::Closed;
            }
        }
        let queued = self.slots.iter().filter(|slot| matches!(slot, Slot::Queued { .. })).count();
        let untaken = self.slots.iter().filter(|slot| matches!(slot, Slot::Over { .. })).count();
        (if queued > 0 { TIMEDOUT } else { OK }, queued, untaken)
    }

    pub fn destroy(&mut self) {
        self.shutdown(false, true);
        for at in 0..self.slots.len() {
            if let Slot::Over { job, status: OK } = self.slots[at]
                && has_result(job)
            {
                self.seen.push(Seen::Dropped(job, UNTAKEN, true));
            }
        }
    }
}
