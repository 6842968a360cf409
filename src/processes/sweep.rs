//! What the parent does when a worker has died. README.md ("The sweep") says why.

use super::parent::{Corrupt, Parent};
use super::record::{End, Phase};
use super::word::{IDLE, Status};
use crate::sync::{Relaxed, Site, ordering};

impl Parent<'_> {
    /// Settles what worker `dead` leaves; `how` is what the system said of its death. The process has ended, and its number is
    /// not used again before this returns. The caller then unlocks, rings, and notifies if there is an entry.
    pub(crate) fn sweep(&mut self, dead: usize, how: i32) -> Result<(), Corrupt> {
        self.check_head()?;
        for slot in 0..self.records.len() {
            if self.records[slot].phase == Phase::InFlight {
                let word = self.word_in_flight(slot)?;
                let is_its = word.owner() == dead;
                match word.status() {
                    Some(Status::Claimed) if is_its => {
                        self.pass(word.position());
                        self.queue(slot)?;
                        continue;
                    }
                    Some(Status::Running) if is_its => {
                        self.pass(word.position());
                        self.end(slot, End::Died(how));
                        continue;
                    }
                    _ => {}
                }
            }
            // Whoever had it: the report may be the dead worker's.
            self.settle(slot)?;
        }
        let (header, worker) = (self.mapping.header, &self.mapping.workers[dead]);
        // ORDERING: Relaxed, as the next two: the worker is dead, and the next one begins behind this.
        header.sleepers.fetch_and(!(1 << dead), ordering(Site::ProcessSweepBit, Relaxed));
        // ORDERING: Relaxed.
        worker.activity.store(IDLE, ordering(Site::ProcessSweepActivity, Relaxed));
        // ORDERING: Relaxed.
        worker.parked.store(0, ordering(Site::ProcessSweepParked, Relaxed));
        Ok(())
    }
}
