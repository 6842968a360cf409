//! A web site on 127.0.0.1 whose pages are made up. It has its own threads, and no pool.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, JoinHandle};

/// Its pages.
pub const PAGES: u64 = 200;
/// More threads than `fetch` may have requests, so that one too many would be seen.
const THREADS: usize = 32;

/// Every page has links, which a reader can check.
pub fn links(page: u64) -> impl Iterator<Item = u64> {
    (0..1 + page * 7 % 23).map(move |link| (page * 31 + link * 17) % PAGES)
}

/// The site does not have it.
pub fn is_missing(page: u64) -> bool {
    page % 50 == 9
}

/// On a site that stalls: half of it comes, and no more.
pub fn stalls(page: u64) -> bool {
    page % 10 == 7
}

/// A running web site.
pub struct Site {
    /// On 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    /// Open until `close` has ended all threads: it connects to them.
    listener: TcpListener,
    stalls: bool,
    over: AtomicBool,
    asked: AtomicUsize,
    /// Requests that are being answered, and the most of them.
    inside: AtomicUsize,
    most: AtomicUsize,
}

impl Site {
    /// Starts it.
    pub fn open(stalls: bool) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let (over, asked, inside, most) = Default::default();
        let shared = Arc::new(Shared { listener, stalls, over, asked, inside, most });
        let run = |_| {
            let shared = shared.clone();
            thread::spawn(move || {
                while !shared.over.load(SeqCst) {
                    // A client that gives up in the middle is no error of the site's.
                    let _ = shared.listener.accept().and_then(|(socket, _)| shared.answer(socket));
                }
            })
        };
        let threads = (0..THREADS).map(run).collect();
        Ok(Self { port, shared, threads })
    }

    /// Ends it: how many requests there were, and the most at a time.
    pub fn close(self) -> io::Result<(usize, usize)> {
        self.shared.over.store(true, SeqCst);
        for _ in &self.threads {
            // Ends one accept, of any of the threads.
            drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?);
        }
        for thread in self.threads {
            thread.join().expect("no panic");
        }
        Ok((self.shared.asked.load(SeqCst), self.shared.most.load(SeqCst)))
    }
}

impl Shared {
    fn answer(&self, mut socket: TcpStream) -> io::Result<()> {
        let page = read_request(&mut socket)?;
        self.asked.fetch_add(1, SeqCst);
        self.most.fetch_max(self.inside.fetch_add(1, SeqCst) + 1, SeqCst);
        let text = text_of(page);
        let sent = if self.stalls && stalls(page) {
            // Until the client gives up.
            socket
                .write_all(&text.as_bytes()[..text.len() / 2])
                .and_then(|()| socket.read(&mut [0]).map(drop))
        } else {
            socket.write_all(text.as_bytes())
        };
        // Before the socket is closed, at which the client's next request may begin.
        self.inside.fetch_sub(1, SeqCst);
        sent
    }
}

fn read_request(socket: &mut TcpStream) -> io::Result<u64> {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let number = String::from_utf8(request).ok().and_then(|request| {
        let path = request.strip_prefix("GET /page/")?;
        path.split_once(' ')?.0.parse().ok()
    });
    number.filter(|&page| page < PAGES).ok_or_else(|| io::Error::other("a bad request"))
}

fn text_of(page: u64) -> String {
    let status = if is_missing(page) { "404 Not Found" } else { "200 OK" };
    let links: String = links(page).map(|to| format!("<a href=\"/page/{to}\">Read on</a>\n")).collect();
    let body = format!("<html><head><title>Page {page}</title></head>\n{links}</html>\n");
    format!("HTTP/1.0 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
