//! A job as C submits it: checked against the payload that it must fit into, then written there, or run at once.

use super::abi_struct::known;
use super::callback;
use super::failure;
use super::job::{Callbacks, Contents, PLAIN, WITH_OPTIONS, write_plain, write_with_options};
use super::outcome::tell;
use super::pool::CPool;
use super::status::{JOBRING_E_INVALID, JOBRING_E_SIZE, JOBRING_E_UNTAKEN, JOBRING_OK, StatusError};
use super::types::{
    JOBRING_FOREVER, JOBRING_WHEN_FULL_WAIT, MoveFn, RunFn, jobring_batch_item, jobring_done_node,
    jobring_fn, jobring_move_fn, jobring_outcome, jobring_submit_options,
};
use crate::engine;
use crate::job::vtable::{JobVTable, Payload};
use crate::platform::keeping_errno;
use core::ffi::c_void;
use core::mem::MaybeUninit;

const DEFAULTS: jobring_submit_options = jobring_submit_options {
    size: size_of::<jobring_submit_options>() as u32,
    when_full: JOBRING_WHEN_FULL_WAIT,
    limit_ns: JOBRING_FOREVER,
    done: None,
    drop: None,
    copy: 0,
    nodes: core::ptr::null_mut(),
    r#move: None,
    reserved: core::ptr::null_mut(),
};

/// The size of the smallest structure that was ever published.
const FIRST_SIZE: usize = size_of::<jobring_submit_options>();

/// A job with an argument and no options, as most submits have.
pub(super) struct PlainRequest {
    run: RunFn,
    arg: *mut c_void,
}

impl PlainRequest {
    #[inline(always)]
    pub(super) fn new(run: jobring_fn, arg: *mut c_void) -> Result<Self, StatusError> {
        let run = run.ok_or_else(|| StatusError::refuse(JOBRING_E_INVALID))?;
        Ok(Self { run, arg })
    }
}

impl engine::Request for PlainRequest {
    #[inline(always)]
    fn vtable(&self) -> &'static JobVTable {
        PLAIN
    }

    #[inline(always)]
    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - 1: every payload has at least four words (CheckedConfig); the submitter's promises hold.
        unsafe { write_plain(payload, self.run, self.arg) };
    }
}

/// A job with any options, checked against the payload that it must fit into.
pub(super) struct OptionsRequest<'a> {
    pool: &'a CPool,
    run: RunFn,
    /// Passed on, or data to copy or to move.
    arg: *mut c_void,
    contents: Contents,
    /// Those that were checked.
    options: &'a jobring_submit_options,
}

impl<'a> OptionsRequest<'a> {
    /// `words`: the words of the payload that others take.
    ///
    /// # Safety
    /// 1. The nodes of the options are readable, and their list ends.
    #[inline]
    pub(super) unsafe fn new(
        run: jobring_fn,
        arg: *mut c_void,
        options: &'a jobring_submit_options,
        pool: &'a CPool,
        words: usize,
    ) -> Result<Self, StatusError> {
        let run = run.ok_or(StatusError(JOBRING_E_INVALID))?;
        let &jobring_submit_options { done, drop, nodes, copy, .. } = options;
        // SAFETY:
        // - 1.
        if copy > 0 && arg.is_null() || !options.reserved.is_null() || !unsafe { are_nodes_valid(nodes) } {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        let mut contents = Contents::new(copy, &Callbacks { done, drop, nodes });
        // Without data the argument lies there.
        let mut needed = copy.max(size_of::<usize>());
        if options.r#move.is_some() {
            if copy == 0 {
                return Err(StatusError(JOBRING_E_INVALID));
            }
            contents = contents.of_moved();
            needed = needed.max(failure::LEAST);
        }
        let taken = contents.tail() + words * size_of::<usize>();
        if needed > pool.raw.payload_bytes().saturating_sub(taken) {
            return Err(StatusError(JOBRING_E_SIZE));
        }
        Ok(Self { pool, run, arg, contents, options })
    }

