//! The freeze test: a thread that is stopped for ever before any of its atomic operations stops no other
//! thread.
//!
//! A first run finds the pairs of site and role that occur. Then a thread is frozen at each pair in turn,
//! while the others do 2,000 cycles of submit, run and wait (10,000 in `.ci/run`). After that every job and every slot is
//! accounted for. Only two kinds of calls may block: a wait for the frozen thread itself; and, while that
//! thread holds the lock of the wait-for graph, a wait, submit or shutdown inside a job that is about to
//! sleep and needs the lock. A ring that claims positions before it fills them, with the same stop points,
//! must fail. In completion queues (`queues.rs`) the others also submit beyond a limit, and take; in the calls
//! of `calls.rs` they wait for the first of several jobs, and are interrupted. In lanes (`lanes.rs`) the frozen
//! thread's lane may stand still, and another one goes on.

mod arena;
mod board;
mod calls;
mod control;
mod halves;
mod harness;
mod lanes;
mod queues;

use arena::{Arena, OWN_WORKERS, all_slots_are_free, capacity};
use control::Vyukov;
use harness::*;
use jobring_frozen::{JobError, Pool, ShutdownMode, Site, StaticPool, SubmitError, freeze};
use jobring_harness::{Coverage, Progress};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Scope, scope};
use std::time::{Duration, Instant};

/// The stop points are the process's: one test at a time.
static ONE: Mutex<()> = Mutex::new(());
static LEDGERS: Mutex<usize> = Mutex::new(0);

/// Sites that no thread of these roles comes to, by name or by where they stand, each with its reason. All
/// others must be hit.
const NEVER: &[(&[&str], &str)] = &[
    (&["CountTail", "CountEntry", "CountHead"], "statistics"),
    (
        &["AheadLook", "VisitorsCount"],
        "a guess that decides whether to spin, which nobody does in these builds",
    ),
    (
        &["queue/"],
        "the public queue, which is no part of a pool: the models' (loom-tests/queue.rs, blocking_queue.rs)",
    ),
    (&["processes/"], "process workers, whose stops are the checker's (tests/checker/processes)"),
    (&["ring/init.rs"], "unit tests of the wrap-around, before the ring is shared"),
    (
        &["fork_join/"],
        "inside one parallel for, whose caller waits for everybody who is in it, and nobody else does",
    ),
    (&["slot/waker.rs", "engine/task_wait.rs"], "tasks that await a job: the models' (loom-tests/future.rs)"),
    (&["GraphContend", "GraphContendLost"], SECOND_JOB),
    (&["VisitorsWait", "VisitorsLook"], "destroy of the C API: the end of the pool's memory"),
    (&["HookEnd", "HooksLook"], "the making of a pool: nobody else has it yet (loom-tests/end.rs)"),
    (
        &["LeaveFence", "LeaveUpdate", "LeaveWake", "LeaveEnd", "LeaveEndFence", "engine/headcount.rs"],
        "workers that come and go: no job waits for one that leaves (loom-tests/resize.rs)",
    ),
    (
        &["PauseUpdate", "ResumeUpdate", "ResumeFence"],
        "a pause: all others wait for its end (loom-tests/pause.rs)",
    ),
    (&["PopNextEntry"], "batches, which only the C API has: the models' (loom-tests/frozen.rs, batch.rs)"),
    (
        &["platform/user_port/"],
        "a port of the user's; this one is the system's. Its steps are the models' (loom-tests/seats.rs)",
    ),
];
const SECOND_JOB: &str = "a second job that sleeps in a call of its pool: it may wait for the first (the models', and the \
     checker's machine)";

/// Between the decision to wake a thread and the wake.
const WAKER: &[Site] = &[
    Site::GrantWake,
    Site::ForceWake,
    Site::ResolveWake,
    Site::FreeSlotWake,
    Site::VacateWake,
    Site::CloseWake,
    Site::EventWake,
];

/// What a worker does while it is counted as searching. PopHead and so on come elsewhere too, so they are
/// armed when the worker is known to search.
const SEARCHING: &[Site] =
    &[Site::PopHead, Site::PopEntry, Site::AdvanceHead, Site::FoundUpdate, Site::RegisterUpdate];

type Pair = (u8, u16);

