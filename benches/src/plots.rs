//! Which charts a run gives.

use crate::chart::{Chart, Point, Scale, Series};
use crate::params::PERCENTS;
use crate::run::Outcome;
use crate::stats::median;
use std::error::Error;

/// Names of files and what is in them.
pub fn plots(outcomes: &[Outcome], machine: &str) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut files = Vec::new();
    for (curve, x, scale, rate, title) in [
        ("submitters", "submitters", Scale::Log2, true, "Throughput by submitters, 2 workers"),
        ("workers", "workers", Scale::Log2, true, "Throughput by workers, 1 submitter"),
        (
            "jobs",
            "jobs in a burst",
            Scale::Log10,
            false,
            "Cost of a job as jobs grow, 1 submitter, 2 workers",
        ),
        (
            "capacity",
            "jobs that fit in",
            Scale::Log2,
            false,
            "Cost of a job by capacity, 1 submitter, 2 workers",
        ),
        (
            "payload",
            "bytes with each job",
            Scale::Linear,
            false,
            "Cost of a job by payload, 1 submitter, 2 workers",
        ),
    ] {
        let points: Vec<&Outcome> = outcomes
            .iter()
            .filter(|outcome| outcome.case.point.is_some_and(|point| point.0 == curve))
            .collect();
        if points.is_empty() {
            continue;
        }
        let y = if rate { ("M jobs/s", Scale::Linear) } else { ("ns a job, wall time", Scale::Log10) };
        let chart = Chart {
            title: title.into(),
            note: machine.into(),
            x: (x, scale),
            y,
            series: lines(&points, rate),
        };
        files.push((format!("w9-{curve}.svg"), chart.draw()?));
    }
    for outcome in outcomes.iter().filter(|outcome| outcome.case.work == "W3") {
        let chart = Chart {
            title: outcome.case.title.clone(),
            note: machine.into(),
            x: ("µs", Scale::Log10),
            y: ("per cent of the samples take at most this", Scale::Linear),
            series: distributions(outcome),
        };
        files.push((format!("{}.svg", outcome.case.id), chart.draw()?));
    }
    Ok(files)
}

/// A line for each entrant of a curve.
fn lines(outcomes: &[&Outcome], rate: bool) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    for outcome in outcomes {
        for (number, entrant) in outcome.case.entrants.iter().enumerate() {
            let values = outcome.values(number, "rate").into_iter();
            let values = values.map(|value| if rate { value / 1e6 } else { 1e9 / value }).collect();
            let (Some((_, x)), Some(found)) = (outcome.case.point, median(values)) else { continue };
            let point = Point { x, y: found.value, between: found.interval };
            match series.iter_mut().find(|series| series.name == entrant.label) {
                Some(line) => line.points.push(point),
                None => series.push(Series { name: entrant.label.clone(), points: vec![point] }),
            }
        }
    }
    series
}

/// A line for each entrant's percentiles, each the median of the rounds'.
fn distributions(outcome: &Outcome) -> Vec<Series> {
    let line = |(number, entrant): (usize, &crate::works::Entrant)| Series {
        name: entrant.label.clone(),
        points: PERCENTS
            .iter()
            .filter_map(|&percent| {
                let found = median(outcome.values(number, &format!("p{percent}")))?;
                Some(Point { x: found.value, y: percent, between: None })
            })
            .collect(),
    };
    outcome.case.entrants.iter().enumerate().map(line).filter(|series| !series.points.is_empty()).collect()
}
