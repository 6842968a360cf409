//! The word of a lane: counts, flags, and the newest entry of its list. `lane.rs` has the protocol.

/// The bits of one field.
struct Field {
    shift: u32,
    bits: u32,
}

impl Field {
    const fn after(self, bits: u32) -> Self {
        Self { shift: self.shift + self.bits, bits }
    }

    const fn most(&self) -> usize {
        (1 << self.bits) - 1
    }

    const fn one(&self) -> usize {
        1 << self.shift
    }

    const fn of(&self, word: usize) -> usize {
        word >> self.shift & self.most()
    }
}

const FLAGS: Field = Field { shift: 0, bits: 6 };
/// The places in use.
const RUNNING: Field = FLAGS.after(if usize::BITS == 64 { 18 } else { 4 });
/// The jobs that were accepted, or are about to be, and have not ended.
const JOBS: Field = Field { ..RUNNING }.after(if usize::BITS == 64 { 20 } else { 10 });
/// The index of the newest entry, plus one. 0: there is none.
const NEWEST: Field = Field { ..JOBS }.after(if usize::BITS == 64 { 20 } else { 12 });
const _: () = assert!(NEWEST.shift + NEWEST.bits == usize::BITS);

/// The greatest width. One place more is for a closer.
pub(crate) const MAX_WIDTH: usize = RUNNING.most() - 1;
/// The most jobs of one lane.
pub(crate) const MAX_JOBS: usize = JOBS.most();
/// The most slots of a pool with lanes.
pub(crate) const MAX_SLOTS: usize = NEWEST.most();

/// The flags of a lane.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Flag {
    /// New jobs are refused.
    Closed = 1,
    /// The jobs that wait are dropped.
    Discard = 2,
    /// A thread has the *role*: it alone pops entries.
    Role = 4,
    /// A thread sleeps until a job has ended.
    Wanted = 8,
    /// A job was cancelled that may still have an entry.
    Dead = 16,
    /// The lane's owner is gone: the thread that ends the last job frees the lane.
    Orphan = 32,
}

/// One value of the word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(pub(super) usize);

impl Word {
    pub(super) const fn has(self, flag: Flag) -> bool {
        self.0 & flag as usize != 0
    }

    pub(super) const fn with(self, flag: Flag) -> Self {
        Self(self.0 | flag as usize)
    }

    pub(super) const fn without(self, flag: Flag) -> Self {
        Self(self.0 & !(flag as usize))
    }

    pub(super) const fn jobs(self) -> usize {
        JOBS.of(self.0)
    }

    pub(super) const fn running(self) -> usize {
        RUNNING.of(self.0)
    }

    /// The jobs without a place. One less for each thread that has a place and no job for it, because the job that it popped had
    /// been cancelled: that thread looks again when it gives the place up.
    pub(super) const fn waiting(self) -> usize {
        self.jobs().saturating_sub(self.running())
    }

    pub(super) const fn add_job(self) -> Self {
        Self(self.0 + JOBS.one())
    }

    pub(super) const fn end_jobs(self, ended: usize) -> Self {
        Self(self.0 - ended * JOBS.one())
    }

    pub(super) const fn add_place(self) -> Self {
        Self(self.0 + RUNNING.one())
    }

    pub(super) const fn end_place(self) -> Self {
        Self(self.0 - RUNNING.one())
    }

    /// The newest entry.
    pub(super) const fn newest(self) -> Link {
        Link(NEWEST.of(self.0))
    }

    pub(super) const fn with_newest(self, newest: Link) -> Self {
        Self(self.0 & !(NEWEST.most() << NEWEST.shift) | newest.0 << NEWEST.shift)
    }

    /// May there be entries of cancelled jobs, and does nobody have the role?
    pub(super) const fn can_be_swept(self) -> bool {
        self.has(Flag::Dead) && !self.has(Flag::Role)
    }

    /// Will no thread touch the lane any more, if no new job comes?
    pub(super) const fn is_over(self) -> bool {
        self.jobs() == 0 && self.running() == 0 && self.newest().is_none() && !self.has(Flag::Role)
    }
}

/// An entry that a list names: a slot's index plus one. 0: none.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Link(pub(super) usize);

impl Link {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn to(index: usize) -> Self {
        Self(index + 1)
    }

    pub(super) const fn is_none(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn index(self) -> Option<usize> {
        self.0.checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_do_not_disturb_each_other() {
        let word =
            Word(0).add_job().add_job().add_place().with_newest(Link::to(MAX_SLOTS - 1)).with(Flag::Orphan);
        assert_eq!((word.jobs(), word.running(), word.waiting()), (2, 1, 1));
        assert_eq!(word.newest().index(), Some(MAX_SLOTS - 1));
        let word = word.with(Flag::Role).without(Flag::Orphan).end_place().end_jobs(2);
        assert!(word.has(Flag::Role) && !word.has(Flag::Orphan) && !word.is_over());
        assert!(word.without(Flag::Role).with_newest(Link::NONE).is_over());
        assert!(Link::NONE.index().is_none());
        let mut full = Word(0).with_newest(Link::to(0));
        (0..MAX_JOBS).for_each(|_| full = full.add_job());
        (0..=MAX_WIDTH).for_each(|_| full = full.add_place());
        assert_eq!((full.jobs(), full.running(), full.newest().index()), (MAX_JOBS, MAX_WIDTH + 1, Some(0)));
    }
}
