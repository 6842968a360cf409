//! The clients: each is a thread that blocks. They send in random pieces, and some leave in the middle.

use crate::message::{MOST_BYTES, reply_to};
use crate::{BUFFER_BYTES, MESSAGES};
use socket2::{Domain, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Barrier;
use std::time::Duration;

/// Marsaglia's xorshift, 64 bits with the shifts 13, 7 and 17.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize
    }

    /// A length from 1 to `most`; short and long ones are equally common.
    fn piece(&mut self, most: usize) -> usize {
        let range = 1 << (self.next() % 15);
        (1 + self.next() % range).min(most)
    }
}

/// An early client leaves at its message of this number.
const LEAVES_AT: usize = 3;

fn send_in_pieces(socket: &mut impl Write, mut rest: &[u8], random: &mut Random) -> io::Result<()> {
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(random.piece(rest.len()));
        socket.write_all(piece)?;
        rest = later;
    }
    Ok(())
}

fn expect(socket: &mut impl Read, expected: &[u8]) -> io::Result<()> {
    let mut reply = vec![0; expected.len()];
    socket.read_exact(&mut reply)?;
    assert!(reply == expected, "a reply is not what it should be");
    Ok(())
}

/// A client. It sends each message before it reads the reply to the one before. How many replies it got, all
/// of them right; None: it left early, on purpose.
pub fn visit(number: usize, address: SocketAddr, all_are_served: &Barrier) -> io::Result<Option<usize>> {
    let mut random = Random(number as u64 + 1);
    let mut socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_recv_buffer_size(BUFFER_BYTES)?;
    socket.connect(&address.into())?;
    let mut expected = None;
    for message in 0..MESSAGES {
        let size = random.piece(MOST_BYTES);
        let mut request = (size as u32).to_be_bytes().to_vec();
        request.extend((0..size).map(|_| random.next() as u8));
        let leaves = message == LEAVES_AT && number % 4 == 3;
        if leaves && number % 8 == 3 {
            // With half of a message, or half of its length.
            socket.write_all(&request[..request.len() / 2])?;
            return Ok(None);
        }
        send_in_pieces(&mut socket, &request, &mut random)?;
        if let Some(expected) = expected.replace(reply_to(&request)) {
            expect(&mut socket, &expected)?;
        }
        if message == 1 {
            all_are_served.wait();
        }
        if leaves {
            // With a reset, when the server has its message in the pool or in the line.
            socket.set_linger(Some(Duration::ZERO))?;
            return Ok(None);
        }
    }
    socket.shutdown(Shutdown::Write)?;
    expect(&mut socket, &expected.expect("there are messages"))?;
    assert_eq!(socket.read(&mut [0])?, 0, "nothing comes behind the last reply");
    Ok(Some(MESSAGES))
}
