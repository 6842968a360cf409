//! One pool and the threads that may be frozen in it: a submitter, a worker, a waiter, a canceller and a
//! closer. Each does at random everything that its role can do.

use crate::harness::{
    CANCELLER, CLOSER, DECOY, GENEROUS, Ledger, SUBMITTER, Subject, Token, WAITER, WORKER, name, until,
};
use jobring_frozen::{JobError, JobHandle, JobId, Pool, Shared, ShutdownMode, SubmitError, freeze};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::Scope;
use std::time::Duration;

/// Handles that lie in one mailbox at most. Both full, one in each hand, and a family on a frozen worker
/// leave slots for the others.
const MAX_ORDERS: usize = 3;
/// Jobs of the submitter's bursts: more than any arena's capacity.
const BURST: u64 = 48;

/// Workers of a pool's own; one more enters.
pub const OWN_WORKERS: usize = 2;

/// Not a power of two every other time.
pub fn capacity(round: usize) -> usize {
    [32, 29][round % 2]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Run,
    Pause,
    Only(u8),
    Stop,
}

impl Phase {
    fn stops(self, role: u8) -> bool {
        match self {
            Self::Pause => true,
            Self::Only(one) => one != role,
            Self::Run | Self::Stop => false,
        }
    }
}

/// A job that someone is to wait for, or cancel.
enum Order<'p> {
    Own(JobHandle<'p, u64>, u64),
    /// Not to be cancelled.
    Await(JobHandle<'p, u64>, u64),
    /// The waiter and the canceller have the same, as C callers may.
    Shared(JobId, u64),
}

struct Board<'p> {
    phase: Phase,
    paused: [bool; 8],
    gone: [bool; 8],
    acts: [u64; 8],
    orders: [VecDeque<Order<'p>>; 2],
}

pub struct Arena<'p> {
    pub pool: &'p Arc<Pool>,
    pub ledger: &'static Ledger,
    board: Mutex<Board<'p>>,
    changed: Condvar,
    /// Do the waiter and the canceller get the same jobs at times? Then each may come to wait for the other.
    sharing: bool,
    pub closed: AtomicBool,
}

/// A small generator (xorshift64*), seeded per thread.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64, role: u8) -> Self {
        Self(0x1234_5678_9ABC_DEF1 ^ seed << 8 ^ u64::from(role))
    }

    pub fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}

impl<'p> Arena<'p> {
    pub fn new(pool: &'p Arc<Pool>, ledger: &'static Ledger, sharing: bool) -> Self {
        let orders = [VecDeque::with_capacity(MAX_ORDERS), VecDeque::with_capacity(MAX_ORDERS)];
        let board = Board { phase: Phase::Run, paused: [false; 8], gone: [false; 8], acts: [0; 8], orders };
        let closed = AtomicBool::new(false);
        Self { pool, ledger, board: Mutex::new(board), changed: Condvar::new(), sharing, closed }
    }

