//! The name of a worker's thread.

use core::fmt::Write;

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
        // write_str returns an error for text that does not fit; that text is left out.
        let _ = write!(name, "{}-{}", &prefix[..keep], worker);
        name
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.text[..self.len]).unwrap_or("jobring")
    }
}

impl Write for WorkerName {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = self.text.get_mut(self.len..self.len + text.len()).ok_or(core::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
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
