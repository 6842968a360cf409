//! Wake-ups: of workers by the parent, and of the parent's threads. None of these needs the lock.

use super::mapping::Mapping;
use super::word::Entry;
use crate::platform::port::Port;
use crate::sync::{Acquire, Relaxed, SeqCst, Site, fence, ordering};

impl Mapping<'_> {
    /// Wakes a worker that sleeps, if there is one: for an entry that was published before. The parent calls it.
    pub(crate) fn notify(&self, port: &impl Port) {
        // ORDERING: SeqCst pairs with the fence of `rest`.
        fence(ordering(Site::ProcessNotifyFence, SeqCst));
        let _ = self.wake_worker(port);
    }

    /// False if no worker sleeps.
    fn wake_worker(&self, port: &impl Port) -> bool {
        loop {
            // ORDERING: Relaxed: a guess; the read-modify-write below decides. The fence before it orders it.
            let sleepers = self.header.sleepers.load(ordering(Site::ProcessSleepersLook, Relaxed));
            let number = sleepers.trailing_zeros() as usize;
            // A bit without a worker can only be a wild write.
            let Some(worker) = self.workers.get(number) else { return false };
            let bit = 1 << number;
            // ORDERING: Acquire pairs with the Release of `rest`.
            let before = self.header.sleepers.fetch_and(!bit, ordering(Site::ProcessChoose, Acquire));
            if before & bit == 0 {
                continue;
            }
            // ORDERING: Relaxed: the worker compares it in the system's sleep.
            worker.parked.store(0, ordering(Site::ProcessUnpark, Relaxed));
            port.wake_one(&raw const *worker.parked);
            return true;
        }
    }

    /// From here on a worker that finds no entry leaves; those that sleep are woken. The parent calls it.
    pub(crate) fn close(&self, port: &impl Port) {
        // ORDERING: Relaxed: the fence orders it.
        self.header.closed.store(1, ordering(Site::ProcessClose, Relaxed));
        // ORDERING: SeqCst pairs with the fence of `rest`.
        fence(ordering(Site::ProcessCloseFence, SeqCst));
        while self.wake_worker(port) {}
    }

    /// Do workers leave that find no entry?
    pub(crate) fn is_closed(&self) -> bool {
        // ORDERING: Relaxed: it changes once, by the caller's own process.
        self.header.closed.load(ordering(Site::ProcessClosedLook, Relaxed)) != 0
    }

    /// Is there an entry, as far as the caller can see?
    pub(crate) fn has_entry(&self) -> bool {
        // ORDERING: Relaxed: an estimate, after which a worker looks for itself.
        let head = self.header.head.load(ordering(Site::ProcessFrontHead, Relaxed));
        // ORDERING: Relaxed, the same.
        let bits = self.entry(head).load(ordering(Site::ProcessFrontEntry, Relaxed));
        matches!(Entry::unpack(bits, head, self.len()), Entry::Slot(_))
    }

    /// Wakes the parent's threads that wait.
    pub(crate) fn ring(&self, port: &impl Port) {
        // ORDERING: Relaxed: only its change counts; the data come by `reports`, or by the parent's lock.
        self.header.bell.fetch_add(1, ordering(Site::ProcessRing, Relaxed));
        port.wake_all(&raw const self.header.bell);
    }

    /// Sleeps while the bell is as [`super::Parent::arm`] found it; may return early.
    pub(crate) fn wait(&self, port: &impl Port, bell: usize, timeout: Option<u64>) {
        port.wait(&self.header.bell, bell, timeout);
    }
}