    /// # Safety
    /// 1. The item's options are NULL or an options structure.
    pub(super) unsafe fn read(
        item: &jobring_batch_item,
        pool: &'a CPool,
        room: &'a mut MaybeUninit<jobring_submit_options>,
    ) -> Result<Self, StatusError> {
        // SAFETY:
        // - 1.
        let options = unsafe { read_options(item.options, room) }?;
        // SAFETY:
        // - 1.
        unsafe { Self::new(item.r#fn, item.arg, options, pool, 0) }
    }

    /// The function that the write calls to build the value in the slot.
    pub(super) fn user_move(&self) -> jobring_move_fn {
        self.options.r#move.filter(|moves| !copies_bytes(Some(*moves)))
    }

    /// The bytes at the payload's end that the job takes besides its argument or data.
    pub(super) fn tail(&self) -> usize {
        self.contents.tail()
    }

    /// Runs the job, which has no copied data, on the submitting thread. It has no handle (0), and nobody takes its result.
    ///
    /// # Safety
    /// 1. The submitter's promises hold.
    pub(super) unsafe fn run_here(&self) {
        let arg = self.arg;
        // SAFETY:
        // - 1.
        unsafe {
            let result = callback::run_here(self.run, arg);
            let outcome = jobring_outcome { arg, result, ..jobring_outcome::new(0, JOBRING_OK) };
            tell(self.options.done, self.options.nodes, &outcome);
            if let (Some(drop), false) = (self.options.drop, result.is_null()) {
                callback::drop(drop, result, JOBRING_E_UNTAKEN);
            }
        }
    }

    /// Moves the job's value into its slot.
    ///
    /// # Safety
    /// 1. The payload is being filled; the submitter's promises hold.
    #[cold]
    #[inline(never)]
    unsafe fn build(&self, moves: MoveFn, payload: Payload) {
        // SAFETY:
        // - 1.
        let build =
            || unsafe { callback::move_value(moves, payload.at.cast(), self.arg, self.contents.copied()) };
        keeping_errno(|| self.pool.raw.fill_by(build));
    }
}

impl engine::Request for OptionsRequest<'_> {
    #[inline(always)]
    fn vtable(&self) -> &'static JobVTable {
        WITH_OPTIONS
    }

    #[inline(always)]
    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - 1: the payload has the size that `new` checked the job against, so it all fits; the submitter's promises hold.
        unsafe {
            let &jobring_submit_options { done, drop, nodes, .. } = self.options;
            let callbacks = Callbacks { done, drop, nodes };
            write_with_options(payload, self.run, self.arg, self.contents, &callbacks, || {
                let moves = self.user_move();
                if let Some(moves) = moves {
                    self.build(moves, payload);
                }
                moves.is_some()
            });
        }
    }
}

/// Is it JOBRING_MOVE_BYTES, and no function?
pub(super) fn copies_bytes(moves: jobring_move_fn) -> bool {
    moves.map(|moves| moves as usize) == Some(1)
}

/// Is every node of a list aligned, with a callback, and with nothing in its reserved words?
///
/// # Safety
/// 1. The nodes are readable, and the list ends.
unsafe fn are_nodes_valid(mut node: *const jobring_done_node) -> bool {
    while !node.is_null() {
        // SAFETY:
        // - aligned, as just checked; 1.
        match node.is_aligned().then(|| unsafe { node.read() }) {
            Some(jobring_done_node { next, done: Some(_), reserved: [one, two], .. })
                if one.is_null() && two.is_null() =>
            {
                node = next;
            }
            _ => return false,
        }
    }
    true
}

/// # Safety
/// 1. `options` is NULL or an options structure, which does not change as long as what is returned is in use.
#[inline]
pub(super) unsafe fn read_options(
    options: *const jobring_submit_options,
    room: &mut MaybeUninit<jobring_submit_options>,
) -> Result<&jobring_submit_options, StatusError> {
    if options.is_null() {
        return Ok(&DEFAULTS);
    }
    // SAFETY:
    // - 1; every field of the structure is valid when zero.
    unsafe { known(options, &DEFAULTS, FIRST_SIZE, room) }
}