/// Where a pair was seen, and is frozen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scene {
    Open,
    /// Open, and handles are copied.
    Shared,
    Closing,
    /// Open, and its jobs go to completion queues.
    Queues,
    /// Open, and threads are in the calls of `calls.rs`.
    Calls,
    /// Open, and its jobs go to lanes.
    Lanes,
}

/// A pair to freeze, and the stop that its thread must have made before.
#[derive(Clone, Copy)]
struct Target {
    role: u8,
    site: Site,
    after: Option<(u8, Site)>,
}

impl Target {
    fn named(&self) -> String {
        let after = self.after.map_or(String::new(), |(role, site)| match role == self.role {
            true => format!(" after {}", site.name()),
            false => format!(" after {} of the {}", site.name(), name(role)),
        });
        format!("{} × {}{after}", self.site.name(), name(self.role))
    }
}

fn ledger() -> &'static Ledger {
    *LEDGERS.lock().unwrap() += 1;
    Box::leak(Box::new(Ledger::new()))
}

fn pool(round: usize) -> Arc<Pool> {
    Arc::new(Pool::builder().workers(OWN_WORKERS).capacity(capacity(round)).build().unwrap())
}

fn end(pool: Arc<Pool>) {
    let pool = Arc::try_unwrap(pool).expect("a job has kept the pool");
    drop(pool);
}

fn hits() -> BTreeMap<Pair, u64> {
    let pairs = ROLES.iter().flat_map(|&role| Site::ALL.iter().map(move |&site| (role, site)));
    pairs.map(|(role, site)| ((role, site as u16), freeze::hits(role, site))).collect()
}

fn site(number: u16) -> Site {
    Site::ALL[number as usize]
}

/// Adds what happened since `before`.
fn count(into: &mut BTreeMap<Pair, u64>, before: &BTreeMap<Pair, u64>) {
    for (pair, now) in hits() {
        let new = now - before[&pair];
        if new > 0 {
            *into.entry(pair).or_default() += new;
        }
    }
}

/// Everything that happens in an open pool, and what can be made to happen.
fn census_of_an_open_pool(seen: &mut BTreeMap<Pair, u64>, sharing: bool) {
    for round in 0..4 {
        stage(format!("open census {round}"));
        let (pool, ledger) = (pool(round), ledger());
        let before = hits();
        let arena = Arena::new(&pool, ledger, sharing);
        scope(|s| {
            arena.start_roles(s, round as u64);
            let _stop_on_panic = StopOnPanic(&arena);
            assert!(until(|| [SUBMITTER, WAITER, CANCELLER].iter().all(|&role| arena.acts(role) > 3_000)));
            for role in ROLES {
                if freeze::hits(role, Site::PushEntry) > before[&(role, Site::PushEntry as u16)] {
                    provoke(&arena, s, target(role, Site::PushTailAgain)).unwrap();
                    release();
                }
            }
            if sharing {
                for role in [WAITER, CANCELLER] {
                    provoke(&arena, s, target(role, Site::VacateWake)).unwrap();
                    release();
                }
                provoke(&arena, s, target(CANCELLER, Site::ForceWake)).unwrap();
                release();
            } else {
                for target in [target(WAITER, Site::ForceWake), target(WORKER, Site::CancelUpdate)] {
                    provoke(&arena, s, target)
                        .unwrap_or_else(|why| panic!("{} × {}: {why}", target.role, target.site.name()));
                    release();
                }
            }
            arena.run();
            arena.pause(&[]).unwrap();
            count(seen, &before);
            finish(&arena);
        });
        drop(arena);
        ledger.balance(false).unwrap();
        end(pool);
    }
}

/// All threads end: all jobs have finished, all slots are free, the pool is closed.
fn finish(arena: &Arena) {
    arena.stop();
    assert!(until(|| arena.all_gone()), "someone does not come home");
    assert!(until(|| arena.ledger.outstanding() == 0), "{} jobs are lost", arena.ledger.outstanding());
    all_slots_are_free(arena.pool).unwrap();
    let report = arena.pool.shutdown(ShutdownMode::Drain, Some(GENEROUS)).unwrap();
    assert_eq!(report, jobring_frozen::ShutdownReport::default());
}

