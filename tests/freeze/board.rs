//! When the threads of a scene act, and how far they are.

use crate::arena::Dice;
use crate::harness::until;
use crate::release;
use jobring_frozen::{Pool, ShutdownMode, freeze};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Run,
    Pause,
    Stop,
}

struct State {
    phase: Phase,
    paused: [bool; 8],
    gone: [bool; 8],
    acts: [u64; 8],
}

pub struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

impl Board {
    pub fn new() -> Self {
        let state = State { phase: Phase::Run, paused: [false; 8], gone: [false; 8], acts: [0; 8] };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    pub fn set(&self, phase: Phase) {
        self.state.lock().unwrap().phase = phase;
        self.changed.notify_all();
    }

    /// Between two acts. False when it is time to stop.
    pub fn may_act(&self, role: u8) -> bool {
        let mut state = self.state.lock().unwrap();
        while state.phase == Phase::Pause {
            state.paused[role as usize] = true;
            state = self.changed.wait(state).unwrap();
        }
        state.paused[role as usize] = false;
        state.acts[role as usize] += 1;
        state.phase == Phase::Run
    }

    /// The calling thread acts in this role until it is time to stop.
    pub fn perform(&self, role: u8, seed: u64, act: impl Fn(&mut Dice)) {
        freeze::set_role(role);
        let mut dice = Dice::new(seed, role);
        while self.may_act(role) {
            act(&mut dice);
        }
        freeze::set_role(0);
        self.leave(role);
    }

    pub fn is_paused(&self, role: u8) -> bool {
        self.state.lock().unwrap().paused[role as usize]
    }

    pub fn leave(&self, role: u8) {
        self.state.lock().unwrap().gone[role as usize] = true;
    }

    pub fn are_gone(&self, roles: &[u8]) -> bool {
        let state = self.state.lock().unwrap();
        roles.iter().all(|&role| state.gone[role as usize])
    }

    /// Waits until each of these roles has acted so often.
    pub fn await_acts(&self, roles: &[u8], acts: u64) -> bool {
        until(|| {
            let state = self.state.lock().unwrap();
            roles.iter().all(|&role| state.acts[role as usize] > acts)
        })
    }
}

/// Lets all threads of a scene end if a check fails in between: otherwise the scope would wait for them for ever.
pub struct StopOnPanic<'a>(pub &'a Board, pub &'a Pool);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            release();
            self.0.set(Phase::Stop);
            let _ = self.1.shutdown(ShutdownMode::Drain, Some(Duration::ZERO));
        }
    }
}
