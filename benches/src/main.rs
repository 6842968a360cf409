//! jobring beside its peers on the same work, in one run. `benches/README.md` says what is measured, and how.

mod chart;
mod gate;
mod goals;
mod lines;
mod machine;
mod measure;
mod options;
mod params;
mod peers;
mod plots;
mod run;
mod stats;
mod table;
mod works;

use clap::Parser;
use options::Options;
use params::Params;
use run::{Outcome, Programs};
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match &options.child {
        Some(words) => child(words),
        None if options.list => show(&options),
        None => suite(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jobring-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One measurement, in this process.
fn child(words: &[String]) -> Result<(), String> {
    let [peer, mode, words @ ..] = words else { return Err("no peer or mode".into()) };
    let measure = peers::find(peer, mode).ok_or("no such peer or mode")?;
    for (name, value) in measure(&Params::parse(words)?).0 {
        println!("{name} {value}");
    }
    // At once: what a pool does at its end was measured if it counts, and nobody asks some threads to end.
    let _ = io::stdout().flush();
    std::process::exit(0)
}

fn show(options: &Options) -> Result<(), String> {
    let mut programs = Programs::default();
    for case in works::cases(options) {
        println!("{} ({}): {}", case.work, case.id, case.title);
        for entrant in &case.entrants {
            match programs.command(entrant.peer, entrant.mode) {
                Ok(_) => println!("    {}", entrant.label),
                Err(why) => println!("    absent: {}: {why}", entrant.label),
            }
        }
    }
    Ok(())
}

fn suite(options: &Options) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", options.out.display());
    fs::create_dir_all(&options.out).map_err(failed)?;
    let machine = machine::line();
    let mut results = format!("{machine}\n\n{} rounds, {} ms a process\n", options.rounds, options.millis);
    println!("{results}");
    let mut raw = fs::File::create(options.out.join("raw.csv")).map_err(failed)?;
    raw.write_all(table::CSV_HEAD.as_bytes()).map_err(failed)?;
    let mut programs = Programs::default();
    let mut outcomes: Vec<Outcome> = Vec::new();
    for case in works::cases(options) {
        let outcome = run::run(case, options.rounds, &mut programs);
        raw.write_all(table::csv(&outcome).as_bytes()).map_err(failed)?;
        if outcome.case.point.is_none() {
            let text = table::table(&outcome);
            print!("{text}");
            let _ = io::stdout().flush();
            results += &text;
        }
        outcomes.push(outcome);
    }
    for text in curves(&outcomes) {
        print!("{text}");
        results += &text;
    }
    let goals = goals::table(&outcomes);
    print!("{goals}");
    results += &goals;
    fs::write(options.out.join("results.md"), &results).map_err(failed)?;
    let mut written = String::from("results.md, raw.csv");
    let note = format!("{machine}, {} rounds", options.rounds);
    for (name, picture) in plots::plots(&outcomes, &note).map_err(|error| error.to_string())? {
        fs::write(options.out.join(&name), picture).map_err(failed)?;
        written += &format!(", {name}");
    }
    println!("\nWritten to {}: {written}", options.out.display());
    Ok(())
}

fn curves(outcomes: &[Outcome]) -> Vec<String> {
    let mut names: Vec<&str> = outcomes.iter().filter_map(|outcome| Some(outcome.case.point?.0)).collect();
    names.dedup();
    let of = |name: &str| -> Vec<&Outcome> {
        outcomes.iter().filter(|outcome| outcome.case.point.is_some_and(|point| point.0 == name)).collect()
    };
    names.iter().map(|name| table::curve(name, &of(name))).collect()
}
