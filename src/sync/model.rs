//! The model side of the facade: loom's types under the names of `real`, and the ordering override.

extern crate std;

use super::site::Site;
use core::sync::atomic::Ordering;
use std::sync::OnceLock;
use std::vec::Vec;

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::atomic::AtomicUsize;

pub(crate) fn spin_loop() {
    loom::thread::yield_now();
}

/// Is the calling thread unwinding? A panic ends an execution: the checker's threads stay where they are, and destructors
/// must neither wait for them nor meet them again, or a second panic would end the process before the first is told.
pub(crate) fn dying() -> bool {
    std::thread::panicking()
}

/// A fence; `Relaxed` stands for a fence that was taken out.
pub(crate) fn fence(order: Ordering) {
    if order != Ordering::Relaxed {
        loom::sync::atomic::fence(order);
    }
}

/// The ordering of a site, or what `JOBRING_WEAKEN=Site=Ordering[,…]` replaces it with.
pub(crate) fn o(site: Site, order: Ordering) -> Ordering {
    static OVERRIDES: OnceLock<Vec<(Site, Ordering)>> = OnceLock::new();
    let overrides = OVERRIDES.get_or_init(|| {
        std::env::var("JOBRING_WEAKEN").map(|text| text.split(',').map(parse).collect()).unwrap_or_default()
    });
    overrides.iter().find(|(named, _)| *named == site).map_or(order, |(_, weaker)| *weaker)
}

fn parse(entry: &str) -> (Site, Ordering) {
    let (name, order) = entry.split_once('=').expect("JOBRING_WEAKEN wants Site=Ordering");
    let site = Site::ALL.iter().copied().find(|site| site.name() == name).expect("no such site");
    let order = match order {
        "Relaxed" => Ordering::Relaxed,
        "Acquire" => Ordering::Acquire,
        "Release" => Ordering::Release,
        "AcqRel" => Ordering::AcqRel,
        _ => panic!("no such ordering: {order}"),
    };
    (site, order)
}
