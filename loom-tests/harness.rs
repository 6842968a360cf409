//! Runs models, each on a thread of its own, and prints one line for each.

use crate::costs;
use jobring_harness::{Progress, again, steps};
use jobring_model::model::{record_steps, recorded_steps};
use loom::model::Builder;
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::panic;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// One promise, and the small program that checks it in every execution.
pub struct Model {
    pub name: &'static str,
    pub module: &'static str,
    /// The most preemptions that loom tries. None: no bound.
    pub bound: Option<usize>,
    pub run: fn(),
}

impl Model {
    /// The name of its file, without the ending.
    pub fn file(&self) -> &'static str {
        self.module.rsplit("::").next().unwrap_or(self.module)
    }
}

/// `model!(unbounded name)` or `model!(2 name)`: the function of that name, with its bound.
macro_rules! model {
    (unbounded $name:ident) => {
        crate::harness::Model { name: stringify!($name), module: module_path!(), bound: None, run: $name }
    };
    ($bound:literal $name:ident) => {
        crate::harness::Model {
            name: stringify!($name),
            module: module_path!(),
            bound: Some($bound),
            run: $name,
        }
    };
}
pub(crate) use model;

/// How a model ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Finished,
    /// The time had passed, or an execution was too long: not judged, which is a failure.
    Cut,
    Failed,
}

thread_local! { static NAME: Cell<&'static str> = const { Cell::new("no model") }; }

/// The longest execution that loom follows, in switches.
const BRANCHES: usize = 5_000;
/// What loom prints if an execution is longer.
pub const TOO_LONG: &str = "exceeded maximum number of branches";

/// Changes the bounds (`bound_by`).
pub const BOUND: &str = "JOBRING_MODEL_BOUND";
/// Selects the execution of a model whose steps are recorded, and printed if it fails.
const RECORD: &str = "JOBRING_MODEL_STEPS";
const MOST_STEPS: usize = 400;

/// A number from the environment.
fn from_env(name: &str) -> Option<usize> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} wants a number")))
}

/// The bound of a model with `JOBRING_MODEL_BOUND` set: `3`: 3 preemptions; `0`: no bound; `+1`: one more
/// than its own.
fn bound_by(text: &str, bound: usize) -> Option<usize> {
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("{BOUND} wants 3 or +1"));
    match text.strip_prefix('+') {
        Some(more) => Some(bound + number(more)),
        None => Some(number(text)).filter(|&bound: &usize| bound > 0),
    }
}

/// Runs one model on this thread. `JOBRING_MODEL_BOUND` changes the bounds, `JOBRING_MODEL_SECONDS` the limit
/// of 300 s.
fn check(model: &Model) -> Verdict {
    NAME.set(model.name);
    let seconds = from_env("JOBRING_MODEL_SECONDS").unwrap_or(300);
    let bound = match std::env::var(BOUND) {
        Ok(text) => model.bound.and_then(|bound| bound_by(&text, bound)),
        Err(_) => model.bound,
    };
    let mut builder = Builder::new();
    builder.max_branches = BRANCHES;
    builder.preemption_bound = bound;
    builder.max_duration = Some(Duration::from_secs(seconds as u64));
    builder.checkpoint_interval = 500;
    let executions = Arc::new(AtomicUsize::new(0));
    let to_record = from_env(RECORD).unwrap_or(0);
    let (counter, run) = (executions.clone(), model.run);
    let start = Instant::now();
    let result = panic::catch_unwind(|| {
        builder.check(move || {
            // Each run explores the same executions, so a number names the one that failed.
            if counter.fetch_add(1, SeqCst) + 1 == to_record {
                record_steps();
            }
            run();
        });
    });
    let elapsed = start.elapsed();
    let verdict = match result {
        Ok(()) if elapsed.as_secs() < seconds as u64 => Verdict::Finished,
        Ok(()) => Verdict::Cut,
        Err(cause) => {
            let text = cause.downcast_ref::<String>().map(String::as_str);
            let text = text.or(cause.downcast_ref::<&str>().copied()).unwrap_or("");
            if text.contains(TOO_LONG) { Verdict::Cut } else { Verdict::Failed }
        }
    };
    let bound = bound.map_or("none".into(), |bound| bound.to_string());
    let word = match verdict {
        Verdict::Finished => "finished",
        Verdict::Cut => "CUT",
        Verdict::Failed => "FAILED",
    };
    println!(
        "model {:<64} bound {bound:<4} {:>8} executions {:>7.2} s  {word}",
        model.name,
        executions.load(SeqCst),
        elapsed.as_secs_f64()
    );
    verdict
}

