//! What the parent alone knows of a slot. It lies in the parent's own memory.

/// How a job ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// Its function returned; the slot's body has the result.
    Returned,
    /// It was cancelled before it began.
    Cancelled,
    /// Its worker died in it. What the system said of the death.
    Died(i32),
}

/// Who has the slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Free,
    InFlight,
    /// The job has ended, and nobody has taken its end.
    Ended(End),
    /// Somebody has taken it, and reads the body.
    Taken,
    /// It was cancelled and taken, and its entry is still in the ready ring.
    Tombstone,
}

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// A slot's record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(super) phase: Phase,
    /// Of the slot's entry in the ready ring.
    pub(super) position: usize,
    /// The entry has not been passed yet, although the job has ended.
    pub(super) in_ring: bool,
    /// The next and the previous one in the list that the slot is in: of free slots, or of ended jobs.
    pub(super) next: u32,
    pub(super) previous: u32,
}

impl Record {
    /// Of a slot that was never used.
    pub(crate) const NEW: Self =
        Self { phase: Phase::Free, position: 0, in_ring: false, next: NONE, previous: NONE };
}

/// A FIFO of slots, linked by their records.
#[derive(Clone, Copy)]
pub(super) struct List {
    first: u32,
    last: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self { first: NONE, last: NONE };

    pub(super) fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// `slot` is in no list.
    pub(super) fn push(&mut self, records: &mut [Record], slot: usize) {
        (records[slot].next, records[slot].previous) = (NONE, self.last);
        match self.last {
            NONE => self.first = slot as u32,
            last => records[last as usize].next = slot as u32,
        }
        self.last = slot as u32;
    }

    pub(super) fn pop(&mut self, records: &mut [Record]) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let slot = self.first as usize;
        self.remove(records, slot);
        Some(slot)
    }

    /// `slot` is in this list.
    pub(super) fn remove(&mut self, records: &mut [Record], slot: usize) {
        let Record { next, previous, .. } = records[slot];
        match previous {
            NONE => self.first = next,
            previous => records[previous as usize].next = next,
        }
        match next {
            NONE => self.last = previous,
            next => records[next as usize].previous = previous,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_a_fifo() {
        let (mut records, mut list) = ([Record::NEW; 3], List::EMPTY);
        assert_eq!(list.pop(&mut records), None);
        for slots in [[2, 0, 1], [1, 2, 0]] {
            slots.iter().for_each(|slot| list.push(&mut records, *slot));
            assert_eq!(list.pop(&mut records), Some(slots[0]));
            list.push(&mut records, slots[0]);
            let popped = [(); 4].map(|()| list.pop(&mut records));
            assert_eq!(popped, [Some(slots[1]), Some(slots[2]), Some(slots[0]), None]);
        }
    }

    #[test]
    fn any_slot_can_leave_a_list() {
        for leaver in 0..3 {
            let (mut records, mut list) = ([Record::NEW; 3], List::EMPTY);
            (0..3).for_each(|slot| list.push(&mut records, slot));
            list.remove(&mut records, leaver);
            list.push(&mut records, leaver);
            let others: [usize; 2] = [[1, 2], [0, 2], [0, 1]][leaver];
            let popped = [(); 4].map(|()| list.pop(&mut records));
            assert_eq!(popped, [Some(others[0]), Some(others[1]), Some(leaver), None]);
        }
    }
}