/// The stop that must come before, where the site is come to only in a certain situation.
fn target(role: u8, site: Site) -> Target {
    let after = match (role, site) {
        // A pusher that is a whole lap late.
        (_, Site::PushTailAgain) => Some((role, Site::PushEntry)),
        // A job that lies in the ring while wake-ups were granted and not delivered.
        (WAITER | CANCELLER, Site::ForceUpdate | Site::ForceWake | Site::IdleUpdateLost) => {
            Some((DECOY, Site::GrantWake))
        }
        // A job comes while a worker goes to sleep, and nobody else is free to take it.
        (WORKER, Site::CancelUpdate) => Some((WORKER, Site::RegisterFence)),
        // Two wait for one job, and the second comes while the first looks at the result, before it takes it.
        (_, Site::VacateWake) => Some((role, Site::Flag)),
        _ => lanes::before(role, site),
    };
    Target { role, site, after }
}

/// Brings the target's thread to stand still at its site, in trap 0.
fn provoke<'s>(arena: &'s Arena, scope: &'s Scope<'s, '_>, target: Target) -> Result<(), String> {
    let never = || Err(NEVER_CAME.into());
    let Some((role, site)) = target.after else {
        // Armed before anybody was there: some sites are come to only once.
        return if freeze::await_frozen(0, ONE_LIFE) { Ok(()) } else { never() };
    };
    if target.site == Site::VacateWake {
        let end = Instant::now() + GENEROUS;
        while Instant::now() < end {
            arena.run();
            freeze::arm(1, role, site);
            if !freeze::await_frozen(1, GENEROUS) {
                return never();
            }
            freeze::arm(0, target.role, target.site);
            // Time for the other one to come to the same job, and sleep.
            freeze::await_frozen(0, Duration::from_millis(2));
            freeze::thaw(1);
            if freeze::await_frozen(0, Duration::from_millis(2)) {
                return Ok(());
            }
            release();
        }
        return never();
    }
    if role != DECOY {
        arena.run();
        freeze::arm(1, role, site);
        if !freeze::await_frozen(1, GENEROUS) {
            return never();
        }
        if target.site == Site::PushTailAgain {
            arena.pause(&[role])?;
            // Several laps of either ring.
            drive(arena, 100, GENEROUS).map_err(|(_, why)| why)?;
        }
        let busy = if target.site == Site::CancelUpdate {
            arena.pause(&[role])?;
            Some(arena.occupy_the_others()?)
        } else {
            None
        };
        freeze::arm(0, target.role, target.site);
        if busy.is_none() {
            arena.run();
        }
        freeze::thaw(1);
        let frozen = freeze::await_frozen(0, GENEROUS);
        if let Some(busy) = busy {
            busy.store(false, SeqCst);
            arena.run();
        }
        return if frozen { Ok(()) } else { never() };
    }
    let end = Instant::now() + GENEROUS;
    while Instant::now() < end {
        // With all workers asleep, two decoys stop before each wakes one: whoever pushes then relies on two.
        // So the waiter loses its patience. If a worker was awake it takes a wake-up: again.
        arena.pause(&[])?;
        arena.settle(0)?;
        freeze::arm(1, role, site);
        freeze::arm(2, role, site);
        arena.decoy(scope);
        arena.decoy(scope);
        if [1, 2].iter().all(|&trap| freeze::await_frozen(trap, Duration::from_millis(20))) {
            freeze::arm(0, target.role, target.site);
            arena.feed(target.role);
            arena.alone(target.role);
            if freeze::await_frozen(0, Duration::from_millis(100)) {
                return Ok(());
            }
        }
        release();
    }
    never()
}

/// Lets all threads end if a check fails in between: otherwise the scope would wait for them for ever.
struct StopOnPanic<'a, 'p>(&'a Arena<'p>);

impl Drop for StopOnPanic<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            release();
            self.0.stop();
            let _ = self.0.pool.shutdown(ShutdownMode::Drain, Some(Duration::ZERO));
        }
    }
}

/// Thaws all threads.
fn release() {
    (0..freeze::TRAPS).for_each(|trap| _ = freeze::thaw(trap));
}

