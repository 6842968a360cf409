//! Finds, from the functions and lines of an instruction, which part of a job's way it belongs to, and why it
//! did not run.

use crate::elf::Source;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Part {
    Submit,
    Claim,
    Complete,
    /// By handle: wait, take, cancel, detach. Without a bound.
    Handle,
}

impl Part {
    pub fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Claim => "claim",
            Self::Complete => "complete",
            Self::Handle => "handle",
        }
    }

    pub fn bounded(self) -> bool {
        self != Self::Handle
    }
}

/// The last name of a path.
fn last(path: &str) -> &str {
    path.trim_end_matches("::{{closure}}").rsplit("::").next().unwrap_or(path)
}

fn any(sources: &[Source], names: &[&str]) -> bool {
    sources.iter().any(|source| names.contains(&last(&source.name)))
}

const WRAPPERS: &[&str] = &["submit", "submit_detached", "run_one", "wait", "cancel", "detach"];
const BY_HANDLE: &[&str] =
    &["wait", "wait_until", "wait_for", "cancel", "cancel_job", "detach", "detach_job", "is_job_finished"];
const SUBMIT: &[&str] = &[
    "submit",
    "submit_detached",
    "hand_over",
    "submit_slowly",
    "try_reserve",
    "reserve_now",
    "reserve_reaped",
    "reap",
    "enqueue",
    "notify_workers",
    "publish",
    // Of rings these are in functions of their own: push serves complete too, the others reap alone.
    "push",
    "retry_push",
    "peek",
    "pop_if_at",
];
const COMPLETE: &[&str] =
    &["resolve", "vacate", "give_back", "drop_result", "drop_taken_result", "notify_closers_if_closed"];
const CLAIM: &[&str] = &["run_one", "claim_next", "execute", "of_job"];

/// The part that an instruction of a firmware's function is of, if it is any.
pub fn part(sources: &[Source], function: &str) -> Option<Part> {
    let library = function.contains("jobring::") && !function.contains("Call<");
    if !library && !WRAPPERS.contains(&function) {
        return None;
    }
    for (part, names) in
        [(Part::Handle, BY_HANDLE), (Part::Submit, SUBMIT), (Part::Complete, COMPLETE), (Part::Claim, CLAIM)]
    {
        if any(sources, names) {
            return Some(part);
        }
    }
    // Whatever else is there: ends of a pool, panics, formatting.
    None
}

const SLEEPERS: &str = "waking a worker: none sleeps, main runs the jobs";
const CLOSED: &str = "a pool that is closed, which it is once in a run";
const WAITING: &str = "waiting for a slot: all only try";
const TOMBSTONE: &str = "a tombstone whose job is still to run: what is no tombstone was left alone";
const OUTER: &str = "a job run inside another: jobs do not wait here";
const BOUNDS: &str = "an index that is out of bounds";

/// Functions that this firmware never comes to, and why.
const FUNCTIONS: &[(&[&str], &str)] = &[
    (&["notify_idle", "wake_another", "has_enough_searchers", "is_rewoken", "reset_searchers"], SLEEPERS),
    (&["notify_closers", "notify_closers_if_closed", "is_closed", "closed"], CLOSED),
    (&["reserve_slow", "visit"], WAITING),
    (&["inherited"], OUTER),
];

/// Lines, by what they say.
const LINES: &[(&str, &str)] = &[
    ("return self.vacate(index, state, true)", CLOSED),
    ("Err(ReserveError::Shutdown)", CLOSED),
    ("NotifyOutcome::Closed", CLOSED),
    ("self.notify_idle(counts, port, position, several", SLEEPERS),
    ("self.wake_another(port", SLEEPERS),
    ("self.reset_searchers(port", SLEEPERS),
    ("self.free().push(index).marked", WAITING),
    ("self.reserve_slow(", WAITING),
];

/// Why an instruction that did not run did not, if that is known.
pub fn dead(sources: &[Source]) -> Option<&'static str> {
    let within = |name: &str| sources.iter().any(|source| last(&source.name) == name);
    if sources.iter().any(|source| source.name.contains("Visit")) {
        return Some(WAITING);
    }
    if within("reap") && within("claim_popped") {
        return Some(TOMBSTONE);
    }
    if sources.first().is_some_and(|source| source.name.contains("Storage") && last(&source.name) == "slot") {
        return Some(BOUNDS);
    }
    let function = FUNCTIONS.iter().find(|(names, _)| any(sources, names)).map(|(_, why)| *why);
    function.or_else(|| {
        let says = |text: &str| sources.iter().any(|source| source.line.contains(text));
        LINES.iter().find(|(text, _)| says(text)).map(|(_, why)| *why)
    })
}
