//! Published bugs of other pools (src/sync/bug.rs), put into the library: which of them a test must see.

use jobring_frozen::Bug;
use std::process::Command;

/// Runs a test of this binary in a process that has the bug. Panics if it passes all the same.
pub fn must_be_seen(test: &str, bugs: &[Bug]) {
    let this = std::env::current_exe().expect("it has a path");
    for bug in bugs {
        let run = Command::new(&this)
            .args(["--exact", test])
            .env("JOBRING_BUG", bug.name())
            .env_remove("JOBRING_SEED")
            .output();
        let run = run.expect("it can be run");
        assert!(!run.status.success(), "{test} does not see {} ({})", bug.name(), bug.about());
    }
}
