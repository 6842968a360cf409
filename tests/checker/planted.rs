//! Which published bugs of other pools (src/sync/bug.rs), planted in the library, a test must find.

use jobring_frozen::Bug;
use jobring_harness::{again, for_each};

/// Runs a test of this binary in a process for each of the bugs. Panics if it passes with a bug.
pub fn must_be_seen(test: &str, bugs: &[Bug]) {
    for_each(bugs, |bug| {
        let mut child = again(&["JOBRING_SEED", "JOBRING_ROUNDS"]);
        let run = child.args(["--exact", test]).env("JOBRING_BUG", bug.name()).output();
        let run = run.expect("it can be run");
        assert!(!run.status.success(), "{test} does not see {} ({})", bug.name(), bug.about());
    });
}
