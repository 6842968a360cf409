//! The words of the protocol with fewer bits: the fields and transitions of `slot/state.rs`,
//! `sleep/counts.rs`, `ring/entry.rs`.

/// Status of a slot, numbered as in the library.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u16)]
pub enum Status {
    Free,
    Queued,
    Running,
    Cancelling,
    Done,
    Failed,
    Cancelled,
    Taking,
}
use Status::*;

const ALL: [Status; 8] = [Free, Queued, Running, Cancelling, Done, Failed, Cancelled, Taking];

/// A slot's state word: generation | WAITER | DETACHED | RING | status.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct State(pub u16);

const RING: u16 = 8;
const DETACHED: u16 = 16;
const WAITER: u16 = 32;

impl State {
    pub fn status(self) -> Status {
        ALL[(self.0 & 7) as usize]
    }
    pub fn generation(self) -> u8 {
        (self.0 >> 6) as u8
    }
    pub fn with(self, status: Status) -> Self {
        Self(self.0 & !7 | status as u16)
    }
    pub fn in_ring(self) -> bool {
        self.0 & RING != 0
    }
    pub fn detached(self) -> bool {
        self.0 & DETACHED != 0
    }
    pub fn has_waiter(self) -> bool {
        self.0 & WAITER != 0
    }
    /// Detached, and without an owner?
    pub fn nobodys(self) -> bool {
        self.detached() && !self.has_waiter()
    }
    /// Does its outcome go to a completion queue?
    pub fn owned(self) -> bool {
        self.detached() && self.has_waiter()
    }
    pub fn put_in_ring(self) -> Self {
        Self(self.0 | RING)
    }
    pub fn out_of_ring(self) -> Self {
        Self(self.0 & !RING)
    }
    pub fn detach(self) -> Self {
        Self(self.0 | DETACHED)
    }
    pub fn await_by(self) -> Self {
        Self(self.0 | WAITER)
    }
    pub fn unawaited(self) -> Self {
        Self(self.0 & !WAITER)
    }
    pub fn next(self) -> Self {
        Self(((self.0 >> 6) + 1) << 6 | self.0 & RING)
    }
    pub fn vacant(self) -> bool {
        self.status() == Free && !self.detached()
    }
    pub fn over(self) -> bool {
        matches!(self.status(), Done | Failed | Cancelled)
    }
    pub fn untaken(self) -> bool {
        self.over()
    }
    pub fn closed(self) -> bool {
        self.status() == Free && self.detached()
    }
    pub fn tombstone(self) -> bool {
        self.vacant() && self.in_ring()
    }
    pub fn cancellable_by(self, generation: u8) -> bool {
        self.generation() == generation && !self.nobodys() && self.status() != Free
    }
    pub fn answers_to(self, generation: u8) -> bool {
        self.generation() == generation && !self.detached() && self.status() != Free
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}#{}", self.status(), self.generation())?;
        let flags =
            [(self.in_ring(), "+ring"), (self.detached(), "+detached"), (self.has_waiter(), "+waiter")];
        flags.iter().filter(|(set, _)| *set).try_for_each(|(_, name)| f.write_str(name))
    }
}

/// The idle word. The epoch counts modulo 4.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Counts {
    pub tokens: u8,
    pub searching: u8,
    pub sleeping: u8,
    pub epoch: u8,
    pub sentries: u8,
    pub rewoken: bool,
    pub closed: bool,
    pub idle_wait: bool,
}

impl Counts {
    /// The counts to set before one sleeper is woken for new work.
    pub fn wake_another(self) -> Option<Self> {
        if self.sleeping > 0 {
            Some(self.grant())
        } else {
            (self.tokens > 0 && !self.rewoken).then_some(Self { rewoken: true, ..self })
        }
    }
    /// Without a sentry, if it was this one.
    pub fn without_sentry(self, sentry: bool) -> Self {
        Self { sentries: self.sentries - u8::from(sentry), ..self }
    }
    pub fn search(self) -> Self {
        Self { searching: self.searching + 1, ..self }
    }
    /// The counts without a search that began in `epoch`; unchanged if it was written off.
    pub fn without_search(self, epoch: u8) -> Self {
        let counted = self.epoch == epoch && self.searching > self.tokens;
        Self { searching: self.searching - u8::from(counted), ..self }
    }
    pub fn sleep(self) -> Self {
        Self { sleeping: self.sleeping + 1, ..self }
    }
    pub fn wake(self) -> Self {
        Self { sleeping: self.sleeping - 1, ..self }
    }
    pub fn grant(self) -> Self {
        Self { sleeping: self.sleeping - 1, searching: self.searching + 1, tokens: self.tokens + 1, ..self }
    }
    pub fn take_token(self) -> Self {
        Self { tokens: self.tokens - 1, rewoken: false, ..self }
    }
    pub fn write_off(self) -> Self {
        Self { searching: self.tokens, epoch: (self.epoch + 1) % 4, ..self }
    }
    pub fn close(self) -> Self {
        Self { closed: true, ..self }
    }
    /// The half that sleepers compare.
    pub fn low(self) -> u16 {
        let flags = u16::from(self.rewoken) | u16::from(self.sentries) << 1 | u16::from(self.closed) << 3;
        u16::from(self.tokens) | u16::from(self.epoch) << 8 | u16::from(self.idle_wait) << 10 | flags << 12
    }
}

pub const SLOTS: usize = 4;

/// The threads that sleep on an empty entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mark {
    Waiter = 4,
    Closer = 8,
}
const MARKS: u16 = 12;

/// One index ring: entries are lap | marks | index. Positions begin with lap 1 and do not wrap here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ring {
    pub len: u8,
    pub tail: u8,
    pub head: u8,
    pub entries: [u16; SLOTS],
}

impl Ring {
    pub fn new(len: u8, seeded: u8) -> Self {
        let mut ring = Self { len, tail: len, head: len, entries: [0; SLOTS] };
        ring.tail += seeded - seeded % ring.stride();
        (0..seeded).for_each(|i| ring.entries[i as usize] = ring.entry(len + i, i));
        ring
    }
    /// How far the tail may lag.
    pub fn stride(&self) -> u8 {
        (self.len / 2).max(1)
    }
    pub fn at(&self, p: u8) -> usize {
        (p % self.len) as usize
    }
    fn lap(&self, p: u8) -> u16 {
        u16::from(p / self.len) << 4
    }
    pub fn entry(&self, p: u8, index: u8) -> u16 {
        self.lap(p) | u16::from(index)
    }
    pub fn published(&self, entry: u16, p: u8) -> bool {
        entry & !15 == self.lap(p)
    }
    pub fn behind(&self, entry: u16, p: u8) -> bool {
        self.published(entry, p - self.len)
    }
    pub fn index(entry: u16) -> u8 {
        (entry & 3) as u8
    }
    pub fn marked(entry: u16) -> bool {
        entry & MARKS != 0
    }
    /// What lies in the ring now, for the checks.
    pub fn contents(&self) -> impl Iterator<Item = u8> + '_ {
        let lies = |p: &u8| self.published(self.entries[self.at(*p)], *p);
        (self.head..self.head + self.len).take_while(lies).map(|p| Self::index(self.entries[self.at(p)]))
    }
}
