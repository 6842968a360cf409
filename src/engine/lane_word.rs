//! The two words of a lane. `lane.rs` has the protocol.

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

const PLACE_BITS: u32 = if usize::BITS == 64 { 18 } else { 4 };
const JOB_BITS: u32 = if usize::BITS == 64 { 20 } else { 10 };

const FLAGS: Field = Field { shift: 0, bits: 6 };
/// The places in use.
const RUNNING: Field = FLAGS.after(PLACE_BITS);
/// The jobs that were accepted, or are about to be, and are not known to have ended.
const JOBS: Field = Field { ..RUNNING }.after(JOB_BITS);
/// The index of the newest entry, plus one. 0: there is none.
const NEWEST: Field = Field { ..JOBS }.after(if usize::BITS == 64 { 20 } else { 12 });
const _: () = assert!(NEWEST.shift + NEWEST.bits == usize::BITS);

const ROLE_FLAGS: Field = Field { shift: 0, bits: 5 };
/// The places whose threads left them to the thread with the role.
const OWED: Field = ROLE_FLAGS.after(PLACE_BITS);
/// The jobs that have ended and that the lane's word still counts.
const ENDED: Field = Field { ..OWED }.after(JOB_BITS);

/// The greatest width. One place more is for a closer.
pub(crate) const MAX_WIDTH: usize = RUNNING.most() - 1;
/// The most jobs of one lane.
pub(crate) const MAX_JOBS: usize = JOBS.most();
/// The most slots of a pool with lanes.
pub(crate) const MAX_SLOTS: usize = NEWEST.most();

/// The flags of the word.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Flag {
    /// New jobs are refused.
    Closed = 1,
    /// A closer wants the jobs that wait to be dropped.
    Discard = 2,
    /// A thread sleeps until a job has ended.
    Wanted = 4,
    /// A job was cancelled that may still have an entry.
    Dead = 8,
    /// The lane's owner is gone: the thread that ends the last job frees the lane.
    Orphan = 16,
    /// Entries may lie in `first`, or the role's word may count jobs that have ended.
    Listed = 32,
}

/// One value of the word that submitters change.
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

    pub(super) const fn add_job(self) -> Self {
        Self(self.0 + JOBS.one())
    }

    pub(super) const fn end_jobs(self, ended: usize) -> Self {
        Self(self.0 - ended * JOBS.one())
    }

    pub(super) const fn add_place(self) -> Self {
        Self(self.0 + RUNNING.one())
    }

    pub(super) const fn end_places(self, places: usize) -> Self {
        Self(self.0 - places * RUNNING.one())
    }

    /// The newest entry.
    pub(super) const fn newest(self) -> Link {
        Link(NEWEST.of(self.0))
    }

    pub(super) const fn with_newest(self, newest: Link) -> Self {
        Self(self.0 & !(NEWEST.most() << NEWEST.shift) | newest.0 << NEWEST.shift)
    }

    /// Is it certain that no job waits?
    pub(super) const fn has_no_entry(self) -> bool {
        self.newest().is_none() && !self.has(Flag::Listed)
    }

    /// Will no thread touch the lane any more, if no new job comes?
    pub(super) const fn is_over(self) -> bool {
        self.jobs() == 0 && self.running() == 0 && self.newest().is_none()
    }
}

/// The flags of the role's word.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum RoleFlag {
    /// A thread has the role.
    Held = 1,
    /// A hint: there are entries in `first`.
    More = 2,
    /// A thread sleeps until a job has ended.
    Wanted = 4,
    /// As in the lane's word.
    Discard = 8,
    /// A thread sleeps until the role is free.
    Asked = 16,
}

/// One value of the role's word, which threads that have a place change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Role(pub(super) usize);

impl Role {
    pub(super) const fn has(self, flag: RoleFlag) -> bool {
        self.0 & flag as usize != 0
    }

    pub(super) const fn with(self, flag: RoleFlag) -> Self {
        Self(self.0 | flag as usize)
    }

    pub(super) const fn without(self, flag: RoleFlag) -> Self {
        Self(self.0 & !(flag as usize))
    }

    pub(super) const fn owed(self) -> usize {
        OWED.of(self.0)
    }

    pub(super) const fn owe(self, places: usize) -> Self {
        Self(self.0 + places * OWED.one())
    }

    pub(super) const fn without_owed(self) -> Self {
        Self(self.0 & !(OWED.most() << OWED.shift))
    }

    pub(super) const fn ended(self) -> usize {
        ENDED.of(self.0)
    }

    pub(super) const fn add_ended(self, jobs: usize) -> Self {
        Self(self.0 + jobs * ENDED.one())
    }

    pub(super) const fn without_ended(self) -> Self {
        Self(self.0 & !(ENDED.most() << ENDED.shift))
    }

    /// The role is free again. `has_more`: there are entries in `first`.
    pub(super) const fn released(self, has_more: bool) -> Self {
        let free = self.without(RoleFlag::Held).without(RoleFlag::More).without(RoleFlag::Asked);
        if has_more { free.with(RoleFlag::More) } else { free }
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
        assert_eq!((word.jobs(), word.running()), (2, 1));
        assert_eq!(word.newest().index(), Some(MAX_SLOTS - 1));
        let word = word.with(Flag::Listed).without(Flag::Orphan).end_places(1).end_jobs(2);
        assert!(word.has(Flag::Listed) && !word.has(Flag::Orphan) && !word.is_over());
        assert!(word.with_newest(Link::NONE).is_over() && !word.with_newest(Link::NONE).has_no_entry());
        assert!(Link::NONE.index().is_none());
        let mut full = Word(0).with_newest(Link::to(0));
        (0..MAX_JOBS).for_each(|_| full = full.add_job());
        (0..=MAX_WIDTH).for_each(|_| full = full.add_place());
        assert_eq!((full.jobs(), full.running(), full.newest().index()), (MAX_JOBS, MAX_WIDTH + 1, Some(0)));
    }

    #[test]
    fn the_fields_of_the_role_do_not_disturb_each_other() {
        let full =
            Role(0).owe(MAX_WIDTH + 1).add_ended(MAX_JOBS).with(RoleFlag::Held).with(RoleFlag::Discard);
        assert_eq!((full.owed(), full.ended()), (MAX_WIDTH + 1, MAX_JOBS));
        let role = full.with(RoleFlag::Asked).released(true);
        assert!(role.has(RoleFlag::More) && role.has(RoleFlag::Discard));
        assert!(!role.has(RoleFlag::Held) && !role.has(RoleFlag::Asked));
        assert!(role.without_owed().without_ended().released(false) == Role(0).with(RoleFlag::Discard));
    }
}