/// Freezes the target in an open pool while others go on.
fn freeze_open(target: Target, round: usize, sharing: bool) -> Result<Figures, String> {
    let (pool, ledger) = (pool(round), ledger());
    let arena = Arena::new(&pool, ledger, sharing);
    let figures = scope(|s| {
        if target.after.is_none() {
            freeze::arm(0, target.role, target.site);
        }
        arena.start_roles(s, round as u64);
        let _stop_on_panic = StopOnPanic(&arena);
        let frozen = provoke(&arena, s, target).and_then(|()| {
            arena.pause(&[target.role])?;
            let figures =
                drive(&arena, cycles(), GENEROUS).map_err(|(figures, why)| format!("{why} {figures:?}"))?;
            arena.settle(target.role)?;
            // One forced wake-up, and the pool is as if the frozen thread were not there. On a machine that
            // is busy with other things a waiter loses its patience for nothing at times.
            thaw(figures, cycles() / 20)
        });
        release();
        finish(&arena);
        frozen
    })?;
    drop(arena);
    ledger.balance(false)?;
    end(pool);
    Ok(figures)
}

/// One life of a pool with all its threads, until it is closed. With a target: Some if it was frozen.
fn one_closing(target: Option<Target>, round: usize) -> Result<Option<Figures>, String> {
    let (pool, ledger, sharing) = (pool(round), ledger(), round / 4 % 2 == 1);
    let arena = Arena::new(&pool, ledger, sharing);
    let queued = [ShutdownMode::Drain, ShutdownMode::Discard][round / 2 % 2];
    let result = scope(|s| {
        arena.start_roles(s, round as u64);
        let _stop_on_panic = StopOnPanic(&arena);
        assert!(until(|| arena.acts(SUBMITTER) > if sharing { 40 } else { 3 }));
        let kept = sharing && round / 16 % 2 == 1;
        if kept {
            arena.pause(&[])?;
            arena.leave_a_failure();
        }
        if let Some(target) = target {
            freeze::arm(0, target.role, target.site);
        }
        arena.close(s, queued);
        if kept {
            arena.run();
        }
        if round / 8 % 2 == 1 {
            // A second closer, who goes his way.
            s.spawn(|| pool.shutdown(queued, None).is_ok());
        }
        until(|| freeze::frozen(0) || arena.closed.load(SeqCst));
        // The worker, and a thread that notifies closers, may come there later.
        let late = Duration::from_micros(if target.is_some() { 200 } else { 0 });
        let result = match freeze::await_frozen(0, late) {
            true => while_frozen_in_closing(&arena, target.map_or(0, |target| target.role)).map(Some),
            false => Ok(None),
        };
        release();
        arena.stop();
        result
    })?;
    let report = pool
        .shutdown(ShutdownMode::Drain, Some(GENEROUS))
        .map_err(|left| format!("not quiescent: {left:?}"))?;
    if report != jobring_frozen::ShutdownReport::default() {
        return Err(format!("left behind: {report:?}"));
    }
    drop(arena);
    ledger.balance(true)?;
    end(pool);
    Ok(result)
}

/// A closed pool takes no cycles: then it must refuse as often, run what it accepted, and let another closer
/// in and out.
fn while_frozen_in_closing(arena: &Arena, role: u8) -> Result<Figures, String> {
    let begin = Instant::now();
    arena.pause(&[role])?;
    let mut figures = Figures::default();
    while figures.cycles + figures.refused < cycles() {
        match arena.pool.submit_timeout(|| (), GENEROUS) {
            Err(SubmitError::Shutdown(_)) => figures.refused += 1,
            Err(error) => return Err(format!("a submit gave {error}")),
            Ok(job) => match job.wait_timeout(GENEROUS).map_err(|_| "a job is never over")? {
                Ok(()) => figures.cycles += 1,
                // The second closer comes when it comes.
                Err(JobError::Cancelled) => figures.refused += 1,
                Err(error) => return Err(error.to_string()),
            },
        }
    }
    if figures.refused > 0 {
        // Ok or not, it comes back.
        let _ = arena.pool.shutdown(ShutdownMode::Drain, Some(Duration::from_millis(1)));
    }
    arena.settle(role)?;
    figures.seconds = begin.elapsed().as_secs_f64();
    Ok(figures)
}

