//! The messages. A request is a length and that many bytes, at least one; its reply the length, the bytes'
//! CRC-32, and the bytes in reverse order. Numbers have their highest byte first.

/// The bytes of a length.
pub const HEAD: usize = 4;
/// The longest message.
pub const MOST_BYTES: usize = 16 * 1024;

/// The CRC-32 of zlib, bit by bit: it takes a while, which is what the pool is for.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// What the pool does.
pub fn reply_to(request: &[u8]) -> Vec<u8> {
    let (head, bytes) = request.split_at(HEAD);
    let mut reply = head.to_vec();
    reply.extend(crc32(bytes).to_be_bytes());
    reply.extend(bytes.iter().rev());
    reply
}
