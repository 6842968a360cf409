//! The kill list: bugs that other pools had, planted in this one by turns. A test must catch each of them.
//! `cargo test -p jobring-loom-tests --test models -- --kill [text]`. KILLS.md is generated from
//! `kill/rows.rs`.
//!
//! Each run is a process of this program, with `JOBRING_BUG` or `JOBRING_WEAKEN` set. The test that must
//! catch a bug also runs without it, and must pass.

mod promises;
mod real;
mod rows;

pub use promises::MODELS;

use crate::harness::{Model, TOO_LONG};
use jobring_harness::{Arguments, Progress, again, for_each};
use jobring_model::{Bug, Site};
use rows::ROWS;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{ExitCode, Output};
use std::sync::Mutex;
use std::time::Instant;

/// One row of the list.
pub struct Row {
    id: usize,
    upstream: &'static str,
    /// What went wrong there.
    what: &'static str,
    answer: Answer,
}

pub enum Answer {
    Mutants(&'static [(Mutant, Killer)]),
    /// The bug cannot exist here: why, and which test in which file checks that.
    Impossible {
        why: &'static str,
        test: (&'static str, &'static str),
    },
}

/// How a bug is planted.
pub enum Mutant {
    /// These bugs of `src/sync/bug.rs`, where the source names them.
    Planted(&'static [Bug]),
    /// This site's ordering is Relaxed; a fence is removed.
    Weaker(Site),
}

/// The test that must fail with the bug, and pass without it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Killer {
    Model(&'static str),
    /// A test with real threads (`kill/real.rs`).
    Real(&'static str),
}

const PUBLISHED: usize = 62;
/// Bugs that nobody published. No test caught them when they were first planted.
const OWN: usize = 8;
const MOST_IMPOSSIBLE: usize = 12;

impl Mutant {
    fn text(&self) -> String {
        match self {
            Self::Planted(bugs) => bugs.iter().map(|bug| bug.name()).collect::<Vec<_>>().join(","),
            Self::Weaker(site) => format!("{}=Relaxed", site.name()),
        }
    }

    fn explained(&self) -> String {
        let explained = |bug: &Bug| {
            let about = bug.about().split_once(": ").map_or("", |(_, about)| about).trim_end_matches('.');
            format!("{about} (`{}`)", bug.name())
        };
        match self {
            Self::Planted(bugs) => bugs.iter().map(explained).collect::<Vec<_>>().join("; and "),
            Self::Weaker(_) => format!("`{}`", self.text()),
        }
    }

    fn variable(&self) -> &'static str {
        if matches!(self, Self::Planted(_)) { "JOBRING_BUG" } else { "JOBRING_WEAKEN" }
    }
}

impl Killer {
    fn name(self) -> &'static str {
        match self {
            Self::Model(name) | Self::Real(name) => name,
        }
    }

    fn run(self, mutant: Option<&Mutant>) -> Output {
        let mut command =
            again(&["JOBRING_BUG", "JOBRING_WEAKEN", "JOBRING_MODEL_BOUND", "JOBRING_MODEL_SECONDS"]);
        match self {
            Self::Model(name) => command.args(["--here", "--exact", name, "--fail-fast"]),
            Self::Real(name) => command.args(["--real", name]),
        };
        if let Some(mutant) = mutant {
            command.env(mutant.variable(), mutant.text());
        }
        command.output().expect("this program starts")
    }
}

/// How a test's process failed. None: it passed. Err: it was stopped early, so it decides nothing.
fn failure(output: &Output) -> Result<Option<String>, ()> {
    if output.status.success() {
        return Ok(None);
    }
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&output.status) {
        return Ok(Some(if signal == libc::SIGALRM {
            "it hangs".into()
        } else {
            format!("signal {signal}")
        }));
    }
    if err.contains(TOO_LONG) {
        return Ok(Some("it never ends".into()));
    }
    if out.lines().any(|line| line.ends_with("CUT")) {
        return Err(());
    }
    let mut lines = err.lines().skip_while(|line| !line.contains("panicked at"));
    let said = lines.nth(1).unwrap_or("").trim();
    Ok(Some(match said {
        _ if said.starts_with("deadlock") => "a deadlock".into(),
        _ if said.starts_with("Causality violation") || said.starts_with("Concurrent") => {
            "a data race".into()
        }
        "" => "it failed".into(),
        _ => said.chars().take(70).collect(),
    }))
}

