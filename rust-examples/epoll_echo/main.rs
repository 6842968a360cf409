//! Shows a completion queue in an event loop: one thread serves 128 TCP clients with mio (epoll on Linux).
//! The pool does the work on each message. Jobs that have finished reach the loop as events, as bytes do. The
//! program is its own client.

mod message;
mod visit;

use jobring::{Completion, Completions, JobId, Pool};
use message::{HEAD, MOST_BYTES, crc32, reply_to};
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::process::exit;
use std::sync::Barrier;
use std::{panic, thread};
use visit::visit;

const CLIENTS: usize = 128;
const MESSAGES: usize = 40;
/// Fewer jobs at a time than there are clients: the others wait in a line of the loop's own.
const IN_FLIGHT: usize = 32;
/// Small, so that a long reply does not fit, and this program meets partial writes.
const BUFFER_BYTES: usize = 4096;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

enum State {
    Reading(Vec<u8>),
    /// A whole message, and no room for it in the pool.
    Waiting(Vec<u8>),
    Working(JobId),
    /// A reply, and how much of it was sent.
    Writing(Vec<u8>, usize),
}

struct Client {
    socket: TcpStream,
    state: State,
    /// It has hung up while it was waiting or working.
    gone: bool,
}

/// How far a client got.
enum Progress {
    Done,
    Blocked,
    /// It has ended between two messages.
    PoliteEnd,
    Gone,
}

impl Client {
    /// Reads a message and no more: the next one stays in the socket, which slows down a fast client.
    fn receive(socket: &mut TcpStream, request: &mut Vec<u8>) -> Progress {
        let mut buffer = [0; BUFFER_BYTES];
        loop {
            let whole = match request.first_chunk() {
                None => HEAD,
                Some(&head) => match u32::from_be_bytes(head) as usize {
                    size @ 1..=MOST_BYTES => HEAD + size,
                    _ => return Progress::Gone,
                },
            };
            if request.len() == whole {
                return Progress::Done;
            }
            let missing = (whole - request.len()).min(buffer.len());
            match socket.read(&mut buffer[..missing]) {
                Ok(0) if request.is_empty() => return Progress::PoliteEnd,
                Ok(0) => return Progress::Gone,
                Ok(got) => request.extend(&buffer[..got]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Progress::Blocked,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Progress::Gone,
            }
        }
    }

    fn send(socket: &mut TcpStream, reply: &[u8], sent: &mut usize) -> Progress {
        while *sent < reply.len() {
            match socket.write(&reply[*sent..]) {
                Ok(more) => *sent += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Progress::Blocked,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Progress::Gone,
            }
        }
        Progress::Done
    }
}

/// What has happened.
#[derive(Debug, Default)]
struct Counts {
    accepted: usize,
    open: usize,
    most: usize,
    polite: usize,
    early: usize,
    submitted: usize,
    received: usize,
    cancelled: usize,
    replies: usize,
    /// Messages that waited for room in the pool, and replies that waited for room in a socket.
    waited: usize,
    partial: usize,
    /// Calls of epoll_wait, events of the queue, arms.
    turns: usize,
    events: usize,
    arms: usize,
}

const LISTENER: Token = Token(CLIENTS);
const QUEUE: Token = Token(CLIENTS + 1);

struct Server<'p> {
    poll: Poll,
    listener: TcpListener,
    queue: &'p Completions<'p, Vec<u8>>,
    /// A client's place is its number, which is the token of its events and the tag of its jobs.
    clients: Vec<Option<Client>>,
    /// The waiting ones.
    line: VecDeque<usize>,
    counts: Counts,
}

impl<'p> Server<'p> {
    fn new(listener: TcpListener, queue: &'p Completions<'p, Vec<u8>>) -> Result<Self> {
        let mut this = Self {
            poll: Poll::new()?,
            listener,
            queue,
            clients: Vec::new(),
            line: VecDeque::new(),
            counts: Counts::default(),
        };
        let registry = this.poll.registry();
        registry.register(&mut this.listener, LISTENER, Interest::READABLE)?;
        registry.register(&mut SourceFd(&queue.descriptor()?.as_raw_fd()), QUEUE, Interest::READABLE)?;
        Ok(this)
    }

    fn run(&mut self) -> Result<()> {
        let mut events = Events::with_capacity(16);
        while self.counts.accepted < CLIENTS || self.counts.open > 0 {
            if self.may_sleep() {
                self.handle_events(&mut events)?;
            }
            while let Ok(completion) = self.queue.try_recv() {
                self.arrived(completion)?;
            }
            self.submit_waiting();
        }
        Ok(())
    }

    /// With a job on its way the loop arms before it sleeps, so that the job's end is an event. False: a job
    /// has ended already.
    fn may_sleep(&mut self) -> bool {
        if self.queue.pending() == 0 {
            return true;
        }
        self.counts.arms += 1;
        self.queue.arm()
    }