#[test]
fn a_thread_frozen_anywhere_stops_nobody_else() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    freeze::set_role(OTHERS);
    let begin = Instant::now();
    let (cases, second) = match halves::given() {
        Some(cases) => (cases, None),
        None => {
            let (cases, second) =
                halves::divide(cases_of_a_census(), "a_thread_frozen_anywhere_stops_nobody_else");
            (cases, Some(second))
        }
    };
    let progress =
        Progress::begin("pairs to freeze, in one of two processes", cases.len(), Some("about 20 s"));
    let (mut round, mut pairs, mut cycles, mut failures) = (0, 0, 0, Vec::new());
    for (target, scene, hits) in cases {
        stage(format!("freezing {} {scene:?}", target.named()));
        let whole = Instant::now();
        let result = loop {
            round += 1;
            let result = match scene {
                Scene::Open => freeze_open(target, round, false),
                Scene::Shared => freeze_open(target, round, true),
                Scene::Queues => queues::freeze_in_a_queue(target, round),
                Scene::Calls => calls::freeze_in_a_call(target, round),
                Scene::Lanes => lanes::freeze_in_a_lane(target, round),
                Scene::Closing => one_closing(Some(target), round)
                    .and_then(|figures| figures.ok_or_else(|| NEVER_CAME.into())),
            };
            if result.as_ref().is_err_and(|why| why == NEVER_CAME) && whole.elapsed() < 2 * GENEROUS {
                continue;
            }
            break result;
        };
        tell(target, scene, &result, whole.elapsed(), hits);
        match result {
            Ok(figures) => (pairs, cycles) = (pairs + 1, cycles + figures.cycles),
            Err(why) => failures.push(format!("{}: {why}", target.named())),
        }
        progress.step();
    }
    freeze::set_role(0);
    let seconds = begin.elapsed().as_secs_f64();
    say(&format!("frozen: {pairs} pairs, {cycles} cycles meanwhile, {seconds:.1} s in all"));
    let ended = second.map(|mut second| second.wait().expect("a child"));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(ended.is_none_or(|ended| ended.success()), "the second process, above: {ended:?}");
}

/// Finds the operations that threads come to, and checks that no site is missing.
fn cases_of_a_census() -> Vec<halves::Case> {
    let begin = Instant::now();
    say(
        "census of the operations that threads come to, about 10 s on two cores that have nothing else to do",
    );
    let mut seen = BTreeMap::new();
    let mut census = |scene: Scene| {
        let mut new = BTreeMap::new();
        match scene {
            Scene::Open => census_of_an_open_pool(&mut new, false),
            Scene::Shared => census_of_an_open_pool(&mut new, true),
            // What came seldom may not come again in good time.
            Scene::Queues => {
                queues::census(&mut new);
                new.retain(|_, hits| *hits >= 8);
            }
            Scene::Calls => {
                calls::census(&mut new);
                new.retain(|_, hits| *hits >= 8);
            }
            Scene::Lanes => lanes::census(&mut new),
            Scene::Closing => {
                let before = hits();
                for round in 0..240 {
                    stage(format!("closing census {round}"));
                    one_closing(None, round).unwrap();
                }
                count(&mut new, &before);
            }
        }
        for (pair, hits) in new {
            seen.entry(pair).or_insert((scene, hits));
        }
    };
    census(Scene::Open);
    census(Scene::Shared);
    census(Scene::Closing);
    census(Scene::Queues);
    census(Scene::Calls);
    census(Scene::Lanes);
    let of = |scene| seen.values().filter(|(seen, _)| *seen == scene).count();
    say(&format!(
        "census: {} pairs in an open pool, {} more where handles are copied, {} more while it closes, {} more in queues, {} more in calls, {} more in lanes, {:.1} s",
        of(Scene::Open),
        of(Scene::Shared),
        of(Scene::Closing),
        of(Scene::Queues),
        of(Scene::Calls),
        of(Scene::Lanes),
        begin.elapsed().as_secs_f64()
    ));
    every_site_was_hit(&seen);

    let searching = SEARCHING.iter().map(|&site| {
        let after = Some((WORKER, Site::SearchUpdate));
        (Target { role: WORKER, site, after }, Scene::Open, 0)
    });
    let seen = seen.iter().map(|(&(role, number), &(scene, hits))| (target(role, site(number)), scene, hits));
    let behind =
        [(queues::BEHIND, Scene::Queues), (calls::BEHIND, Scene::Calls), (lanes::BEHIND, Scene::Lanes)];
    let behind = behind
        .into_iter()
        .flat_map(|(list, scene)| targets_behind(list).map(move |target| (target, scene, 0)));
    seen.chain(searching).chain(behind).collect()
}

