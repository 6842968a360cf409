//! Simulates one core that schedules strictly by priority, as an RTOS does: of the threads that are ready
//! only the one with the highest priority runs, until it sleeps, pauses, or makes a higher one ready. The
//! threads are the host's and run one at a time; every call of the port takes some simulated time.

use jobring::{Seat, UserPort};
use std::cell::Cell;
use std::sync::{Condvar, Mutex, MutexGuard, mpsc};
use std::thread;
use std::time::Duration;

thread_local! {
    static ME: Cell<usize> = const { Cell::new(0) };
    static CURRENT: Cell<*mut ()> = const { Cell::new(std::ptr::null_mut()) };
}

/// A test that takes longer has failed.
const DEADLINE: Duration = Duration::from_secs(60);
/// The period of the core's timer interrupt, and the duration of a call, in nanoseconds.
pub const TICK: u64 = 1_000_000;
const CALL: u64 = TICK / 10;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Ready,
    /// In a seat or in none, until a point in time or without a limit.
    Asleep(Option<usize>, Option<u64>),
    Gone,
}

struct Task {
    priority: u32,
    state: State,
}

struct Core<const SEATS: usize> {
    now: u64,
    tasks: Vec<Task>,
    running: Option<usize>,
    /// The seats that were unparked while no thread slept there.
    given: [bool; SEATS],
    pauses: usize,
}

impl<const SEATS: usize> Core<SEATS> {
    fn pass(&mut self, nanos: u64) {
        self.now += nanos;
        for task in &mut self.tasks {
            if let State::Asleep(_, Some(end)) = task.state
                && end <= self.now
            {
                task.state = State::Ready;
            }
        }
    }

    /// Runs the highest ready task. If none is ready, time passes until one is.
    fn schedule(&mut self) {
        loop {
            let ready = self.tasks.iter().enumerate().filter(|(_, task)| task.state == State::Ready);
            self.running =
                ready.max_by_key(|(n, task)| (task.priority, self.running == Some(*n))).map(|(n, _)| n);
            let ends = self.tasks.iter().filter_map(|task| match task.state {
                State::Asleep(_, end) => end,
                State::Ready | State::Gone => None,
            });
            match ends.min() {
                Some(end) if self.running.is_none() => self.pass(end - self.now),
                _ => return,
            }
        }
    }
}

/// The port.
pub struct OneCore<const SEATS: usize> {
    seats: [Seat; SEATS],
    core: Mutex<Core<SEATS>>,
    changed: Condvar,
    clock: bool,
}

impl<const SEATS: usize> OneCore<SEATS> {
    /// A core for one test, which is never freed.
    pub fn leaked(clock: bool) -> &'static Self {
        let core = Core { now: 0, tasks: Vec::new(), running: None, given: [false; SEATS], pauses: 0 };
        let seats = [const { Seat::new() }; SEATS];
        Box::leak(Box::new(Self { seats, core: Mutex::new(core), changed: Condvar::new(), clock }))
    }

    fn lock(&self) -> MutexGuard<'_, Core<SEATS>> {
        self.core.lock().expect("no task panics in the scheduler")
    }

    /// Makes one call of the running task.
    fn call<R>(&self, f: impl FnOnce(&mut Core<SEATS>, usize) -> R) -> R {
        let me = ME.get();
        let mut core = self.lock();
        core.pass(CALL);
        let result = f(&mut core, me);
        core.schedule();
        self.changed.notify_all();
        if core.tasks[me].state != State::Gone {
            drop(self.changed.wait_while(core, |core| core.running != Some(me)));
        }
        result
    }

    /// Makes the calling task sleep for this long, in no seat.
    pub fn delay(&self, nanos: u64) {
        self.call(|core, me| core.tasks[me].state = State::Asleep(None, Some(core.now + nanos)));
    }

    pub fn pauses(&self) -> usize {
        self.lock().pauses
    }
}

/// A task, with its priority.
pub type Does = (u32, Box<dyn FnOnce() + Send>);

/// Runs tasks on the core until all of them have returned.
pub fn run<const SEATS: usize>(port: &'static OneCore<SEATS>, tasks: Vec<Does>) {
    let (gone, all_gone) = mpsc::channel();
    let count = tasks.len();
    port.lock().tasks.extend(tasks.iter().map(|&(priority, _)| Task { priority, state: State::Ready }));
    for (me, (_, does)) in tasks.into_iter().enumerate() {
        let gone = gone.clone();
        thread::spawn(move || {
            ME.set(me);
            drop(port.changed.wait_while(port.lock(), |core| core.running != Some(me)));
            does();
            port.call(|core, me| core.tasks[me].state = State::Gone);
            gone.send(()).expect("the test waits");
        });
    }
    port.lock().schedule();
    port.changed.notify_all();
    for _ in 0..count {
        all_gone.recv_timeout(DEADLINE).expect("a task keeps the core, or nobody can run");
    }
}

// SAFETY:
// - 1: a thread-local cell. 2: a poisoned lock ends the test anyway.
unsafe impl<const SEATS: usize> UserPort for OneCore<SEATS> {
    fn seats(&self) -> &[Seat] {
        &self.seats
    }

    fn park(&self, seat: usize, timeout: Option<u64>) {
        self.call(|core, me| {
            if !std::mem::take(&mut core.given[seat]) {
                core.tasks[me].state = State::Asleep(Some(seat), timeout.map(|nanos| core.now + nanos));
            }
        });
    }

    fn unpark(&self, seat: usize, _from_isr: bool) {
        self.call(|core, _| {
            let sleeps_there =
                |task: &&mut Task| matches!(task.state, State::Asleep(Some(s), _) if s == seat);
            match core.tasks.iter_mut().find(sleeps_there) {
                Some(task) => task.state = State::Ready,
                None => core.given[seat] = true,
            }
        });
    }

    fn pause(&self) {
        self.lock().pauses += 1;
        self.delay(TICK);
    }

    fn now(&self) -> Option<u64> {
        self.clock.then(|| self.call(|core, _| core.now))
    }

    fn current(&self) -> *mut () {
        CURRENT.get()
    }

    fn set_current(&self, frame: *mut ()) {
        CURRENT.set(frame);
    }
}