/// Runs models one after the other in this process. With `fail_fast` the first failure ends it.
pub fn run_here(models: &[&'static Model], fail_fast: bool) -> usize {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        eprintln!("in model {}:", NAME.get());
        default(info);
        if let Some(recorded) = recorded_steps() {
            let named: Vec<_> = recorded.iter().map(|(thread, site)| (*thread, site.name())).collect();
            eprintln!("the steps of this execution:\n{}", steps::schedule(&named, MOST_STEPS));
        }
        // The drops that follow may panic again, which would abort the process.
        if fail_fast && !info.payload_as_str().is_some_and(|text| text.contains(TOO_LONG)) {
            println!("model {} FAILED", NAME.get());
            std::process::exit(1);
        }
    }));
    models.iter().filter(|model| check(model) == Verdict::Finished).count()
}

/// Runs models in parallel, each in a process of its own: threads of one process would contend for its memory
/// map. One core takes the cheapest first, the others the most expensive: a failure shows soon, and no long
/// model is left to the end. With `reduced`, costly models have a smaller bound (costs.rs). Returns those that
/// finished, with their executions.
pub fn run_apart(
    models: &[&'static Model],
    reduced: bool,
    progress: &Progress,
) -> BTreeMap<&'static str, usize> {
    let waiting = Mutex::new(VecDeque::from(costs::by_cost(models)));
    let executions = Mutex::new(BTreeMap::new());
    let run = |cheapest: bool| {
        let next = || {
            let mut waiting = waiting.lock().unwrap();
            if cheapest { waiting.pop_front() } else { waiting.pop_back() }
        };
        while let Some(model) = next() {
            if let Some(n) = run_in_a_process(model, costs::reduced_bound(model).filter(|_| reduced)) {
                executions.lock().unwrap().insert(model.name, n);
            }
            progress.step();
        }
    };
    thread::scope(|scope| {
        for core in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(move || run(core == 0));
        }
    });
    executions.into_inner().unwrap()
}

/// The number of its executions, if it finished. `bound`: in place of its own.
fn run_in_a_process(model: &Model, bound: Option<usize>) -> Option<usize> {
    let child = || {
        let mut child = again(&[RECORD]);
        child.args(["--here", "--exact", model.name]).stderr(Stdio::inherit());
        child.envs(bound.map(|bound| (BOUND, bound.to_string())));
        child
    };
    let run = child().output().expect("this program starts");
    let out = String::from_utf8_lossy(&run.stdout);
    let Some(line) = out.lines().find(|line| line.starts_with("model ")) else {
        println!("model {} FAILED ({})", model.name, run.status);
        return None;
    };
    println!("{line}");
    let words: Vec<&str> = line.split_whitespace().collect();
    let n = words.iter().position(|word| *word == "executions").and_then(|at| words[at - 1].parse().ok());
    if run.status.success() {
        return n;
    }
    if let Some(n) = n {
        // Once more, up to the execution that failed, for its steps.
        let bound = bound.map_or(String::new(), |bound| format!("{BOUND}={bound} "));
        let again =
            format!("{bound}{RECORD}={n} cargo test -p jobring-loom-tests --test models -- --here --exact");
        eprintln!("to see it again: {again} {}", model.name);
        child().env(RECORD, n.to_string()).output().expect("this program starts");
    }
    None
}

/// The threads of one execution, which start in every order.
///
/// loom 0.7.2 remembers only the last access to each atomic, not one for each thread. If a thread loads an
/// atomic and then compares and swaps it, that hides an earlier load by another thread, and loom does not try
/// the order in which the swap comes first. But it does if the swapping thread starts first. So each thread
/// begins by changing one shared word.
#[derive(Clone)]
pub struct Crew {
    gate: Option<Arc<loom::sync::atomic::AtomicUsize>>,
}

impl Crew {
    pub fn new() -> Self {
        Self { gate: Some(Arc::new(loom::sync::atomic::AtomicUsize::new(0))) }
    }

    /// Without that word, because the model would take too long.
    pub fn ungated() -> Self {
        Self { gate: None }
    }

    /// One more thread.
    pub fn spawn<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> loom::thread::JoinHandle<T> {
        self.spawn_boxed(Box::new(f))
    }

    /// Not generic over the closure, so that loom's code for a new thread is compiled once for each T.
    fn spawn_boxed<T: 'static>(&self, f: Box<dyn FnOnce() -> T>) -> loom::thread::JoinHandle<T> {
        let gate = self.gate.clone();
        loom::thread::spawn(move || {
            if let Some(gate) = gate {
                gate.fetch_add(1, Relaxed);
            }
            f()
        })
    }

    /// From here on the calling thread takes part.
    pub fn begin(&self) {
        if let Some(gate) = &self.gate {
            gate.fetch_add(1, Relaxed);
        }
    }
}
