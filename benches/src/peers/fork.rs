//! Fork and join: a loop over an array (W4), and the recursion of fib (W7).

use crate::machine::usage;
use crate::params::{Params, Report};
use rayon::prelude::*;
use std::hint::black_box;
use std::num::NonZero;
use std::time::{Duration, Instant};

fn body(part: &mut [u32]) {
    for item in part {
        *item = item.wrapping_mul(3).wrapping_add(1);
    }
}

/// The distribution of one region's time, microseconds.
fn regions(params: &Params, mut region: impl FnMut(&mut [u32])) -> Report {
    let mut data = vec![7u32; params.size("n")];
    let budget = Duration::from_millis(params.get("millis"));
    (0..10).for_each(|_| region(black_box(&mut data)));
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < budget || times.len() < 20 {
        let begin = Instant::now();
        region(black_box(&mut data));
        times.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    Report::distribution(times)
}

/// The plain loop.
pub fn loop_alone(params: &Params) -> Report {
    regions(params, body)
}

/// jobring's parallel_for, with a grain that it finds itself, unless one is given.
pub fn loop_jobring(params: &Params) -> Report {
    let (workers, spin) = (params.size("threads") - 1, params.find("spin").unwrap_or(0) as u32);
    let grain = params.find("grain").unwrap_or(0) as usize;
    let pool = jobring::Pool::builder().workers(workers).spin(spin).build().expect("a pool");
    regions(params, |data| {
        // As a number, which threads may share.
        let start = data.as_mut_ptr() as usize;
        pool.parallel_for(0..data.len(), grain, |share| {
            // SAFETY:
            // - shares are disjoint ranges within the data, which outlives the region.
            body(unsafe {
                std::slice::from_raw_parts_mut((start as *mut u32).add(share.start), share.len())
            });
        });
    })
}

/// rayon: par_chunks_mut, eight chunks or of 256 at least.
pub fn loop_rayon(params: &Params) -> Report {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(params.size("threads")).build().expect("a pool");
    let chunk = (params.size("n") / 8).max(256);
    pool.install(|| regions(params, |data| data.par_chunks_mut(chunk).for_each(body)))
}

fn halves(scope: &mut chili::Scope<'_>, data: &mut [u32]) {
    if data.len() <= 1024 {
        return body(data);
    }
    let (left, right) = data.split_at_mut(data.len() / 2);
    scope.join(|scope| halves(scope, left), |scope| halves(scope, right));
}

fn chili_pool(params: &Params) -> chili::ThreadPool {
    let thread_count = NonZero::new(params.size("threads"));
    chili::ThreadPool::with_config(chili::Config { thread_count, ..Default::default() })
}

/// chili: halves down to 1,024.
pub fn loop_chili(params: &Params) -> Report {
    let pool = chili_pool(params);
    let mut scope = pool.scope();
    regions(params, |data| halves(&mut scope, data))
}

/// fork_union: a slice for each thread.
#[cfg(feature = "fork-union")]
pub fn loop_fork_union(params: &Params) -> Report {
    let mut pool = fork_union::ThreadPool::try_spawn(params.size("threads")).expect("a pool");
    regions(params, |data| {
        // As a number, which threads may share.
        let start = data.as_mut_ptr() as usize;
        let part = |prong: fork_union::Prong, count| {
            // SAFETY:
            // - for_slices gives disjoint ranges within the data, which outlives the region.
            body(unsafe { std::slice::from_raw_parts_mut((start as *mut u32).add(prong.task_index), count) });
        };
        drop(pool.for_slices(data.len(), part));
    })
}

/// Nanoseconds per join of `fib`, and the CPU time.
fn joins(params: &Params, mut fib: impl FnMut(u32) -> u64) -> Report {
    let n = params.get("n") as u32;
    let want = plain(n);
    // A call with n > 1 is a join: fib(n + 1) - 1 of them.
    let joins = (plain(n + 1) - 1) as f64;
    let budget = Duration::from_millis(params.get("millis"));
    let (begin, before, mut times) = (Instant::now(), usage(false), Vec::new());
    while begin.elapsed() < budget || times.len() < 3 {
        let begin = Instant::now();
        assert_eq!(fib(n), want);
        times.push(begin.elapsed().as_secs_f64() * 1e9 / joins);
    }
    let cpu = (usage(false).cpu - before.cpu) / joins / times.len() as f64;
    times.sort_by(f64::total_cmp);
    let mut report = Report::one("ns", times[times.len() / 2]);
    report.add("cpu_ns", cpu);
    report
}

#[inline(never)]
fn plain(n: u32) -> u64 {
    if black_box(n) <= 1 { u64::from(n) } else { plain(n - 1) + plain(n - 2) }
}

/// Two calls.
pub fn fib_alone(params: &Params) -> Report {
    joins(params, plain)
}

/// jobring's join.
pub fn fib_jobring(params: &Params) -> Report {
    fn fib(pool: &jobring::Pool, n: u32) -> u64 {
        if n <= 1 {
            return u64::from(n);
        }
        let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
        a + b
    }
    let (workers, spin) = (params.size("threads") - 1, params.find("spin").unwrap_or(0) as u32);
    let pool = jobring::Pool::builder().workers(workers).spin(spin).build().expect("a pool");
    joins(params, |n| fib(&pool, n))
}

/// rayon::join.
pub fn fib_rayon(params: &Params) -> Report {
    fn fib(n: u32) -> u64 {
        if n <= 1 {
            return u64::from(n);
        }
        let (a, b) = rayon::join(|| fib(n - 1), || fib(n - 2));
        a + b
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(params.size("threads")).build().expect("a pool");
    pool.install(|| joins(params, fib))
}

/// chili's join.
pub fn fib_chili(params: &Params) -> Report {
    fn fib(scope: &mut chili::Scope<'_>, n: u32) -> u64 {
        if n <= 1 {
            return u64::from(n);
        }
        let (a, b) = scope.join(|scope| fib(scope, n - 1), |scope| fib(scope, n - 2));
        a + b
    }
    let pool = chili_pool(params);
    let mut scope = pool.scope();
    joins(params, |n| fib(&mut scope, n))
}
