//! Shows many blocking downloads with a limit and a deadline: at most 16 pages are on their way, a job reads
//! and parses each, the results come in the order in which they finish, and what is late is cancelled. The
//! program starts the web site itself.

mod site;

use jobring::{Completion, Completions, JobError, JobId, Pool, RecvError, SubmitError};
use site::{PAGES, Site, is_missing, links, stalls};
use std::collections::BTreeMap;
use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, io};

const IN_FLIGHT: usize = 16;
const WORKERS: usize = 8;
/// How often a job that waits for bytes looks whether it was asked to stop.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// What a job finds in a page.
struct Page {
    bytes: usize,
    links: usize,
}

#[derive(Debug)]
enum NoPage {
    NotFound,
    /// The job was asked to stop.
    Stopped,
    Wrong(&'static str),
    Io(io::Error),
}

impl From<io::Error> for NoPage {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for NoPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::Stopped => f.write_str("stopped"),
            Self::Wrong(what) => write!(f, "a page with a mistake: {what}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NoPage {}

/// The job.
fn fetch(pool: &Pool, port: u16, number: u64) -> Result<Page, NoPage> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_read_timeout(Some(LOOK_AGAIN))?;
    write!(socket, "GET /page/{number} HTTP/1.0\r\n\r\n")?;
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => break,
            Ok(got) => text.extend(&buffer[..got]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        if pool.cancel_requested() {
            return Err(NoPage::Stopped);
        }
    }
    parse(number, &String::from_utf8(text).map_err(|_| NoPage::Wrong("not a text"))?)
}

/// Is the page what it should be? It has all its links, and no byte more or less than it says.
fn parse(number: u64, text: &str) -> Result<Page, NoPage> {
    let (head, body) = text.split_once("\r\n\r\n").ok_or(NoPage::Wrong("no body"))?;
    let (status, length) = head.split_once("\r\nContent-Length: ").ok_or(NoPage::Wrong("no length"))?;
    if status == "HTTP/1.0 404 Not Found" {
        return Err(NoPage::NotFound);
    }
    let found = body.split("<a href=\"/page/").skip(1).map(|link| link.split('"').next()?.parse().ok());
    let found: Option<Vec<u64>> = found.collect();
    let is_right = status == "HTTP/1.0 200 OK"
        && length.parse() == Ok(body.len())
        && body.contains(&format!("<title>Page {number}</title>"))
        && found.is_some_and(|found| links(number).eq(found));
    if is_right {
        Ok(Page { bytes: body.len(), links: links(number).count() })
    } else {
        Err(NoPage::Wrong("its links or its length"))
    }
}

/// What has happened.
#[derive(Debug, Default)]
struct Tally {
    submitted: u64,
    arrived: u64,
    fetched: u64,
    missing: u64,
    /// Cancelled before they ran, stopped while they ran.
    cancelled: u64,
    stopped: u64,
    /// By one that was submitted later.
    overtaken: u64,
    bytes: usize,
    links: usize,
}

struct Crawl<'p> {
    pool: &'p Arc<Pool>,
    queue: &'p Completions<'p, Result<Page, NoPage>>,
    port: u16,
    /// By number.
    in_flight: BTreeMap<u64, JobId>,
    tally: Tally,
}

impl Crawl<'_> {
    /// All pages, or those that come within the limit.
    fn run(&mut self, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        while self.tally.arrived < PAGES {
            while self.tally.submitted < PAGES && self.submit_next()? {}
            match self.queue.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(completion) => self.arrived(completion)?,
                Err(RecvError::Pending) => break,
                Err(error) => return Err(error.into()),
            }
        }
        // What waits for a worker is cancelled, what runs is asked to stop. All of it arrives.
        for &job in self.in_flight.values() {
            self.queue.cancel(job);
        }
        for completion in self.queue {
            self.arrived(completion)?;
        }
        if io::stderr().is_terminal() {
            eprintln!();
        }
        Ok(())
    }

    /// False: as many are on their way as may be.
    fn submit_next(&mut self) -> Result<bool> {
        let (pool, port, number) = (self.pool.clone(), self.port, self.tally.submitted);
        match self.queue.try_submit(number, move || fetch(&pool, port, number)) {
            Ok(job) => {
                self.in_flight.insert(number, job);
                self.tally.submitted += 1;
                Ok(true)
            }
            Err(SubmitError::Full(_)) => Ok(false),
            Err(error) => Err(error.without_job().into()),
        }
    }

    fn arrived(&mut self, completion: Completion<Result<Page, NoPage>>) -> Result<()> {
        let tally = &mut self.tally;
        self.in_flight.remove(&completion.tag).expect("each arrives once");
        tally.arrived += 1;
        tally.overtaken +=
            u64::from(self.in_flight.first_key_value().is_some_and(|(&first, _)| first < completion.tag));
        match completion.result {
            Ok(Ok(page)) => {
                tally.fetched += 1;
                tally.bytes += page.bytes;
                tally.links += page.links;
            }
            Ok(Err(NoPage::NotFound)) => tally.missing += 1,
            Ok(Err(NoPage::Stopped)) => tally.stopped += 1,
            Ok(Err(error)) => return Err(error.into()),
            Err(JobError::Cancelled) => tally.cancelled += 1,
            Err(error) => return Err(error.into()),
        }
        if io::stderr().is_terminal() {
            eprint!("\r{} of {PAGES} pages, {} links ", tally.arrived, tally.links);
        }
        Ok(())
    }
}

