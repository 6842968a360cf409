//! Outcomes as tables, in Markdown, and as raw data, in CSV.

use crate::machine::cpus;
use crate::run::Outcome;
use crate::stats::{Median, median};
use crate::works::Metric;
use std::fmt::Write;

/// A number with three digits that count.
pub fn short(value: f64) -> String {
    match value.abs() {
        x if x.is_nan() => "–".into(),
        x if x >= 99.95 => format!("{value:.0}"),
        x if x >= 9.995 => format!("{value:.1}"),
        x if x >= 0.9995 || x == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A median and its interval.
pub fn interval(median: Option<Median>) -> String {
    match median {
        None => "–".into(),
        Some(Median { value, interval: Some((low, high)), .. }) => {
            format!("{} [{}, {}]", short(value), short(low), short(high))
        }
        Some(Median { value, count, .. }) => format!("{} (n = {count})", short(value)),
    }
}

fn shown(outcome: &Outcome, entrant: usize, metric: &Metric) -> String {
    let values = outcome.values(entrant, metric.name).into_iter().map(|value| value * metric.scale);
    median(values.collect()).map_or("–".into(), |median| short(median.value))
}

/// One table: a line for each entrant, compared with the first.
pub fn table(outcome: &Outcome) -> String {
    let case = &outcome.case;
    let mut text = format!("\n### {}: {}\n\n", case.work, case.title);
    if let Some(first) = case.entrants.first() {
        write!(text, "| | {} | {} is … times as good |", case.metric.unit, first.label).unwrap();
        let columns: Vec<&Metric> = case
            .columns
            .iter()
            .filter(|column| {
                outcome.records.iter().any(|r| r.values.iter().any(|(name, _)| name == column.name))
            })
            .collect();
        columns.iter().for_each(|column| write!(text, " {} |", column.unit).unwrap());
        writeln!(text, "\n|---|---|---|{}", "---|".repeat(columns.len())).unwrap();
        for (number, entrant) in case.entrants.iter().enumerate() {
            let ratios = outcome.ratios(0, number, case.metric.name, case.metric.more);
            let ratio = if number == 0 { "1".into() } else { interval(median(ratios)) };
            write!(text, "| {} | {} | {ratio} |", entrant.label, shown(outcome, number, &case.metric))
                .unwrap();
            columns.iter().for_each(|column| write!(text, " {} |", shown(outcome, number, column)).unwrap());
            text.push('\n');
        }
        let pairs = outcome.records.iter().map(|record| record.round + 1).max().unwrap_or(0);
        let foreign = median(outcome.records.iter().map(|record| record.foreign).collect());
        let foreign = foreign.map_or(f64::NAN, |median| median.value * 100.0);
        writeln!(text, "\n{pairs} rounds; other processes took {foreign:.0} % of the machine (median).")
            .unwrap();
        let told =
            |name| case.params.iter().find(|(known, _)| *known == name).map(|&(_, value)| value as usize);
        if let (Some(submitters), Some(workers)) = (told("submitters"), told("workers"))
            && submitters + workers > cpus().len()
        {
            let threads = submitters + workers;
            writeln!(text, "{threads} threads on {} CPUs: the system places them.", cpus().len()).unwrap();
        }
    }
    for (label, why) in &outcome.absent {
        writeln!(text, "Absent: {label}: {why}.").unwrap();
    }
    for ((label, why), times) in &outcome.failed {
        writeln!(text, "Failed, {times} times (after two it is not asked again): {label}: {why}.").unwrap();
    }
    text
}

/// What explains a curve's knees, of its first entrant.
const CAUSES: [(&str, &str); 2] = [("cpu_ns", "CPU ns a job"), ("sleeps_per_million", "sleeps in 10⁶ jobs")];

/// A curve in one table: a line for each point, a column for each entrant, and for what explains the first
/// one's.
pub fn curve(name: &str, outcomes: &[&Outcome]) -> String {
    let mut labels: Vec<&str> = Vec::new();
    for entrant in outcomes.iter().flat_map(|outcome| &outcome.case.entrants) {
        if !labels.contains(&entrant.label.as_str()) {
            labels.push(&entrant.label);
        }
    }
    let mut text = format!("\n### W9: cost of a job in ns, wall time, by {name}\n\n| {name} |");
    labels.iter().for_each(|label| write!(text, " {label} |").unwrap());
    if let Some(first) = labels.first() {
        CAUSES.iter().for_each(|(_, what)| write!(text, " {first}: {what} |").unwrap());
    }
    writeln!(text, "\n|---|{}", "---|".repeat(labels.len() + CAUSES.len())).unwrap();
    for outcome in outcomes {
        write!(text, "| {} |", outcome.case.point.map_or(f64::NAN, |(_, at)| at)).unwrap();
        for label in &labels {
            let values =
                outcome.entrant(label).map(|number| outcome.values(number, "rate")).unwrap_or_default();
            let cost = median(values.into_iter().map(|rate| 1e9 / rate).collect());
            write!(text, " {} |", interval(cost)).unwrap();
        }
        for (metric, _) in CAUSES {
            let found = median(outcome.values(0, metric));
            write!(text, " {} |", found.map_or("–".into(), |median| short(median.value))).unwrap();
        }
        text.push('\n');
    }
    for ((label, why), times) in outcomes.iter().flat_map(|outcome| &outcome.failed) {
        writeln!(text, "Failed, {times} times (after two it is not asked again): {label}: {why}.").unwrap();
    }
    text
}

/// The first line of the raw data.
pub const CSV_HEAD: &str = "work,case,round,turn,peer,metric,value,foreign\n";

/// The raw data of a case.
pub fn csv(outcome: &Outcome) -> String {
    let mut text = String::new();
    for record in &outcome.records {
        for (metric, value) in &record.values {
            writeln!(
                text,
                "{},{},{},{},\"{}\",{metric},{value},{:.3}",
                outcome.case.work,
                outcome.case.id,
                record.round,
                record.turn,
                outcome.case.entrants[record.entrant].label,
                record.foreign
            )
            .unwrap();
        }
    }
    text
}