    fn handle_events(&mut self, events: &mut Events) -> Result<()> {
        match self.poll.poll(events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        self.counts.turns += 1;
        for event in events.iter() {
            match event.token() {
                QUEUE => self.counts.events += 1, // `run` receives next
                LISTENER => self.accept()?,
                Token(number) => self.on_client(number, event),
            }
        }
        Ok(())
    }

    /// mio's events are edge-triggered: each is answered until nothing is left.
    fn accept(&mut self) -> Result<()> {
        loop {
            let mut socket = match self.listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error.into()),
            };
            SockRef::from(&socket).set_send_buffer_size(BUFFER_BYTES)?;
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut socket, Token(self.clients.len()), both)?;
            self.clients.push(Some(Client { socket, state: State::Reading(Vec::new()), gone: false }));
            self.counts.accepted += 1;
            self.counts.open += 1;
            self.counts.most = self.counts.most.max(self.counts.open);
        }
    }

    fn on_client(&mut self, number: usize, event: &Event) {
        let Some(client) = &mut self.clients[number] else { return };
        if matches!(client.state, State::Reading(_) | State::Writing(..)) {
            self.advance(number);
        } else if event.is_error() || event.is_write_closed() {
            // Its job arrives all the same, or its turn in the line comes.
            client.gone = true;
            if let State::Working(job) = client.state {
                self.queue.cancel(job);
            }
        }
    }

    /// Goes on with a client until its socket blocks, or its message is the pool's.
    fn advance(&mut self, number: usize) {
        let Some(client) = &mut self.clients[number] else { return };
        let mut progress = Progress::Done;
        while let Progress::Done = progress {
            match &mut client.state {
                State::Reading(request) => {
                    progress = Client::receive(&mut client.socket, request);
                    if let Progress::Done = progress {
                        client.state = State::Waiting(std::mem::take(request));
                        self.line.push_back(number);
                        let waits = self.line.len() > 1 || self.queue.pending() >= IN_FLIGHT;
                        self.counts.waited += usize::from(waits);
                        return self.submit_waiting();
                    }
                }
                State::Writing(reply, sent) => {
                    progress = Client::send(&mut client.socket, reply, sent);
                    match progress {
                        Progress::Done => {
                            client.state = State::Reading(Vec::new());
                            self.counts.replies += 1;
                        }
                        Progress::Blocked => self.counts.partial += 1,
                        _ => {}
                    }
                }
                State::Waiting(_) | State::Working(_) => return,
            }
        }
        if !matches!(progress, Progress::Blocked) {
            self.close(number, matches!(progress, Progress::PoliteEnd));
        }
    }

    /// The first of the line, as far as there is room. `pending` is exact, because no other thread submits or
    /// receives.
    fn submit_waiting(&mut self) {
        while self.queue.pending() < IN_FLIGHT
            && let Some(number) = self.line.pop_front()
        {
            let Some(Client { state, gone, .. }) = &mut self.clients[number] else { continue };
            if *gone {
                self.close(number, false);
            } else if let State::Waiting(request) = state {
                let request = std::mem::take(request);
                let job = self.queue.try_submit(number as u64, move || reply_to(&request));
                *state = State::Working(job.expect("there is room"));
                self.counts.submitted += 1;
            }
        }
    }

    /// A client's message has been worked on, or was cancelled.
    fn arrived(&mut self, completion: Completion<Vec<u8>>) -> Result<()> {
        let number = completion.tag as usize;
        let client = self.clients[number].as_mut().expect("it is closed when its job has arrived");
        self.counts.received += 1;
        self.counts.cancelled += usize::from(completion.result.is_err());
        if client.gone {
            self.close(number, false);
        } else {
            client.state = State::Writing(completion.result?, 0);
            self.advance(number);
        }
        Ok(())
    }

    fn close(&mut self, number: usize, politely: bool) {
        self.clients[number] = None;
        self.counts.open -= 1;
        *(if politely { &mut self.counts.polite } else { &mut self.counts.early }) += 1;
    }
}

fn main() -> Result<()> {
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    let pool = Pool::builder().build()?;
    let queue = pool.completions_with_limit(IN_FLIGHT)?;
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = listener.local_addr()?;
    let mut server = Server::new(listener, &queue)?;

    // A client that finds a mistake ends the program: without its thread the others would wait for ever.
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        report(panic);
        exit(1);
    }));
    let all_are_served = &Barrier::new(CLIENTS);
    let visits: Vec<_> = thread::scope(|scope| {
        let visit = |number| move || visit(number, address, all_are_served).expect("a connection");
        let visits: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(visit(number))).collect();
        server.run().expect("an event loop");
        visits.into_iter().map(|visit| visit.join().expect("no panic")).collect()
    });

    let counts = &server.counts;
    let replies: usize = visits.iter().flatten().sum();
    let early = visits.iter().filter(|visit| visit.is_none()).count();
    assert_eq!((counts.accepted, counts.most), (CLIENTS, CLIENTS));
    assert_eq!((counts.early, counts.polite, early), (early, CLIENTS - early, CLIENTS / 4));
    assert_eq!(replies, counts.polite * MESSAGES);
    assert!(counts.replies >= replies && counts.cancelled <= early);
    assert_eq!((counts.submitted, queue.pending()), (counts.received, 0));
    println!("all {CLIENTS} served at once by one thread: {replies} replies came back exact");
    println!("{early} clients left early, and {} of their jobs were cancelled", counts.cancelled);
    println!(
        "{} messages waited for room in the pool, {} replies for room in a socket",
        counts.waited, counts.partial
    );
    println!(
        "{} jobs arrived by {} events of the queue; {} calls of epoll_wait, {} arms (a read each)",
        counts.received, counts.events, counts.turns, counts.arms
    );
    Ok(())
}
