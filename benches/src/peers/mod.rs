//! The peers: which there are, whether they can be had here, and what runs them.

mod bare;
mod channel;
mod fork;
#[cfg(feature = "forte")]
mod forte;
mod hand;
mod jobring;
mod jobring_c;
pub mod outside;
mod queues;
mod rayon;
mod threadpool;
mod tokio;

use crate::measure::{Pool, burst, idle, payload, ring, round_trip, stopped};
use crate::params::{Params, Report};

type Measure = fn(&Params) -> Report;

/// What can be measured of any pool.
fn of_any<P: Pool>(mode: &str) -> Option<Measure> {
    Some(match mode {
        "detached" => burst::detached::<P>,
        "asleep" => round_trip::both_asleep::<P>,
        "awake" => round_trip::both_awake::<P>,
        "idle" => idle::idle::<P>,
        "stopped" => stopped::stopped::<P>,
        _ => return None,
    })
}

/// The type of a pool for each size of load.
trait Family {
    type Of<const BYTES: usize>: payload::Carrier<BYTES>;
}

impl Family for rayon::Spawn {
    type Of<const BYTES: usize> = Self;
}

impl Family for channel::Boxed {
    type Of<const BYTES: usize> = Self;
}

impl Family for channel::Inline {
    type Of<const BYTES: usize> = channel::InlineLoad<BYTES>;
}

fn loaded<F: Family>(mode: &str) -> Option<Measure> {
    Some(match mode {
        "load0" => payload::loaded::<0, F::Of<0>>,
        "load16" => payload::loaded::<16, F::Of<16>>,
        "load48" => payload::loaded::<48, F::Of<48>>,
        "load112" => payload::loaded::<112, F::Of<112>>,
        "load240" => payload::loaded::<240, F::Of<240>>,
        "load496" => payload::loaded::<496, F::Of<496>>,
        "load1008" => payload::loaded::<1008, F::Of<1008>>,
        _ => return None,
    })
}

/// The function that measures `mode` of the peer `name` in this process.
pub fn find(name: &str, mode: &str) -> Option<Measure> {
    let own: Option<Measure> = match (name, mode) {
        ("jobring", "handles") => Some(jobring::handles),
        ("jobring", "completions") => Some(jobring::completions),
        ("jobring", "event loop") => Some(jobring::event_loop),
        ("jobring", "wait_idle") => Some(jobring::until_idle),
        ("jobring", "counter") => Some(jobring::until_counted),
        ("jobring", "asleep") => Some(jobring::both_asleep),
        ("jobring", "first of 8") => Some(jobring::first_of_eight),
        ("jobring", "one of 8") => Some(jobring::one_of_eight),
        ("jobring", "awake") => Some(jobring::both_awake),
        ("jobring", "itself") => Some(jobring::waiter_runs_it),
        ("jobring", "many") => Some(jobring::many),
        ("jobring", "resize") => Some(jobring::resize),
        ("jobring", "lanes") => Some(jobring::lanes),
        ("jobring", "loop") => Some(fork::loop_jobring),
        ("jobring", "fib") => Some(fork::fib_jobring),
        ("jobring C", "detached") => Some(jobring_c::detached),
        ("jobring C", "batches") => Some(jobring_c::batches),
        ("jobring C", "handles") => Some(jobring_c::handles),
        ("jobring C", "completions") => Some(jobring_c::completions),
        ("jobring C", "many") => Some(jobring_c::many),
        ("rayon", "handles") => Some(rayon::scopes),
        ("rayon", "itself") => Some(rayon::waiter_runs_it),
        ("rayon", "many") => Some(rayon::many),
        ("rayon", "loop") => Some(fork::loop_rayon),
        ("rayon", "fib") => Some(fork::fib_rayon),
        ("threadpool", "handles") => Some(threadpool::joins),
        ("threadpool", "many") => Some(threadpool::many),
        ("channel, boxed", "handles") => Some(channel::handles),
        ("channel, inline", "completions") => Some(channel::completions),
        ("channel, inline", "event loop") => Some(channel::event_loop),
        ("channel, inline", "many") => Some(channel::many),
        ("tokio", "handles") => Some(tokio::handles),
        ("tokio", "many") => Some(tokio::many),
        ("chili", "loop") => Some(fork::loop_chili),
        ("chili", "fib") => Some(fork::fib_chili),
        #[cfg(feature = "fork-union")]
        ("fork_union", "loop") => Some(fork::loop_fork_union),
        ("bare", "asleep") => Some(bare::wake_and_wait),
        ("bare", "awake") => Some(bare::line_to_and_fro),
        ("bare", "itself") => Some(bare::call),
        ("bare", "many") => Some(bare::many),
        ("bare", "resize") => Some(bare::resize),
        ("bare", "loop") => Some(fork::loop_alone),
        ("bare", "fib") => Some(fork::fib_alone),
        ("jobring rings", "ring") => Some(ring::pairs::<jobring_rings::Queue>),
        ("jobring, Queue", "ring") => Some(ring::pairs::<queues::Public>),
        ("jobring, BlockingQueue", "ring") => Some(ring::pairs::<queues::Blocking>),
        ("ArrayQueue", "ring") => Some(ring::pairs::<crossbeam_queue::ArrayQueue<usize>>),
        ("crossbeam-channel", "ring") => Some(ring::pairs::<queues::Channel>),
        ("heapless", "ring") => Some(ring::pairs::<queues::Heapless>),
        ("Mutex<VecDeque>", "ring") => Some(ring::pairs::<queues::Locked>),
        _ => None,
    };
    own.or_else(|| match name {
        "jobring" => of_any::<::jobring::Pool>(mode).or_else(|| jobring::loaded(mode)),
        "jobring C" => of_any::<jobring_c::CFace>(mode),
        "rayon" => of_any::<rayon::Spawn>(mode).or_else(|| loaded::<rayon::Spawn>(mode)),
        "threadpool" => of_any::<::threadpool::ThreadPool>(mode),
        "channel, inline" => of_any::<channel::Inline>(mode).or_else(|| loaded::<channel::Inline>(mode)),
        "channel, boxed" => of_any::<channel::Boxed>(mode).or_else(|| loaded::<channel::Boxed>(mode)),
        "ArrayQueue, by hand" => of_any::<hand::Hand>(mode),
        "tokio" => of_any::<tokio::Blocking>(mode),
        #[cfg(feature = "forte")]
        "forte" => of_any::<forte::Forte>(mode),
        _ => None,
    })
}
