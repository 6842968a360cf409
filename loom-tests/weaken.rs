//! Weakens every ordering by one step, one at a time, and runs the models against each: `cargo test -p
//! jobring-loom-tests --test models -- --weaken [text]`. If no model fails, the ordering is stronger than
//! needed, or a model is missing. Each run is a process of this program with `JOBRING_WEAKEN` set.
//!
//! The models that README.md names for the site run first, then all others; the first that fails ends the
//! run. `--thorough` also tries what README.md lists as slack, and checks that each model named for a site
//! does fail. `--greedy` weakens one ordering after the other and keeps each weakening that makes no model
//! fail: this finds sites that hide each other.

use crate::costs;
use crate::harness::Model;
use crate::sites::{Weakening, weakenings};
use crate::table;
use jobring_harness::{self as side_by_side, Progress, again};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

enum Judgement {
    Killed(String),
    Survived,
    NotJudged,
}

/// Runs `models`, in this order, with these orderings weakened.
fn judge(weakened: &[Weakening], models: &[&str]) -> Judgement {
    let texts: Vec<_> = weakened.iter().map(Weakening::text).collect();
    let run = again(&[])
        .args(["--here", "--fail-fast", "--exact"])
        .args(models)
        .env("JOBRING_WEAKEN", texts.join(","))
        .output()
        .expect("this program starts");
    if run.status.success() {
        return Judgement::Survived;
    }
    let out = String::from_utf8_lossy(&run.stdout);
    match out.lines().find(|line| line.ends_with("FAILED")).and_then(|line| line.split(' ').nth(1)) {
        Some(model) => Judgement::Killed(model.into()),
        None => Judgement::NotJudged,
    }
}

/// All models, those that README.md names for the site first, then the cheapest.
fn in_order(site: &str, models: &[&'static Model]) -> Vec<&'static str> {
    let mut names: Vec<_> = costs::by_cost(models).iter().map(|model| model.name).collect();
    let named = named_for(site);
    names.sort_by_key(|name| !named.contains(name));
    names
}

fn named_for(site: &str) -> Vec<&'static str> {
    table::rows().filter(|(_, _, sites)| sites.contains(&site)).map(|(_, model, _)| model).collect()
}

/// Judges each of `all`, in parallel.
fn for_each<T: Sync>(what: &'static str, all: &[T], judge: impl Fn(&T) + Sync) {
    let progress = Progress::begin(what, all.len(), None);
    side_by_side::for_each(all, |one| {
        judge(one);
        progress.step();
    });
}

/// Runs every weakening whose text contains one of `filters`. Fails if one survives that is not listed, or is
/// not judged.
pub fn run(filters: &[&str], models: &[&'static Model], thorough: bool) -> ExitCode {
    let mut all = weakenings();
    all.retain(|w| filters.is_empty() || filters.iter().any(|text| w.text().contains(text)));
    println!("{} weakenings against {} models", all.len(), models.len());
    let (counts, start) = (Mutex::new([0; 4]), Instant::now());
    for_each("weakenings", &all, |weakening| {
        let (start, slack) = (Instant::now(), table::is_slack(&weakening.text()));
        let (kind, text) = if slack && !thorough {
            (2, "listed as slack, not tried".into())
        } else {
            match judge(std::slice::from_ref(weakening), &in_order(&weakening.site, models)) {
                Judgement::Killed(model) if slack => (1, format!("LISTED AS SLACK and killed by {model}")),
                Judgement::Killed(model) => (0, format!("killed by {model}")),
                Judgement::Survived if slack => (2, "survived, as README.md says".into()),
                Judgement::Survived => (1, "SURVIVED".into()),
                Judgement::NotJudged => (3, "NOT JUDGED (a model was cut)".into()),
            }
        };
        println!("{:<28} {:>6.1} s  {text}", weakening.text(), start.elapsed().as_secs_f64());
        counts.lock().unwrap()[kind] += 1;
    });
    let [killed, survived, slack, not_judged] = counts.into_inner().unwrap();
    println!(
        "{killed} killed, {survived} survived, {slack} listed as slack, {not_judged} not judged, {:.0} s",
        start.elapsed().as_secs_f64()
    );
    let idle = if thorough { idle_rows(&all) } else { 0 };
    if survived + not_judged + idle == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The number of the table's pairs of model and site that are wrong: no weakening of the site makes the model
/// fail.
fn idle_rows(all: &[Weakening]) -> usize {
    let pairs: Vec<_> = table::rows()
        .flat_map(|(_, model, sites)| sites.into_iter().map(move |site| (model, site)))
        .filter(|(_, site)| all.iter().any(|w| w.site == *site))
        .collect();
    let idle = AtomicUsize::new(0);
    for_each("models against the sites that they defend", &pairs, |(model, site)| {
        let notices =
            |w: &Weakening| matches!(judge(std::slice::from_ref(w), &[model]), Judgement::Killed(_));
        if !all.iter().filter(|w| w.site == *site).any(notices) {
            println!("{model} DOES NOT DEFEND {site}");
            idle.fetch_add(1, Relaxed);
        }
    });
    println!("{} of {} pairs of model and site hold", pairs.len() - idle.load(Relaxed), pairs.len());
    idle.into_inner()
}

/// Weakens one ordering after the other and keeps each weakening that makes no model fail, until nothing more
/// can be weakened. Fails if one was kept that is not listed as slack.
pub fn greedy(models: &[&'static Model]) -> ExitCode {
    let (mut kept, mut to_try): (Vec<Weakening>, _) = (Vec::new(), weakenings());
    // Known slack first: everything else is tried on top of it.
    to_try.sort_by_key(|weakening| table::is_slack(&weakening.text()));
    let mut unlisted = 0;
    while let Some(weakening) = to_try.pop() {
        let mut weakened: Vec<_> = kept.iter().filter(|w| w.site != weakening.site).cloned().collect();
        weakened.push(weakening.clone());
        let verdict = match judge(&weakened, &in_order(&weakening.site, models)) {
            Judgement::Killed(model) => format!("killed by {model}"),
            Judgement::NotJudged => {
                unlisted += 1;
                "NOT JUDGED".into()
            }
            Judgement::Survived => {
                unlisted += usize::from(!table::is_slack(&weakening.text()));
                to_try.extend(weakening.further());
                kept = weakened;
                "kept".into()
            }
        };
        println!("{:<28} {verdict}", weakening.text());
    }
    println!("{} kept, {unlisted} of them not listed as slack, or not judged", kept.len());
    if unlisted == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
