//! Checks that a slot has room for a job, and writes the compiler's error if it has not.

use crate::slot::storage::PAYLOAD_ALIGN;

/// What a job needs from its slot: bytes, and an alignment.
#[derive(Clone, Copy)]
pub(super) struct JobNeeds {
    pub(super) closure: usize,
    pub(super) result: usize,
    /// The bytes that a panic of the job takes; 0 where panics are not caught.
    pub(super) failure: usize,
    pub(super) align: usize,
    /// What its owner adds.
    pub(super) owner: Added,
}

/// The bytes that something adds to a job, and what that is.
#[derive(Clone, Copy)]
pub(super) struct Added {
    pub(super) bytes: usize,
    pub(super) by: &'static str,
}

impl Added {
    pub(super) const NOTHING: Self = Self { bytes: 0, by: "" };
}

impl JobNeeds {
    const fn bytes(self) -> usize {
        max(max(self.closure, self.result), self.failure) + self.owner.bytes
    }

    pub(super) const fn fits(self, payload: usize) -> bool {
        self.bytes() <= payload && self.align <= PAYLOAD_ALIGN
    }

    /// Fails to compile unless it fits.
    pub(super) const fn assert_fits(self, payload: usize) {
        if !self.fits(payload) {
            // A panic in a constant cannot format its text.
            panic!("{}", Text::refusal(self, payload).as_str());
        }
    }
}

pub(super) const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// What to do about a large closure.
const CAPTURE_LESS: &str = if cfg!(feature = "alloc") {
    "capture less, or call submit_boxed (where the call is not submit, pass Box::new(closure)), or "
} else {
    "capture less, or pass the closure in a Box, or "
};

const BY_SUBMIT_BOXED: &str =
    if cfg!(feature = "alloc") { " (submit_boxed does that to a closure)" } else { "" };

/// A message that is being built.
struct Text {
    bytes: [u8; Self::ROOM],
    length: usize,
}

impl Text {
    /// The longest message with the largest numbers takes less.
    const ROOM: usize = 1024;

    const fn refusal(needs: JobNeeds, payload: usize) -> Self {
        let mut text = Self { bytes: [0; Self::ROOM], length: 0 };
        let bytes = needs.bytes();
        if bytes > payload {
            text = text
                .and("this job needs ")
                .and_number(bytes)
                .and(" bytes, and a slot of this pool has room for ");
            text = text.and_number(payload).and(": its closure takes ").and_number(needs.closure);
            text = text.and(", its result ").and_number(needs.result);
            if needs.failure > 0 {
                text = text.and(", what a panic leaves ").and_number(needs.failure);
            }
            if needs.owner.bytes > 0 {
                text = text.and(", and ").and(needs.owner.by).and(" adds ").and_number(needs.owner.bytes);
            }
            text = text.and(". To make it fit, ");
            if needs.closure + needs.owner.bytes > payload {
                text = text.and(CAPTURE_LESS);
            }
            if needs.result + needs.owner.bytes > payload {
                text = text.and("return the result in a Box, or ");
            }
            let wanted = bytes.next_multiple_of(PAYLOAD_ALIGN);
            text = text.and("give the pool larger slots: Pool::builder().payload::<").and_number(wanted);
            text = text.and(">(), StaticPool<JOBS, WORKERS, ").and_number(wanted).and(">");
        }
        if needs.align > PAYLOAD_ALIGN {
            if text.length > 0 {
                text = text.and("; and ");
            }
            text = text.and("its closure or its result is aligned to ").and_number(needs.align);
            text = text.and(" bytes, and a slot to ").and_number(PAYLOAD_ALIGN);
            text = text.and(" only: move what is aligned so into a Box").and(BY_SUBMIT_BOXED);
        }
        text
    }

    const fn and(mut self, more: &str) -> Self {
        let more = more.as_bytes();
        let mut n = 0;
        while n < more.len() {
            self.bytes[self.length] = more[n];
            self.length += 1;
            n += 1;
        }
        self
    }

    const fn and_number(mut self, number: usize) -> Self {
        if number >= 10 {
            self = self.and_number(number / 10);
        }
        self.bytes[self.length] = b'0' + (number % 10) as u8;
        self.length += 1;
        self
    }

    const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "the job does not fit into a slot of this pool",
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::{String, ToString};

    const QUEUE: Added = Added { bytes: 16, by: "its completion queue" };

    fn said(needs: JobNeeds, payload: usize) -> String {
        assert!(!needs.fits(payload));
        Text::refusal(needs, payload).as_str().to_string()
    }

    #[test]
    fn a_job_that_is_too_large_is_told_its_size() {
        let needs = JobNeeds { closure: 72, result: 24, failure: 16, align: 8, owner: Added::NOTHING };
        let said = said(needs, 48);
        for part in ["needs 72 bytes", "has room for 48", "closure takes 72", "result 24", "panic leaves 16"]
        {
            assert!(said.contains(part), "{said}");
        }
        let wanted = 72usize.next_multiple_of(PAYLOAD_ALIGN);
        assert!(said.contains(&std::format!("payload::<{wanted}>()")), "{said}");
        assert!(said.contains(CAPTURE_LESS) && !said.contains("return the result"), "{said}");
        assert!(!said.contains("aligned"));
        assert!(needs.fits(72) && needs.fits(wanted));
    }

    #[test]
    fn a_result_that_is_too_large_is_told_apart_from_a_closure() {
        let needs = JobNeeds { closure: 8, result: 100, failure: 16, align: 8, owner: Added::NOTHING };
        let said = said(needs, 48);
        assert!(said.contains("return the result in a Box") && !said.contains(CAPTURE_LESS), "{said}");
    }

    #[test]
    fn a_job_for_a_queue_is_told_what_the_queue_adds() {
        let needs = JobNeeds { closure: 40, result: 0, failure: 0, align: 8, owner: QUEUE };
        let said = said(needs, 48);
        assert!(said.contains("needs 56 bytes") && said.contains("queue adds 16"), "{said}");
        assert!(needs.fits(56));
    }

    #[test]
    fn a_job_that_is_over_aligned_is_told_so() {
        let align = 4 * PAYLOAD_ALIGN;
        let needs = JobNeeds { closure: align, result: 0, failure: 0, align, owner: Added::NOTHING };
        let alone = said(needs, align);
        assert!(alone.starts_with(&std::format!("its closure or its result is aligned to {align} bytes")));
        let both = said(needs, 0);
        assert!(both.contains("; and its closure") && both.contains("has room for 0"), "{both}");
    }

    #[test]
    fn the_longest_message_has_room() {
        let most = usize::MAX / 2;
        let needs = JobNeeds { closure: most, result: most, failure: most, align: most, owner: QUEUE };
        assert!(said(needs, most - 1).ends_with(&std::format!("into a Box{BY_SUBMIT_BOXED}")));
    }
}
