//! What measures both subjects, the pool and the control ring: roles, cycles, accounts, a watchdog.

use jobring_frozen::{Site, freeze};
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Roles that are frozen.
pub const SUBMITTER: u8 = 1;
pub const WORKER: u8 = 2;
pub const WAITER: u8 = 3;
pub const CANCELLER: u8 = 4;
pub const CLOSER: u8 = 5;
pub const ROLES: [u8; 5] = [SUBMITTER, WORKER, WAITER, CANCELLER, CLOSER];
/// Threads that must go on meanwhile: counted, never frozen.
pub const OTHERS: u8 = 6;
/// Frozen only to bring others into a situation.
pub const DECOY: u8 = 7;

pub fn name(role: u8) -> &'static str {
    ["", "submitter", "worker", "waiter", "canceller", "closer", "others", "decoy"][role as usize]
}

/// In the environment: as many cycles as `.ci/run` asks for.
const LONG: &str = "JOBRING_FREEZE_LONG";

/// How many submit–run–wait cycles the others do while a thread is frozen: several laps of the rings, and with LONG many.
pub fn cycles() -> u64 {
    if std::env::var_os(LONG).is_some() { 10_000 } else { 2_000 }
}

/// Longer than any wait that ends at all. Turns a hang into a failure.
pub const GENEROUS: Duration = Duration::from_secs(60);

/// How long one life of a scene waits for its target thread to come to the site. Then another life begins: where
/// threads meet seldom, it depends on the cores that they were placed on.
pub const ONE_LIFE: Duration = Duration::from_secs(2);

/// What a life of a scene reports whose thread did not come to the site. Another one may.
pub const NEVER_CAME: &str = "never came there, though the census did";

/// Something that jobs can be submitted to.
pub trait Subject {
    /// `jobs` jobs, submitted, run by another thread, waited for. Err if that does not end.
    fn cycle(&self, jobs: u64, patience: Duration) -> Result<(), String>;
}

/// What the others managed to do.
#[derive(Clone, Copy, Default, Debug)]
pub struct Figures {
    pub cycles: u64,
    /// Submits that a closed pool refused.
    pub refused: u64,
    /// How often one of them lost its patience and forced a wake-up.
    pub forced: u64,
    pub seconds: f64,
}

/// Lets the calling thread do all its cycles: one at a time, and in bursts of four.
pub fn drive(subject: &impl Subject, cycles: u64, patience: Duration) -> Result<Figures, (Figures, String)> {
    let (begin, forced) = (Instant::now(), freeze::hits(OTHERS, Site::ForceUpdate));
    let mut figures = Figures::default();
    while figures.cycles < cycles {
        let jobs = if figures.cycles / 500 % 2 == 0 { 1 } else { 4 };
        let done = subject.cycle(jobs, patience);
        figures.forced = freeze::hits(OTHERS, Site::ForceUpdate) - forced;
        figures.seconds = begin.elapsed().as_secs_f64();
        done.map_err(|why| (figures, why))?;
        figures.cycles += jobs;
    }
    Ok(figures)
}

/// Lets the frozen thread go on. Err if it had not stood still, or if more than `most` wake-ups were forced.
pub fn thaw(figures: Figures, most: u64) -> Result<Figures, String> {
    if figures.forced > most {
        return Err(format!("every so often a wake-up is missing: {figures:?}"));
    }
    match freeze::thaw(0) {
        true => Ok(figures),
        false => Err("it had not stood still".into()),
    }
}

/// A count of jobs and a sum over their numbers: a job counted twice does not make up for a lost one.
#[derive(Default)]
pub struct Tally {
    count: AtomicU64,
    sum: AtomicU64,
}

