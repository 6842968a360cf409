//! What a submit costs while one to four cores submit at once: the time and, in a build with `--cfg
//! jobring_tsan`, the number of attempts.

use crate::{CORES, Pool, machine, meet, say};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const SLOTS: usize = 1 << 16;
/// A core's submits between two meetings: all cores' together fit. So many that the cores are at it together,
/// also where they are threads of a host that come late.
const TURN: usize = SLOTS / CORES;
const TURNS: usize = if cfg!(jobring_tsan) { 4 } else { 1 };

static POOL: Pool<SLOTS> = crate::pool();
// ORDERING: Relaxed: counts, read when the cores have met.
static RAN: AtomicUsize = AtomicUsize::new(0);
static TICKS: AtomicUsize = AtomicUsize::new(0);

pub fn run(core: usize) {
    for contenders in 1..=CORES {
        for _ in 0..TURNS {
            meet::all();
            if core < contenders {
                counting::begin();
                let start = machine::ticks();
                for _ in 0..TURN {
                    POOL.try_submit_detached(|| _ = RAN.fetch_add(1, Relaxed)).expect("there is room");
                }
                TICKS.fetch_add((machine::ticks() - start) as usize, Relaxed);
                counting::pause();
            }
            meet::all();
            if core == 0 {
                assert_eq!(POOL.run_until_idle(), contenders * TURN);
            }
        }
        meet::all();
        if core == 0 {
            let submits = contenders * TURN * TURNS;
            assert_eq!(RAN.swap(0, Relaxed), submits);
            let nanos = TICKS.swap(0, Relaxed) as u64 * (1_000_000_000 / machine::ticks_per_second())
                / submits as u64;
            say!("{contenders} cores submit at once: {nanos} ns a submit{}", counting::lost(submits));
        }
    }
}

#[cfg(not(jobring_tsan))]
mod counting {
    pub fn begin() {}
    pub fn pause() {}
    pub fn lost(_submits: usize) -> &'static str {
        ""
    }
}

/// The library asks at each atomic operation whether to weaken it. Never; but it can be counted.
#[cfg(jobring_tsan)]
mod counting {
    use crate::{CORES, machine};
    use core::fmt;
    use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
    use jobring::Site;

    /// A core counts for itself, so that counting brings no contention.
    #[repr(align(128))]
    struct Counts {
        on: AtomicBool,
        sites: [AtomicUsize; 256],
    }

    static COUNTS: [Counts; CORES] =
        [const { Counts { on: AtomicBool::new(false), sites: [const { AtomicUsize::new(0) }; 256] } }; CORES];

    #[unsafe(no_mangle)]
    extern "C" fn jobring_tsan_weakens(site: u32) -> bool {
        let counts = &COUNTS[machine::core()];
        if counts.on.load(Relaxed) {
            let count = &counts.sites[site as usize];
            count.store(count.load(Relaxed) + 1, Relaxed);
        }
        false
    }

    pub fn begin() {
        COUNTS[machine::core()].on.store(true, Relaxed);
    }

    pub fn pause() {
        COUNTS[machine::core()].on.store(false, Relaxed);
    }

    /// Attempts beyond the first in this many submits: to take a slot, and to publish.
    pub fn lost(submits: usize) -> Lost {
        Lost(submits)
    }

    pub struct Lost(usize);

    impl fmt::Display for Lost {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let tries = |site: Site| {
                COUNTS.iter().map(|core| core.sites[site as usize].swap(0, Relaxed)).sum::<usize>()
            };
            let (slot, entry) = (tries(Site::AdvanceHead) - self.0, tries(Site::PushPublish) - self.0);
            let thousandth = |lost: usize| lost * 1000 / self.0;
            let (slot, entry) = (thousandth(slot), thousandth(entry));
            write!(f, "; per 1000 submits {slot} tries lost for a slot, {entry} for a place in the ring")
        }
    }
}
