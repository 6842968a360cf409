//! Runs cases: every measurement in a process of its own, peers in turn.

use crate::machine::{busy, usage};
use crate::peers::{find, outside};
use crate::works::{Case, Rounds};
use std::collections::BTreeMap;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::Command;

/// A process that takes longer is ended, and that is said.
const LIMIT: u32 = 30;
/// A peer that fails this often in a case is not tried again.
const FAILURES: usize = 2;

/// One measurement.
pub struct Record {
    /// In which round, and as which of it.
    pub round: usize,
    /// As above.
    pub turn: usize,
    /// The number of the entrant in its case.
    pub entrant: usize,
    /// What it found.
    pub values: Vec<(String, f64)>,
    /// The part of the machine's CPU time that others took meanwhile.
    pub foreign: f64,
}

/// What became of a case.
pub struct Outcome {
    /// The case; of its entrants those that could take part.
    pub case: Case,
    /// What was measured.
    pub records: Vec<Record>,
    /// The peers that could not take part, and why.
    pub absent: Vec<(String, String)>,
    /// The peers that failed, why, and how often.
    pub failed: BTreeMap<(String, String), usize>,
}

impl Outcome {
    /// The values of `metric` that `entrant` had, by round; NaN where it has none.
    pub fn values(&self, entrant: usize, metric: &str) -> Vec<f64> {
        let rounds = self.records.iter().map(|record| record.round + 1).max().unwrap_or(0);
        let mut values = vec![f64::NAN; rounds];
        for record in self.records.iter().filter(|record| record.entrant == entrant) {
            if let Some(&(_, value)) = record.values.iter().find(|(name, _)| name == metric) {
                values[record.round] = value;
            }
        }
        values
    }

    /// How many times as good `ours` is as `theirs`, round by round.
    pub fn ratios(&self, ours: usize, theirs: usize, metric: &str, more: bool) -> Vec<f64> {
        let pairs = self.values(ours, metric).into_iter().zip(self.values(theirs, metric));
        pairs.map(|(ours, theirs)| if more { ours / theirs } else { theirs / ours }).collect()
    }

    /// The number of the entrant with this label.
    pub fn entrant(&self, label: &str) -> Option<usize> {
        self.case.entrants.iter().position(|entrant| entrant.label == label)
    }
}

/// Finds programs once, however many cases they are in.
#[derive(Default)]
pub struct Programs(BTreeMap<&'static str, Result<Vec<PathBuf>, String>>);

impl Programs {
    /// The command that runs `mode` of `peer`, or why there is none.
    pub fn command(&mut self, peer: &'static str, mode: &str) -> Result<Vec<PathBuf>, String> {
        if find(peer, mode).is_some() {
            let exe = std::env::current_exe().map_err(|error| error.to_string())?;
            return Ok(vec![exe, "--child".into(), peer.into()]);
        }
        let Some(outside) = outside::ALL.iter().find(|outside| outside.name == peer) else {
            return Err(match peer {
                "forte" => "built without --features forte --ignore-rust-version".into(),
                "fork_union" => "built without the feature fork-union".into(),
                _ => "this build of the library has nothing for it".into(),
            });
        };
        if !outside.modes.contains(&mode) {
            return Err("its program has no such mode".into());
        }
        self.0.entry(peer).or_insert_with(|| outside.command()).clone()
    }
}

/// Runs a case. `rounds` is what the options say.
pub fn run(mut case: Case, rounds: usize, programs: &mut Programs) -> Outcome {
    let (mut commands, mut absent) = (Vec::new(), Vec::new());
    case.entrants.retain(|entrant| match programs.command(entrant.peer, entrant.mode) {
        Ok(command) => {
            commands.push(command);
            true
        }
        Err(why) => {
            absent.push((entrant.label.clone(), why));
            false
        }
    });
    let rounds = match case.rounds {
        Rounds::All => rounds,
        Rounds::Third => (rounds / 3).max(6).min(rounds),
        Rounds::One => 1,
    };
    let (mut records, mut failed) = (Vec::new(), BTreeMap::new());
    let mut failures = vec![0; commands.len()];
    for round in 0..rounds {
        for turn in 0..commands.len() {
            let entrant = (round + turn) % commands.len();
            if failures[entrant] == FAILURES {
                continue;
            }
            let (busy_before, all_before) = busy();
            let own_before = usage(true).cpu;
            let result = measure(&commands[entrant], &case, entrant);
            let own = (usage(true).cpu - own_before) / 1e7;
            let (busy_after, all_after) = busy();
            let foreign = (busy_after - busy_before - own) / (all_after - all_before).max(1.0);
            match result {
                Ok(values) => {
                    records.push(Record { round, turn, entrant, values, foreign: foreign.clamp(0.0, 1.0) });
                }
                Err(why) => {
                    failures[entrant] += 1;
                    *failed.entry((case.entrants[entrant].label.clone(), why)).or_insert(0) += 1;
                }
            }
        }
    }
    Outcome { case, records, absent, failed }
}

fn measure(command: &[PathBuf], case: &Case, entrant: usize) -> Result<Vec<(String, f64)>, String> {
    let entrant = &case.entrants[entrant];
    let mut params = case.params.clone();
    for &(name, value) in &entrant.params {
        params.retain(|&(known, _)| known != name);
        params.push((name, value));
    }
    let mut child = Command::new(&command[0]);
    child.args(&command[1..]).arg(entrant.mode);
    child.args(params.iter().map(|(name, value)| format!("{name}={value}")));
    // SAFETY:
    // - alarm is async-signal-safe. It outlives exec, and ends a process that hangs.
    unsafe {
        child.pre_exec(|| {
            libc::alarm(LIMIT);
            Ok(())
        });
    }
    let output = child.output().map_err(|error| error.to_string())?;
    if output.status.signal() == Some(libc::SIGALRM) {
        return Err(format!("not finished after {LIMIT} s"));
    }
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}", output.status, text.lines().last().unwrap_or("")));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let values: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, value)| Some((name.to_owned(), value.trim().parse().ok()?)))
        .collect();
    if values.is_empty() { Err("not possible on this machine".into()) } else { Ok(values) }
}
