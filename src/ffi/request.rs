//! A job as C submits it: checked against the payload that it must fit into, then written there, or run at once.

use super::abi_struct::known;
use super::callback;
use super::job::{Callbacks, PayloadLayout, RESULT, are_nodes_valid};
use super::outcome::tell;
use super::status::{JOBRING_E_INVALID, JOBRING_E_SIZE, JOBRING_E_UNTAKEN, JOBRING_OK, StatusError};
use super::types::{
    JOBRING_FOREVER, JOBRING_WHEN_FULL_WAIT, RunFn, jobring_batch_item, jobring_fn, jobring_outcome,
    jobring_submit_options,
};
use crate::engine;
use crate::job::vtable::{JobVTable, Payload};
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
};

/// The size of the smallest structure that was ever published.
const FIRST_SIZE: usize = size_of::<jobring_submit_options>();

/// The input of a job.
#[derive(Clone, Copy)]
pub(super) enum Input {
    Arg(*mut c_void),
    Copy(*const u8, usize),
}

/// A job with an argument and no options, as most submits have.
pub(super) struct PlainRequest {
    run: RunFn,
    arg: *mut c_void,
}

impl PlainRequest {
    #[inline(always)]
    pub(super) fn new(run: jobring_fn, arg: *mut c_void, payload: usize) -> Result<Self, StatusError> {
        let run = run.ok_or_else(|| StatusError::refuse(JOBRING_E_INVALID))?;
        if size_of::<usize>() > PLAIN.data_room(payload) {
            return Err(StatusError::refuse(JOBRING_E_SIZE));
        }
        Ok(Self { run, arg })
    }
}

const PLAIN: PayloadLayout = PayloadLayout::new(false, Callbacks::NONE);

impl engine::Request for PlainRequest {
    #[inline(always)]
    fn vtable(&self) -> &'static JobVTable {
        PLAIN.vtable
    }

    #[inline(always)]
    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - 1: the payload has the size that `new` checked, so the two words do not overlap; the submitter's promises hold.
        unsafe {
            payload.at.cast::<*mut c_void>().write(self.arg);
            payload.word_from_end(RESULT).cast::<RunFn>().write(self.run);
        }
    }
}

/// A job with any options, checked against the payload that it must fit into.
pub(super) struct OptionsRequest {
    run: RunFn,
    input: Input,
    callbacks: Callbacks,
    layout: PayloadLayout,
}

impl OptionsRequest {
    /// # Safety
    /// 1. The nodes of the callbacks are readable, and their list ends.
    #[inline(always)]
    pub(super) unsafe fn new(
        run: jobring_fn,
        input: Input,
        callbacks: Callbacks,
        payload: usize,
    ) -> Result<Self, StatusError> {
        let run = run.ok_or(StatusError(JOBRING_E_INVALID))?;
        let layout = PayloadLayout::new(matches!(input, Input::Copy(..)), callbacks);
        let needed = match input {
            Input::Arg(_) => size_of::<usize>(),
            Input::Copy(data, size) if data.is_null() && size > 0 => {
                return Err(StatusError(JOBRING_E_INVALID));
            }
            Input::Copy(_, size) => size,
        };
        // SAFETY:
        // - 1.
        if !callbacks.nodes.is_null() && !unsafe { are_nodes_valid(callbacks.nodes) } {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        if needed > layout.data_room(payload) {
            return Err(StatusError(JOBRING_E_SIZE));
        }
        Ok(Self { run, input, callbacks, layout })
    }

    /// # Safety
    /// 1. The item's options are NULL or an options structure.
    pub(super) unsafe fn read(item: &jobring_batch_item, payload: usize) -> Result<Self, StatusError> {
        // SAFETY:
        // - 1.
        let options = unsafe { read_options(item.options) }?;
        // SAFETY:
        // - 1.
        unsafe { Self::new(item.r#fn, options.input(item.arg), options.callbacks(), payload) }
    }

    /// Runs the job, whose input is `arg`, on the submitting thread. It has no handle (0), and nobody takes its result.
    ///
    /// # Safety
    /// 1. The submitter's promises hold.
    pub(super) unsafe fn run_here(&self, arg: *mut c_void) {
        // SAFETY:
        // - 1.
        unsafe {
            let result = callback::run_here(self.run, arg);
            let outcome = jobring_outcome { arg, result, ..jobring_outcome::new(0, JOBRING_OK) };
            tell(self.callbacks.done, self.callbacks.nodes, &outcome);
            if let (Some(drop), false) = (self.callbacks.drop, result.is_null()) {
                callback::drop(drop, result, JOBRING_E_UNTAKEN);
            }
        }
    }
}

impl engine::Request for OptionsRequest {
    #[inline(always)]
    fn vtable(&self) -> &'static JobVTable {
        self.layout.vtable
    }

    #[inline(always)]
    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - 1: the payload has the size that `new` checked the job against, so it all fits; the submitter's promises hold.
        unsafe {
            match self.input {
                Input::Arg(arg) => self.layout.write_arg(payload, self.run, arg, self.callbacks),
                Input::Copy(data, size) => {
                    self.layout.write_data(payload, self.run, data, size, self.callbacks)
                }
            }
        }
    }
}

/// # Safety
/// 1. `options` is NULL or an options structure.
pub(super) unsafe fn read_options(
    options: *const jobring_submit_options,
) -> Result<jobring_submit_options, StatusError> {
    if options.is_null() {
        return Ok(DEFAULTS);
    }
    // SAFETY:
    // - 1; every field of the structure is valid when zero.
    unsafe { known(options, &DEFAULTS, FIRST_SIZE, &mut MaybeUninit::uninit()).copied() }
}

impl jobring_submit_options {
    pub(super) fn input(&self, arg: *mut c_void) -> Input {
        if self.copy == 0 { Input::Arg(arg) } else { Input::Copy(arg.cast(), self.copy) }
    }

    pub(super) fn callbacks(&self) -> Callbacks {
        Callbacks { done: self.done, drop: self.drop, nodes: self.nodes }
    }
}