/// What must be frozen behind another site of the same role: the role, that site, and those to freeze.
type Behind = [(u8, Site, &'static [Site])];

fn targets_behind(list: &'static Behind) -> impl Iterator<Item = Target> {
    list.iter().flat_map(|&(role, first, sites)| {
        sites.iter().map(move |&site| Target { role, site, after: Some((role, first)) })
    })
}

fn tell(target: Target, scene: Scene, result: &Result<Figures, String>, whole: Duration, hits: u64) {
    let what = match (WAKER.contains(&target.site), target.after) {
        (true, _) => "frozen waker",
        (false, Some((_, Site::SearchUpdate))) => "frozen searcher",
        _ => "",
    };
    let figures = match result {
        Ok(f) if f.refused > 0 => format!("{:>5} refused {:>6.3} s            ", f.refused, f.seconds),
        Ok(f) => format!("{:>5} cycles  {:>6.3} s {:>4} forced", f.cycles, f.seconds, f.forced),
        Err(why) => format!("FAILED: {why}"),
    };
    let (scene, name) = (format!("{scene:?}"), target.named());
    say(&format!("{scene:<8}{name:<52} {figures} {:>7.3} s whole, {hits} hits {what}", whole.as_secs_f64()));
}

fn every_site_was_hit(seen: &BTreeMap<Pair, (Scene, u64)>) {
    let hit = |name: &str| seen.keys().any(|(_, number)| site(*number).name() == name);
    Coverage::new(include_str!("../../src/sync/site.rs"), NEVER).check(hit).unwrap();
}

/// The operations of eight takes from a queue of so many jobs, all of which have ended.
fn operations_of_eight_takes(jobs: u64) -> u64 {
    let pool = StaticPool::<64, 0, 48>::new();
    let queue = pool.completions().unwrap();
    for n in 0..jobs {
        queue.submit(n, move || n).unwrap();
    }
    pool.run_until_idle();
    let operations = || Site::ALL.iter().map(|&site| freeze::hits(OTHERS, site)).sum::<u64>();
    let before = operations();
    freeze::set_role(OTHERS);
    for n in 0..8 {
        assert_eq!(queue.recv().unwrap().tag, n);
    }
    freeze::set_role(0);
    operations() - before
}

#[test]
fn a_take_costs_the_same_however_many_jobs_are_pending() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(operations_of_eight_takes(9), operations_of_eight_takes(64));
}

/// As `freeze_open`, for the control.
fn freeze_control(frozen: Option<(u8, Site)>) -> Result<Figures, (Figures, String)> {
    let ring = Vyukov::<16>::new();
    scope(|s| {
        if let Some((role, site)) = frozen {
            freeze::arm(0, role, site);
        }
        let ring = &ring;
        s.spawn(|| {
            freeze::set_role(WORKER);
            ring.work();
        });
        s.spawn(|| ring.work());
        s.spawn(|| {
            freeze::set_role(SUBMITTER);
            ring.submit_and_wait();
        });
        assert!(frozen.is_none() || freeze::await_frozen(0, GENEROUS));
        let result = drive(ring, cycles(), Duration::from_secs(2));
        ring.stop();
        freeze::thaw(0);
        result
    })
}

#[test]
fn a_ring_that_claims_before_it_publishes_fails() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    stage("the control".into());
    let begin = Instant::now();
    assert_eq!(freeze_control(None).unwrap().cycles, cycles(), "the control works");
    // Before the claim nothing is held yet.
    for (role, site) in [(SUBMITTER, Site::AdvanceTail), (WORKER, Site::AdvanceHead)] {
        assert_eq!(freeze_control(Some((role, site))).unwrap().cycles, cycles());
    }
    // Between the claim and the publication, of a filled cell or of an emptied one.
    for (role, site) in [(SUBMITTER, Site::PushPublish), (WORKER, Site::LeaveRing)] {
        let (figures, why) = freeze_control(Some((role, site))).expect_err("the control must fail");
        say(&format!(
            "control {:<24} × {:<10} stands still after {} cycles: {why}",
            site.name(),
            name(role),
            figures.cycles
        ));
        assert!(figures.cycles < 16, "at most a lap");
    }
    say(&format!("control: {:.1} s", begin.elapsed().as_secs_f64()));
}
