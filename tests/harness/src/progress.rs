//! Shows how far a long test is. It writes to standard error directly, so that libtest does not hold it back,
//! and in whole lines, so that a log shows it too.

use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Between two lines.
const SILENCE: Duration = Duration::from_secs(10);

/// A long test that says how far it is.
pub struct Progress {
    what: &'static str,
    total: usize,
    begin: Instant,
    /// How many are done, and when that was said last.
    done: Mutex<(usize, Instant)>,
    say: fn(&str),
}

impl Progress {
    /// Says what begins. `takes`: how long, on two cores that have nothing else to do, where that is known.
    pub fn begin(what: &'static str, total: usize, takes: Option<&str>) -> Self {
        Self::printed_by(say, what, total, takes)
    }

    fn printed_by(say: fn(&str), what: &'static str, total: usize, takes: Option<&str>) -> Self {
        match takes {
            Some(takes) => {
                say(&format!("{what}: {total}, {takes} on two cores that have nothing else to do"))
            }
            None => say(&format!("{what}: {total}")),
        }
        let now = Instant::now();
        Self { what, total, begin: now, done: Mutex::new((0, now)), say }
    }

    /// One more is done.
    pub fn step(&self) {
        self.step_at(Instant::now());
    }

    fn step_at(&self, now: Instant) {
        let mut done = self.done.lock().unwrap();
        done.0 += 1;
        if done.0 == self.total || now.duration_since(done.1) >= SILENCE {
            done.1 = now;
            let seconds = now.duration_since(self.begin).as_secs();
            (self.say)(&format!("{}: {} of {}, {seconds} s", self.what, done.0, self.total));
        }
    }
}

fn say(line: &str) {
    // A test does not fail because nobody listens.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

#[test]
fn a_long_test_says_what_begins_and_how_far_it_is() {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let progress =
        Progress::printed_by(|line| SAID.lock().unwrap().push(line.into()), "models", 5, Some("a minute"));
    let begin = progress.begin;
    for second in [1, 11, 12, 30, 31] {
        progress.step_at(begin + Duration::from_secs(second));
    }
    let said = SAID.lock().unwrap();
    let begins = "models: 5, a minute on two cores that have nothing else to do";
    assert_eq!(*said, [begins, "models: 2 of 5, 11 s", "models: 4 of 5, 30 s", "models: 5 of 5, 31 s"]);
}