    /// Starts the threads of all open roles.
    pub fn start_roles<'s>(&'s self, scope: &'s Scope<'s, '_>, seed: u64) {
        let begin = move |role: u8, act: fn(&'s Self, &mut Dice)| {
            scope.spawn(move || {
                freeze::set_role(role);
                act(self, &mut Dice::new(seed, role));
                freeze::set_role(0);
                self.board.lock().unwrap().gone[role as usize] = true;
                self.changed.notify_all();
            });
        };
        begin(WORKER, |arena, _| assert!(arena.pool.enter_worker()));
        begin(SUBMITTER, Self::submitter);
        begin(WAITER, Self::waiter);
        begin(CANCELLER, Self::canceller);
    }

    /// Starts a thread that closes the pool.
    pub fn close<'s>(&'s self, scope: &'s Scope<'s, '_>, queued: ShutdownMode) {
        self.ledger.closing.store(true, SeqCst);
        scope.spawn(move || {
            freeze::set_role(CLOSER);
            let end = self.pool.shutdown(queued, None);
            freeze::set_role(0);
            assert!(end.is_ok(), "shutdown without a time-out gave {end:?}");
            self.closed.store(true, SeqCst);
        });
    }

    fn set(&self, phase: Phase) {
        self.board.lock().unwrap().phase = phase;
        self.changed.notify_all();
    }

    pub fn run(&self) {
        self.set(Phase::Run);
    }

    /// Stops all threads between two acts, except those that are frozen, and those that may wait for a frozen
    /// thread's job or for a job inside a shutdown that waits for it. Err names a thread that does not stop.
    pub fn pause(&self, frozen: &[u8]) -> Result<(), String> {
        self.set(Phase::Pause);
        let holds = frozen.iter().any(|role| match *role {
            WORKER | CLOSER => true,
            WAITER | CANCELLER => self.sharing,
            _ => false,
        });
        let expected: &[u8] = if holds { &[SUBMITTER] } else { &[SUBMITTER, WAITER, CANCELLER] };
        for &role in expected.iter().filter(|role| !frozen.contains(role)) {
            let waits = || role != SUBMITTER && self.ledger.shutting.load(SeqCst) > 0;
            if !until(|| self.board.lock().unwrap().paused[role as usize] || waits()) {
                return Err(format!("the {} is stuck", name(role)));
            }
        }
        Ok(())
    }

    /// Waits until all jobs have finished, except those that the frozen thread holds and those inside a
    /// shutdown.
    pub fn settle(&self, frozen: u8) -> Result<(), String> {
        let held = match frozen {
            // Its job, and the one that this runs inline.
            WORKER => 2,
            SUBMITTER | CANCELLER | CLOSER => 1,
            _ => 0,
        };
        match until(|| self.ledger.outstanding() <= held + self.ledger.shutting.load(SeqCst)) {
            true => Ok(()),
            false => Err(format!("{} jobs are stuck", self.ledger.outstanding())),
        }
    }

    /// A thread that submits one job.
    pub fn decoy<'s>(&'s self, scope: &'s Scope<'s, '_>) {
        scope.spawn(move || {
            freeze::set_role(DECOY);
            self.detached(true, false);
        });
    }

    /// Keeps the pool's own workers busy until the flag is cleared, and leaves a job in the ring.
    pub fn occupy_the_others(&self) -> Result<Arc<AtomicBool>, String> {
        let busy = Arc::new(AtomicBool::new(true));
        let begun = Arc::new(AtomicUsize::new(0));
        for _ in 0..OWN_WORKERS {
            let (token, busy, begun) = (self.ledger.token(), busy.clone(), begun.clone());
            let job = move || {
                begun.fetch_add(1, SeqCst);
                until(|| !busy.load(SeqCst));
                token.run();
            };
            self.pool.submit_detached(job).map_err(|error| error.to_string())?;
        }
        if !until(|| begun.load(SeqCst) == OWN_WORKERS) {
            return Err("the workers do not begin".into());
        }
        self.detached(true, false);
        Ok(busy)
    }

    /// A job whose failure was delivered and is still to be read in its free slot.
    pub fn leave_a_failure(&self) {
        let token = self.ledger.token();
        let id = token.id;
        let fails = move || -> u64 {
            token.run();
            std::panic::resume_unwind(Box::new(()))
        };
        if let Some(handle) = self.accepted(id, self.pool.submit(fails)) {
            let job = handle.id().expect("in the pool");
            std::mem::forget(handle);
            assert_eq!(self.pool.shared_wait(job, false, false), Shared::Over);
        }
    }

    /// Gives the waiter or the canceller a job to wait for.
    pub fn feed(&self, role: u8) {
        let token = self.ledger.token();
        let id = token.id;
        if let Some(job) = self.accepted(id, self.pool.try_submit(move || token.run())) {
            match role {
                WAITER => self.post(0, Order::Own(job, id)),
                _ => self.post(1, Order::Await(job, id)),
            }
        }
    }

    /// Lets all threads finish, after the jobs in the queues of orders.
    pub fn stop(&self) {
        self.set(Phase::Stop);
    }

    /// Have all threads ended, except the worker, which ends with the pool?
    pub fn all_gone(&self) -> bool {
        let board = self.board.lock().unwrap();
        [SUBMITTER, WAITER, CANCELLER].iter().all(|&role| board.gone[role as usize])
    }

    /// Lets only this role go on.
    pub fn alone(&self, role: u8) {
        self.set(Phase::Only(role));
    }

    /// How often this role acted.
    pub fn acts(&self, role: u8) -> u64 {
        self.board.lock().unwrap().acts[role as usize]
    }

    /// Between two acts. False when it is time to stop.
    fn may_act(&self, role: u8) -> bool {
        let mut board = self.board.lock().unwrap();
        while board.phase.stops(role) {
            board.paused[role as usize] = true;
            board = self.changed.wait(board).unwrap();
        }
        board.paused[role as usize] = false;
        board.acts[role as usize] += 1;
        board.phase != Phase::Stop
    }

    /// Puts a letter into the box of the waiter (0) or the canceller (1). If it is full, the job is detached.
    fn post(&self, to: usize, letter: Order<'p>) {
        let mut board = self.board.lock().unwrap();
        let full = board.orders[to].len() == MAX_ORDERS;
        if !full {
            board.orders[to].push_back(letter);
            drop(board);
            self.changed.notify_all();
            return;
        }
        drop(board);
        match letter {
            Order::Own(job, _) | Order::Await(job, _) => job.detach(),
            Order::Shared(job, _) => self.pool.shared_detach(job),
        }
    }

    /// Puts the same job into both boxes, or detaches it.
    fn post_both(&self, job: JobId, id: u64) {
        let mut board = self.board.lock().unwrap();
        let full = board.orders.iter().any(|orders| orders.len() == MAX_ORDERS);
        if !full {
            board.orders.iter_mut().for_each(|orders| orders.push_back(Order::Shared(job, id)));
        }
        drop(board);
        if full {
            self.pool.shared_detach(job);
        } else {
            self.changed.notify_all();
        }
    }

    fn read(&self, from: usize, role: u8) -> Option<Order<'p>> {
        let mut board = self.board.lock().unwrap();
        loop {
            let paused = board.phase.stops(role);
            board.paused[role as usize] = paused;
            if !paused {
                if let Some(letter) = board.orders[from].pop_front() {
                    board.acts[role as usize] += 1;
                    return Some(letter);
                }
                if board.gone[SUBMITTER as usize] {
                    return None;
                }
            }
            board = self.changed.wait(board).unwrap();
        }
    }

    fn accepted<T>(&self, id: u64, outcome: Result<T, SubmitError<impl FnOnce() -> u64>>) -> Option<T> {
        match outcome {
            Ok(accepted) => Some(accepted),
            Err(error) => {
                // Its closure is dropped unrun.
                self.ledger.refused.add(id);
                drop(error);
                None
            }
        }
    }

    fn submitter(&self, dice: &mut Dice) {
        while self.may_act(SUBMITTER) {
            match dice.throw(10) {
                // More than fit: sleeps until slots come back.
                0 => (0..BURST).for_each(|_| self.detached(false, false)),
                1 => {
                    // Fills the pool, with jobs that themselves block on it, and then gives slots back.
                    let token = || self.ledger.token();
                    let held: [_; 3] = std::array::from_fn(|_| {
                        let token = token();
                        let id = token.id;
                        self.accepted(id, self.pool.try_submit(busy(token)))
                    });
                    (0..BURST).for_each(|n| self.detached(true, n % 8 == 0));
                    drop(held);
                }
                2 => {
                    let token = self.ledger.token();
                    let id = token.id;
                    let patience = Duration::from_micros(dice.throw(200));
                    drop(self.accepted(id, self.pool.submit_timeout(busy(token), patience)));
                }
                3 => {
                    let token = self.ledger.token();
                    let id = token.id;
                    if let Some(job) = self.accepted(id, self.pool.submit_or_run(busy(token))) {
                        self.post(0, Order::Own(job, id));
                    }
                }
                4..6 if self.sharing => self.shared(dice),
                4..6 => self.letter(1, dice),
                _ => self.letter(0, dice),
            }
        }
    }

    fn shared(&self, dice: &mut Dice) {
        let token = self.ledger.token();
        let id = token.id;
        let accepted = match dice.throw(3) {
            0 => {
                // A failure that owns nothing: it may be left in its slot.
                let fails = move || {
                    token.run();
                    std::panic::resume_unwind(Box::new(()))
                };
                self.accepted(id, self.pool.submit(fails))
            }
            1 => self.accepted(id, self.pool.submit(busy(token))),
            _ => self.accepted(id, self.pool.submit(move || token.run())),
        };
        if let Some(handle) = accepted {
            let job = handle.id().expect("in the pool");
            std::mem::forget(handle);
            self.post_both(job, id);
        }
    }

    fn letter(&self, to: usize, dice: &mut Dice) {
        let token = self.ledger.token();
        let id = token.id;
        let accepted = match dice.throw(4) {
            0 => self.accepted(id, self.pool.submit(family(self.pool.clone(), token))),
            1 => self.accepted(id, self.pool.submit(failing(token))),
            2 => self.accepted(id, self.pool.submit(busy(token))),
            _ => self.accepted(id, self.pool.submit(move || token.run())),
        };
        if let Some(job) = accepted {
            self.post(to, Order::Own(job, id));
        }
    }

    fn detached(&self, at_once: bool, with_children: bool) {
        let token = self.ledger.token();
        let id = token.id;
        let submit = |job: Box<dyn FnOnce() -> u64 + Send>| {
            let job = move || {
                job();
            };
            if at_once { self.pool.try_submit_detached(job) } else { self.pool.submit_detached(job) }.is_ok()
        };
        let accepted = if with_children {
            submit(Box::new(family(self.pool.clone(), token)))
        } else {
            submit(Box::new(busy(token)))
        };
        if !accepted {
            self.ledger.refused.add(id);
        }
    }

    fn waiter(&self, dice: &mut Dice) {
        while let Some(letter) = self.read(0, WAITER) {
            let (mut job, id) = match letter {
                Order::Own(job, id) | Order::Await(job, id) => (job, id),
                Order::Shared(job, id) => {
                    let ended = self.pool.shared_wait(job, false, dice.throw(3) == 0);
                    assert!(!matches!(ended, Shared::Done(got) if got != id), "another job's result");
                    continue;
                }
            };
            let result = match dice.throw(3) {
                0 => job.wait(),
                1 => loop {
                    match job.wait_timeout(Duration::from_millis(5)) {
                        Ok(result) => break result,
                        Err(pending) => job = pending,
                    }
                },
                _ => loop {
                    (0..50).take_while(|_| !job.is_finished()).for_each(|_| spin(20));
                    match job.try_wait() {
                        Ok(result) => break result,
                        Err(pending) => job = pending,
                    }
                    std::thread::yield_now();
                },
            };
            check(result, id, self.closing());
        }
    }

    fn canceller(&self, dice: &mut Dice) {
        while let Some(letter) = self.read(1, CANCELLER) {
            let (job, id) = match letter {
                Order::Own(job, id) => (job, id),
                Order::Await(job, id) => {
                    check(job.wait(), id, self.closing());
                    continue;
                }
                Order::Shared(job, id) => {
                    match dice.throw(10) {
                        0 if self.pool.shared_cancel(job) => self.ledger.cancelled.add(id),
                        0 | 1 => self.pool.shared_detach(job),
                        2..4 => {
                            (0..200)
                                .take_while(|_| self.pool.shared_peek(job) == Shared::Pending)
                                .for_each(|_| spin(20));
                        }
                        4 => drop(self.pool.shared_wait(job, true, false)),
                        _ => {
                            let ended = self.pool.shared_wait(job, false, dice.throw(3) == 0);
                            assert!(!matches!(ended, Shared::Done(got) if got != id), "another job's result");
                            assert_eq!(self.pool.shared_peek(job), Shared::Stale);
                        }
                    }
                    continue;
                }
            };
            match dice.throw(5) {
                0 => job.detach(),
                1 => {
                    // Mostly over by then.
                    (0..100).take_while(|_| !job.is_finished()).for_each(|_| spin(50));
                    drop(job);
                }
                _ => {
                    let cancelled = job.cancel();
                    if cancelled {
                        self.ledger.cancelled.add(id);
                    }
                    let result = job.wait();
                    assert!(!cancelled || matches!(result, Err(JobError::Cancelled)), "{result:?}");
                    check(result, id, cancelled || self.closing());
                }
            }
        }
    }

    /// May a job be discarded?
    fn closing(&self) -> bool {
        self.ledger.closing.load(SeqCst)
    }
}

