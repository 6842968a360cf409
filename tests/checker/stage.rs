//! Drives the library's own code step by step: its threads are coroutines on one system thread, and stop
//! before every named atomic operation, sleep and wake. So an execution is a list of choices, and can be
//! repeated.

use crate::machine::Event;
use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use jobring_frozen::{Site, freeze};
use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// A thread of the stage.
struct Player {
    coroutine: Coroutine<(), (), ()>,
    /// What it is about to do. None when it is through.
    event: Option<Event>,
    /// The word that it sleeps on, and whether the clock ends its sleep too.
    sleeps: Option<(usize, bool)>,
    frame: *const (),
}

#[derive(Default)]
struct Inner {
    current: Cell<Option<usize>>,
    yielder: Cell<Option<*const Yielder<(), ()>>>,
    event: Cell<Option<Event>>,
    sleeps: Cell<Option<(usize, bool)>>,
    frame: Cell<*const ()>,
    pick: Cell<usize>,
    clock: Cell<bool>,
    woken: RefCell<Vec<(usize, bool)>>,
    /// Is the descriptor readable? There is one.
    readable: Cell<bool>,
}

std::thread_local! {
    static INNER: &'static Inner = Box::leak(Box::default());
    /// Stacks of former stages, so that a stage maps none.
    static STACKS: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
}

struct Coroutines;
static COROUTINES: Coroutines = Coroutines;

/// Comes to rest at an event, until the stage lets the thread go on.
fn rest(event: Event) {
    let inner = INNER.with(|inner| *inner);
    if inner.current.get().is_none() {
        return;
    }
    let yielder = inner.yielder.get().expect("a player has one");
    inner.event.set(Some(event));
    // SAFETY:
    // - the yielder belongs to the running coroutine, whose stack it lies on.
    unsafe { (*yielder).suspend(()) };
    // Others ran meanwhile.
    inner.yielder.set(Some(yielder));
}

/// The next call of a script begins.
pub fn begin() {
    rest(Event::Begin);
}

/// The word that a thread sleeps on which polls the descriptor: no other has it.
const DESCRIPTOR: usize = 1;

/// Waits until the descriptor is readable.
#[allow(dead_code, reason = "shared: each test uses its part")]
pub fn poll() {
    let inner = INNER.with(|inner| *inner);
    rest(Event::Sleep);
    if inner.readable.get() {
        rest(Event::Woken);
    } else {
        inner.sleeps.set(Some((DESCRIPTOR, false)));
        rest(Event::Asleep);
    }
}

impl freeze::Driver for Coroutines {
    fn pass(&self, site: Site) {
        // A compare-and-swap names its site for failure right after that for success: one operation, one
        // rest.
        if !site.name().ends_with("Lost") {
            rest(Event::Site(site));
        }
    }

    fn wait(&self, word: &AtomicUsize, expected: usize, timed: bool) {
        let inner = INNER.with(|inner| *inner);
        assert!(inner.current.get().is_some(), "a sleep outside of the stage");
        rest(Event::Sleep);
        if word.load(SeqCst) as u32 == expected as u32 {
            inner.sleeps.set(Some((ptr::from_ref(word) as usize, timed)));
            rest(Event::Asleep);
        } else {
            rest(Event::Woken);
        }
    }

    fn wake(&self, word: *const AtomicUsize, all: bool) {
        rest(Event::Wake);
        INNER.with(|inner| inner.woken.borrow_mut().push((word as usize, all)));
    }

    fn signal(&self, _: usize) {
        rest(Event::Signal);
        INNER.with(|inner| {
            inner.readable.set(true);
            inner.woken.borrow_mut().push((DESCRIPTOR, true));
        });
    }

    fn clear(&self, _: usize) {
        rest(Event::Clear);
        INNER.with(|inner| inner.readable.set(false));
    }

    fn now(&self) -> Option<u64> {
        INNER.with(|inner| inner.clock.get().then_some(0))
    }

