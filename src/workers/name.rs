//! The name of a worker's thread.

/// A thread's name: a prefix cut to fit, a dash and a number, within the 15 bytes that Linux shows.
#[derive(Clone, Copy)]
pub(crate) struct WorkerName {
    text: [u8; 15],
    len: usize,
}

impl WorkerName {
    pub(super) fn of(prefix: &str, worker: usize) -> Self {
        let digits = worker.checked_ilog10().unwrap_or(0) as usize + 1;
        let mut keep = prefix.len().min(15usize.saturating_sub(digits + 1));
        while !prefix.is_char_boundary(keep) {
            keep -= 1;
        }
        let mut name = Self { text: [0; 15], len: 0 };
        for &byte in &prefix.as_bytes()[..keep] {
            name.push(byte);
        }
        name.push(b'-');
        // By hand: core::fmt would be 2 KiB of a library without std.
        for place in (0..digits as u32).rev() {
            name.push(b'0' + (worker / 10usize.pow(place) % 10) as u8);
        }
        name
    }

    /// What does not fit is left out.
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.text.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.text[..self.len]).unwrap_or("jobring")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_keep_the_number() {
        assert_eq!(WorkerName::of("io", 0).as_str(), "io-0");
        assert_eq!(WorkerName::of("a-very-long-prefix", 1999).as_str(), "a-very-lon-1999");
        assert_eq!(WorkerName::of("ééééééééé", 10).as_str(), "éééééé-10");
        assert_eq!(WorkerName::of("", 65_534).as_str(), "-65534");
    }
}