pub fn check(result: Result<u64, JobError>, id: u64, may_be_cancelled: bool) {
    match result {
        Ok(got) => assert_eq!(got, id, "another job's result"),
        Err(JobError::Panicked(panic)) => {
            assert_eq!(panic.into_payload().downcast_ref::<u64>(), Some(&id), "another job's failure");
        }
        Err(JobError::Cancelled) if may_be_cancelled => {}
        Err(other) => panic!("job {id}: {other}"),
    }
}

pub fn spin(turns: u32) {
    (0..turns).for_each(|_| std::hint::spin_loop());
}

/// Takes a microsecond or two.
fn busy(token: Token) -> impl FnOnce() -> u64 + Send + 'static {
    move || {
        spin(60);
        token.run()
    }
}

/// Fails, with its number. Without the panic hook, which would print.
fn failing(token: Token) -> impl FnOnce() -> u64 + Send + 'static {
    move || std::panic::resume_unwind(Box::new(token.run()))
}

/// On the worker that may be frozen: submits jobs, waits for them, cancels, detaches, shuts down while the
/// pool closes. On others nothing: a healthy worker must not come to wait for a frozen one. (A wait inside a
/// job takes a lock, `engine/wait_graph.rs`: of two workers that wait so, one that is frozen may stop the
/// other.)
fn family(pool: Arc<Pool>, token: Token) -> impl FnOnce() -> u64 + Send + 'static {
    move || {
        if freeze::role() == WORKER {
            let ledger = token.ledger();
            let child = || {
                let token = ledger.token();
                let id = token.id;
                let outcome = pool.try_submit(busy(token));
                if outcome.is_err() {
                    ledger.refused.add(id);
                }
                outcome.ok().map(|job| (job, id))
            };
            if ledger.closing.load(SeqCst) && token.id.is_multiple_of(2) {
                ledger.shutting.fetch_add(1, SeqCst);
                pool.shutdown(ShutdownMode::Drain, None).expect("without a time-out");
                ledger.shutting.fetch_sub(1, SeqCst);
                return token.run();
            }
            match token.id % 4 {
                // Blocks when the pool is full; Deadlock if all others do.
                0 => {
                    for _ in 0..BURST {
                        let token = ledger.token();
                        let id = token.id;
                        let job = busy(token);
                        let job = move || {
                            job();
                        };
                        if pool.submit_detached(job).is_err() {
                            ledger.refused.add(id);
                        }
                    }
                }
                1 => {
                    if let Some((job, id)) = child() {
                        spin(200);
                        // Too late, or not even tried: then it is detached.
                        if id % 2 == 0 && job.cancel() {
                            ledger.cancelled.add(id);
                        }
                    }
                }
                _ => {
                    let jobs = [child(), child(), child()];
                    // The last one first, which leaves the entries of those that run inline in the ring.
                    for (job, id) in jobs.into_iter().rev().flatten() {
                        check(job.wait(), id, true);
                    }
                }
            }
        }
        token.run()
    }
}