/// What came within the limit, and how many requests the site had.
fn crawl(site: Site, limit: Duration) -> Result<(Tally, usize)> {
    let pool = Arc::new(Pool::builder().workers(WORKERS).build()?);
    let queue = pool.completions_with_limit(IN_FLIGHT)?;
    let mut crawl = Crawl {
        pool: &pool,
        queue: &queue,
        port: site.port,
        in_flight: BTreeMap::new(),
        tally: Tally::default(),
    };
    crawl.run(limit)?;
    let tally = crawl.tally;
    assert_eq!(queue.pending(), 0);
    assert_eq!(tally.arrived, tally.submitted);
    assert_eq!(tally.fetched + tally.missing + tally.cancelled + tally.stopped, tally.submitted);
    assert!(tally.cancelled + tally.stopped <= IN_FLIGHT as u64);
    let (asked, most) = site.close()?;
    // The site may learn late that a stopped job has given up.
    assert!(most <= WORKERS || tally.stopped > 0, "{most} requests at a time");
    Ok((tally, asked))
}

fn main() -> Result<()> {
    let missing = (0..PAGES).filter(|&page| is_missing(page)).count() as u64;
    let stalling = (0..PAGES).filter(|&page| stalls(page)).count() as u64;
    let all_links: usize = (0..PAGES).filter(|&page| !is_missing(page)).map(|page| links(page).count()).sum();

    let (tally, asked) = crawl(Site::open(false)?, Duration::from_secs(60))?;
    assert_eq!((tally.fetched, tally.missing), (PAGES - missing, missing));
    assert_eq!((tally.links, asked as u64), (all_links, PAGES));
    println!(
        "{} pages with {} links and {} bytes, {} missing; {} overtook another",
        tally.fetched, tally.links, tally.bytes, tally.missing, tally.overtaken
    );

    // Every tenth page of this site never ends, so that the deadline decides.
    let (tally, _) = crawl(Site::open(true)?, Duration::from_millis(300))?;
    assert!(tally.fetched + tally.missing <= PAGES - stalling && tally.stopped + tally.cancelled > 0);
    println!(
        "with a deadline: {} pages, {} missing, {} stopped, {} cancelled, {} never submitted",
        tally.fetched,
        tally.missing,
        tally.stopped,
        tally.cancelled,
        PAGES - tally.submitted
    );
    Ok(())
}
