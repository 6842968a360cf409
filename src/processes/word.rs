//! How a slot's word, a worker's activity and an entry of the ready ring are packed. Pure arithmetic.
//!
//! ```text
//! slot's word   position (55 bits) │ owner (6 bits) │ status (3 bits)
//! activity      position (62 bits) │ IDLE, RUNNING or DOOMED (2 bits)
//! entry         lap (64 − k bits) │ slot (k bits)         in a ring of 2^k entries
//! ```
//!
//! All zero is a slot that was never used, an idle worker, and an entry at which nothing was published. 55 bits of positions last for
//! 114 years at 10 million jobs a second.

const STATUS_BITS: u32 = 3;
const OWNER_BITS: u32 = 6;

/// The most workers: an owner's number has six bits, and `sleepers` has a bit for each.
pub(crate) const MAX_WORKERS: usize = 1 << OWNER_BITS;

/// Where a job's slot is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    Unused,
    Queued,
    Claimed,
    Running,
    Ended,
    Cancelled,
}

/// A slot's word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SlotWord(usize);

impl SlotWord {
    pub(super) const fn new(position: usize, owner: usize, status: Status) -> Self {
        Self(position << (OWNER_BITS + STATUS_BITS) | owner << STATUS_BITS | status as usize)
    }

    pub(super) const fn from_bits(bits: usize) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> usize {
        self.0
    }

    pub(super) const fn position(self) -> usize {
        self.0 >> (OWNER_BITS + STATUS_BITS)
    }

    /// The worker, where the status is Claimed or Running.
    pub(super) const fn owner(self) -> usize {
        self.0 >> STATUS_BITS & (MAX_WORKERS - 1)
    }

    /// None for bits that nobody writes.
    pub(super) const fn status(self) -> Option<Status> {
        Some(match self.0 & ((1 << STATUS_BITS) - 1) {
            0 => Status::Unused,
            1 => Status::Queued,
            2 => Status::Claimed,
            3 => Status::Running,
            4 => Status::Ended,
            5 => Status::Cancelled,
            _ => return None,
        })
    }
}

/// The worker runs no job.
pub(super) const IDLE: usize = 0;

/// The worker runs the job of this position.
pub(super) const fn running(position: usize) -> usize {
    position << 2 | 1
}

/// The worker is to be killed for the job of this position.
pub(super) const fn doomed(position: usize) -> usize {
    position << 2 | 2
}

/// What the entry of a position holds in a ring of `len` entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    /// This slot was published.
    Slot(usize),
    /// Nothing was published there yet.
    Empty,
    /// It is of a later lap, so the position is out of date.
    Later,
}

impl Entry {
    /// The bits of an entry. `len` is a power of two, and `slot` is less.
    pub(super) const fn pack(position: usize, slot: usize, len: usize) -> usize {
        position.wrapping_add(len) & !(len - 1) | slot
    }

    /// Reads the entry of a position, which may be a wild one.
    pub(super) const fn unpack(bits: usize, position: usize, len: usize) -> Self {
        let (lap, mask) = (bits & !(len - 1), len - 1);
        if lap == position.wrapping_add(len) & !mask {
            Self::Slot(bits & mask)
        } else if lap == position & !mask {
            Self::Empty
        } else {
            Self::Later
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slots_word_says_what_was_packed() {
        let all = [
            Status::Unused,
            Status::Queued,
            Status::Claimed,
            Status::Running,
            Status::Ended,
            Status::Cancelled,
        ];
        for position in [0, 1, 77, (1 << 55) - 1] {
            for owner in [0, 1, MAX_WORKERS - 1] {
                for status in all {
                    let word = SlotWord::new(position, owner, status);
                    assert_eq!(
                        (word.position(), word.owner(), word.status()),
                        (position, owner, Some(status))
                    );
                    assert_eq!(SlotWord::from_bits(word.bits()), word);
                }
            }
        }
        assert_eq!(SlotWord::from_bits(0), SlotWord::new(0, 0, Status::Unused));
        assert_eq!((SlotWord::from_bits(6).status(), SlotWord::from_bits(7).status()), (None, None));
    }

    #[test]
    fn an_entry_says_where_it_was_published() {
        for len in [1, 2, 8, 1024] {
            for position in [0, 1, len - 1, len, 3 * len + len / 2, 1 << 40] {
                let bits = Entry::pack(position, len - 1, len);
                assert_eq!(Entry::unpack(bits, position, len), Entry::Slot(len - 1));
                assert_eq!(Entry::unpack(bits, position + len, len), Entry::Empty);
                if position >= len {
                    assert_eq!(Entry::unpack(bits, position - len, len), Entry::Later);
                }
            }
            assert!((0..len).all(|position| Entry::unpack(0, position, len) == Entry::Empty));
        }
    }

    #[test]
    fn an_entry_of_a_wild_position_can_be_read() {
        assert_eq!(Entry::unpack(usize::MAX, usize::MAX, 8), Entry::Empty);
        assert_eq!(Entry::unpack(0, usize::MAX, 8), Entry::Slot(0));
    }

    #[test]
    fn an_activity_names_one_job() {
        let all = [IDLE, running(0), doomed(0), running(1), doomed(1), running(2)];
        assert!((0..all.len()).all(|at| all.iter().filter(|other| **other == all[at]).count() == 1));
    }
}