impl Subject for Arena<'_> {
    fn cycle(&self, jobs: u64, patience: Duration) -> Result<(), String> {
        let submit = || {
            let token = self.ledger.token();
            let id = token.id;
            match self.pool.submit_timeout(move || token.run(), patience) {
                Ok(job) => Ok((job, id)),
                Err(error) => {
                    self.ledger.refused.add(id);
                    Err(format!("submit gave {error}"))
                }
            }
        };
        let mut handles = [const { None }; 4];
        for place in handles.iter_mut().take(jobs as usize) {
            *place = Some(submit()?);
        }
        for (job, id) in handles.into_iter().flatten() {
            match job.wait_timeout(patience) {
                Ok(result) => check(result, id, false),
                Err(_) => return Err(format!("job {id} is never over")),
            }
        }
        Ok(())
    }
}

/// Are all slots free? As many jobs as the capacity says go in, and no more.
pub fn all_slots_are_free(pool: &Pool) -> Result<(), String> {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let mut jobs = Vec::new();
    let mut result = Ok(());
    for n in 0..pool.capacity() {
        let gate = gate.clone();
        let wait = move || {
            let mut open = gate.0.lock().unwrap();
            while !*open {
                open = gate.1.wait(open).unwrap();
            }
        };
        match pool.submit_timeout(wait, GENEROUS) {
            Ok(job) => jobs.push(job),
            Err(error) => {
                result = Err(format!("only {n} of {} slots came back: {error}", pool.capacity()));
                break;
            }
        }
    }
    if result.is_ok() && !matches!(pool.try_submit(|| ()), Err(SubmitError::Full(_))) {
        result = Err("there are more slots than the capacity".into());
    }
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    jobs.into_iter().for_each(|job| job.wait().unwrap());
    result
}