/// Judges the rows whose text contains one of `filters`. Does not repeat the models that `passed` without a
/// bug. Fails if a bug survives, or if the list itself is wrong.
pub fn run(filters: &[&str], models: &[&'static Model], passed: &[&str]) -> ExitCode {
    if let Err(problem) = agrees_with(models) {
        eprintln!("the kill list: {problem}");
        return ExitCode::FAILURE;
    }
    let wanted = |row: &&Row| filters.is_empty() || filters.iter().any(|text| row.line().contains(text));
    let rows: Vec<&Row> = ROWS.iter().filter(wanted).collect();
    let planted: Vec<_> =
        rows.iter().flat_map(|row| row.mutants()).map(|(mutant, killer)| (Some(mutant), *killer)).collect();
    let killers: BTreeSet<Killer> = planted.iter().map(|(_, killer)| *killer).collect();
    let (known, unknown): (Vec<Killer>, Vec<Killer>) =
        killers.into_iter().partition(|killer| passed.contains(&killer.name()));
    let all: Vec<_> = unknown.into_iter().map(|killer| (None, killer)).chain(planted).collect();
    let start = Instant::now();
    let judged: Judged = known.into_iter().map(|killer| ((None, killer), (Ok(None), 0.0))).collect();
    let judged = Mutex::new(judged);
    let takes = Some("about 10 s").filter(|_| filters.is_empty());
    let progress = Progress::begin("runs of the kill list", all.len(), takes);
    for_each(&all, |(mutant, killer)| {
        let start = Instant::now();
        let failure = failure(&killer.run(*mutant));
        let text = mutant.map(Mutant::text);
        let seconds = start.elapsed().as_secs_f64();
        judged.lock().unwrap().insert((text, *killer), (failure, seconds));
        progress.step();
    });
    let tally = print(&rows, &judged.into_inner().unwrap(), passed.is_empty());
    println!("the kill list, {tally}, {:.0} s", start.elapsed().as_secs_f64());
    if tally.survived + tally.not_judged == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

type Judged = BTreeMap<(Option<String>, Killer), (Result<Option<String>, ()>, f64)>;

#[derive(Default)]
struct Tally {
    killed: usize,
    impossible: usize,
    survived: usize,
    not_judged: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { killed, impossible, survived, not_judged } = self;
        write!(
            f,
            "{} rows: {killed} killed, {impossible} impossible here, ",
            killed + impossible + survived + not_judged
        )?;
        write!(f, "{survived} survived, {not_judged} not judged")
    }
}

/// Prints the rows: all (`whole`), or only those that were not killed. Counts the verdicts; a row has the
/// worst verdict of its mutants.
fn print(rows: &[&Row], judged: &Judged, whole: bool) -> Tally {
    let mut tally = Tally::default();
    for row in rows {
        let mut lines = vec![format!("R{:02} {}: {}", row.id, row.upstream, row.what)];
        let (mut survived, mut not_judged) = (false, false);
        for (mutant, killer) in row.mutants() {
            let (mutated, seconds) = &judged[&(Some(mutant.text()), *killer)];
            let (verdict, how) = match (&judged[&(None, *killer)].0, mutated) {
                (Ok(None), Ok(Some(how))) => ("killed", how.as_str()),
                (Ok(None), Ok(None)) => ("SURVIVED", "it passes"),
                (Ok(None), Err(())) => ("NOT JUDGED", "it takes too long"),
                _ => ("NOT JUDGED", "it does not pass without the bug either"),
            };
            survived |= verdict == "SURVIVED";
            not_judged |= verdict == "NOT JUDGED";
            let (mutant, killer) = (mutant.text(), killer.name());
            lines.push(format!("    {verdict:<10} {seconds:>6.1} s  {mutant} × {killer}: {how}"));
        }
        if let Answer::Impossible { why, test: (file, test) } = &row.answer {
            lines.push(format!("    impossible here      {why} ({file}: {test})"));
            tally.impossible += 1;
        } else {
            let count = match (survived, not_judged) {
                (true, _) => &mut tally.survived,
                (_, true) => &mut tally.not_judged,
                _ => &mut tally.killed,
            };
            *count += 1;
        }
        if whole || survived || not_judged {
            lines.iter().for_each(|line| println!("{line}"));
        }
    }
    tally
}

impl Row {
    fn mutants(&self) -> &'static [(Mutant, Killer)] {
        match self.answer {
            Answer::Mutants(mutants) => mutants,
            Answer::Impossible { .. } => &[],
        }
    }

    /// Its line in KILLS.md.
    fn line(&self) -> String {
        let (how, by) = match &self.answer {
            Answer::Mutants(mutants) => {
                let mut how: Vec<_> = mutants.iter().map(|(mutant, _)| mutant.explained()).collect();
                how.dedup();
                let mut by: Vec<_> =
                    mutants.iter().map(|(_, killer)| format!("`{}`", killer.name())).collect();
                by.dedup();
                (how.join(", "), by.join(", "))
            }
            Answer::Impossible { why, test: (file, test) } => {
                (format!("impossible here: {why}"), format!("`{test}` ({file})"))
            }
        };
        format!("| R{:02} | {} | {} | {how} | {by} |", self.id, self.upstream, self.what)
    }
}