    fn current(&self) -> *const () {
        INNER.with(|inner| inner.frame.get())
    }

    fn set_current(&self, frame: *const ()) {
        INNER.with(|inner| inner.frame.set(frame));
    }
}

/// Some threads and where they are.
pub struct Stage {
    players: Vec<Player>,
}

impl Stage {
    /// Brings on threads, each of which goes to its first event.
    pub fn new(clock: bool, parts: Vec<Box<dyn FnOnce()>>) -> Self {
        let inner = INNER.with(|inner| *inner);
        freeze::set_driver(Some(&COROUTINES));
        inner.clock.set(clock);
        inner.readable.set(false);
        let players = parts.into_iter().map(|part| {
            let stack = STACKS.with_borrow_mut(Vec::pop).unwrap_or_default();
            let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
                INNER.with(|inner| inner.yielder.set(Some(yielder)));
                part();
            });
            Player { coroutine, event: None, sleeps: None, frame: ptr::null() }
        });
        let mut stage = Self { players: players.collect() };
        (0..stage.players.len()).for_each(|me| stage.step(me, 0));
        stage
    }

    pub fn event(&self, me: usize) -> Option<Event> {
        self.players[me].event
    }

    /// Is it on its way, and not asleep?
    pub fn can_step(&self, me: usize) -> bool {
        !matches!(self.players[me].event, None | Some(Event::Asleep))
    }

    /// Threads that sleep; with `timed` those that the clock wakes.
    pub fn asleep(&self, timed: bool) -> impl Iterator<Item = usize> + '_ {
        let sleeps = move |me: &usize| {
            self.players[*me].event == Some(Event::Asleep)
                && (!timed || self.players[*me].sleeps.is_some_and(|(_, by_clock)| by_clock))
        };
        (0..self.players.len()).filter(sleeps)
    }

    /// Lets a thread do what it stands at, and go to the next. `pick`: which of several sleepers it wakes.
    pub fn step(&mut self, me: usize, pick: usize) {
        let inner = INNER.with(|inner| *inner);
        inner.current.set(Some(me));
        inner.frame.set(self.players[me].frame);
        inner.pick.set(pick);
        let result = self.players[me].coroutine.resume(());
        inner.current.set(None);
        let player = &mut self.players[me];
        player.frame = inner.frame.replace(ptr::null());
        player.event = match result {
            CoroutineResult::Yield(()) => inner.event.take(),
            CoroutineResult::Return(()) => None,
        };
        player.sleeps = inner.sleeps.take();
        let woken = inner.woken.take();
        woken.into_iter().for_each(|(word, all)| self.wake(word, all, pick));
    }

    fn wake(&mut self, word: usize, all: bool, pick: usize) {
        let on_word = |me: &usize| self.players[*me].sleeps.is_some_and(|(at, _)| at == word);
        let asleep: Vec<usize> = self.asleep(false).filter(on_word).collect();
        if all {
            asleep.into_iter().for_each(|me| self.end_sleep(me));
        } else if !asleep.is_empty() {
            self.end_sleep(asleep[pick % asleep.len()]);
        }
    }

    /// Ends a sleep.
    pub fn end_sleep(&mut self, me: usize) {
        self.players[me].event = Some(Event::Woken);
        self.players[me].sleeps = None;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for mut player in self.players.drain(..) {
            if player.coroutine.started() && !player.coroutine.done() {
                // SAFETY:
                // - what lies on its stack is never used again, nor dropped: the thread is one that stopped
                //   for ever. The lender of what it uses outlives the process's interest in it (the scripts
                //   own, or leak).
                unsafe { player.coroutine.force_reset() };
            }
            if player.coroutine.done() {
                STACKS.with_borrow_mut(|stacks| stacks.push(player.coroutine.into_stack()));
            }
        }
        freeze::set_driver(None);
    }
}