impl Tally {
    const fn new() -> Self {
        Self { count: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    pub fn add(&self, id: u64) {
        let mut mixed = (id + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        self.sum.fetch_add(mixed, SeqCst);
        self.count.fetch_add(1, SeqCst);
    }

    pub fn get(&self) -> (u64, u64) {
        (self.count.load(SeqCst), self.sum.load(SeqCst))
    }
}

/// What became of the jobs of one arena.
pub struct Ledger {
    next: AtomicU64,
    pub made: Tally,
    /// Ended by running.
    pub ran: Tally,
    /// Dropped without having run.
    pub dropped: Tally,
    /// Handed back by submit.
    pub refused: Tally,
    /// Reported as cancelled to the thread that cancelled.
    pub cancelled: Tally,
    /// Is the pool being closed?
    pub closing: AtomicBool,
    /// Jobs that are inside a shutdown: they wait for the frozen thread, and others for them.
    pub shutting: AtomicU64,
}

impl Ledger {
    pub const fn new() -> Self {
        Self {
            next: AtomicU64::new(0),
            made: Tally::new(),
            ran: Tally::new(),
            dropped: Tally::new(),
            refused: Tally::new(),
            cancelled: Tally::new(),
            closing: AtomicBool::new(false),
            shutting: AtomicU64::new(0),
        }
    }

    /// A new job's token, to be moved into its closure.
    pub fn token(&'static self) -> Token {
        let id = self.next.fetch_add(1, SeqCst);
        self.made.add(id);
        Token { ledger: self, id, ran: false }
    }

    /// Jobs that are neither run nor dropped.
    pub fn outstanding(&self) -> u64 {
        let over = self.ran.get().0 + self.dropped.get().0;
        self.made.get().0 - over
    }

    /// Every job ran or was dropped, once; those dropped were handed back or reported as cancelled, unless a
    /// shutdown may have `discarded` some.
    pub fn balance(&self, discarded: bool) -> Result<(), String> {
        let (made, ran, dropped) = (self.made.get(), self.ran.get(), self.dropped.get());
        let (refused, cancelled) = (self.refused.get(), self.cancelled.get());
        if made != (ran.0 + dropped.0, ran.1.wrapping_add(dropped.1)) {
            return Err(format!(
                "{} jobs made, {} ran, {} dropped, or not the same",
                made.0, ran.0, dropped.0
            ));
        }
        let returned = (refused.0 + cancelled.0, refused.1.wrapping_add(cancelled.1));
        if if discarded { dropped.0 < returned.0 } else { dropped != returned } {
            return Err(format!("{} dropped, {} refused, {} cancelled", dropped.0, refused.0, cancelled.0));
        }
        Ok(())
    }
}

/// Lives in a job's closure: tells the ledger how the job ended.
pub struct Token {
    ledger: &'static Ledger,
    pub id: u64,
    ran: bool,
}

impl Token {
    pub fn ledger(&self) -> &'static Ledger {
        self.ledger
    }

    /// Called in the job. Its number is its result.
    pub fn run(mut self) -> u64 {
        self.ran = true;
        self.id
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let end = if self.ran { &self.ledger.ran } else { &self.ledger.dropped };
        end.add(self.id);
    }
}

/// Prints past the capture of libtest: the table is part of the result.
pub fn say(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

static STAGE: Mutex<(String, Option<Instant>)> = Mutex::new((String::new(), None));

/// Names what is being done. If nothing new is named for four minutes, the watchdog ends the process.
pub fn stage(what: String) {
    let mut held = STAGE.lock().unwrap();
    if held.1.is_none() {
        std::thread::spawn(watch);
    }
    *held = (what, Some(Instant::now()));
}

fn watch() {
    loop {
        std::thread::park_timeout(Duration::from_secs(1));
        let held = STAGE.lock().unwrap();
        if held.1.is_some_and(|since| since.elapsed() > 4 * GENEROUS) {
            say(&format!("hangs in: {}", held.0));
            std::process::exit(101);
        }
    }
}

/// Yields until `true`; false when that takes too long.
pub fn until(mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + GENEROUS;
    while !done() {
        if Instant::now() > end {
            return false;
        }
        std::thread::yield_now();
    }
    true
}