const KILLS: &str = "KILLS.md";
const HEAD: &str =
    "| | Upstream | What went wrong there | Planted here | Caught by |\n|---|---|---|---|---|\n";

/// Err if the list is incomplete: a row, a bug or a test is missing, or KILLS.md differs.
pub fn agrees_with(models: &[&'static Model]) -> Result<(), String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ids: Vec<usize> = ROWS.iter().map(|row| row.id).collect();
    if ids != (1..=PUBLISHED + OWN).collect::<Vec<_>>() {
        return Err(format!("not R01 to R{}, each once: {ids:?}", PUBLISHED + OWN));
    }
    let (mut planted, mut impossible) = (BTreeSet::new(), 0);
    for row in ROWS {
        match &row.answer {
            Answer::Mutants(mutants) => {
                if mutants.is_empty() {
                    return Err(format!("R{:02} has no mutant", row.id));
                }
                for (mutant, killer) in *mutants {
                    if let Mutant::Planted(bugs) = mutant {
                        planted.extend(bugs.iter().map(|bug| bug.name()));
                    }
                    let known = match killer {
                        Killer::Model(name) => models.iter().any(|model| model.name == *name),
                        Killer::Real(name) => real::ALL.iter().any(|(known, _)| known == name),
                    };
                    if !known {
                        return Err(format!("R{:02}: there is no {}", row.id, killer.name()));
                    }
                }
            }
            Answer::Impossible { test: (file, test), .. } => {
                impossible += 1;
                let text = std::fs::read_to_string(here.join("..").join(file)).unwrap_or_default();
                if !text.contains(&format!("#[test]\nfn {test}()")) {
                    return Err(format!("R{:02}: {file} has no test {test}", row.id));
                }
            }
        }
    }
    if impossible > MOST_IMPOSSIBLE {
        return Err(format!("{impossible} rows are said to be impossible here"));
    }
    if let Some(bug) = Bug::ALL.iter().find(|bug| !planted.contains(bug.name())) {
        return Err(format!("no row plants {}", bug.name()));
    }
    let table: String = ROWS.iter().map(|row| row.line() + "\n").collect();
    let (path, table) = (here.join(KILLS), HEAD.to_owned() + &table);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{KILLS}: {error}"))?;
    let (prose, old) = text.split_at(text.find(HEAD).ok_or(format!("{KILLS} has no table"))?);
    if old != table {
        if std::env::var_os("JOBRING_BLESS").is_none() {
            return Err(format!("{KILLS} differs from kill/rows.rs; JOBRING_BLESS=1 rewrites it"));
        }
        std::fs::write(&path, prose.to_owned() + &table).map_err(|error| format!("{KILLS}: {error}"))?;
    }
    Ok(())
}

/// Handles `--kill` and `--real`.
pub fn command(arguments: &Arguments, models: &[&'static Model]) -> Option<ExitCode> {
    let filters = arguments.filters();
    if arguments.has("--real") {
        let ran = filters.first().is_some_and(|name| real::run(name));
        return Some(if ran { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    arguments.has("--kill").then(|| run(&filters, models, &[]))
}
