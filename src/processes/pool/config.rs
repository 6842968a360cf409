//! What a pool of processes is made of.

use super::super::MAX_WORKERS;
use super::function::Function;
use crate::platform::thread::available_cpus;
use std::boxed::Box;
use std::vec::Vec;

/// Where the zygote comes from, of which the workers are copies.
pub(crate) enum Origin {
    /// It is a copy of the pool's process, and has this table of functions.
    Fork(Box<[Function]>),
    /// It is this program, started once more; the table is what its `main` passes.
    Spawn,
}

/// A limit of setrlimit(2).
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct ResourceLimit {
    pub(crate) resource: i32,
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

impl ResourceLimit {
    const NONE: Self = Self { resource: 0, soft: 0, hard: 0 };
}

/// The most limits: Linux has 16 resources.
pub(crate) const MAX_LIMITS: usize = 16;

/// What the caller of `create` asks for.
pub(crate) struct Config {
    pub(crate) origin: Origin,
    pub(crate) workers: usize,
    /// Jobs, rounded up to a power of two.
    pub(crate) capacity: usize,
    /// The most bytes of an input, and of a result.
    pub(crate) input: usize,
    pub(crate) result: usize,
    /// The function that each worker calls first, with no input.
    pub(crate) initializer: Option<usize>,
    /// A worker ends itself after this many jobs.
    pub(crate) jobs_per_worker: Option<usize>,
    pub(crate) limits: Vec<ResourceLimit>,
    /// How often in a row a worker may end before it is ready.
    pub(crate) restarts: u32,
    /// Is there a descriptor that is readable when a job has ended?
    pub(crate) descriptor: bool,
    /// Of a worker's stack, if the zygote is a copy.
    pub(crate) stack: usize,
}

impl Config {
    /// The defaults.
    pub(crate) fn new(origin: Origin) -> Self {
        Self {
            origin,
            workers: available_cpus().min(MAX_WORKERS),
            capacity: 256,
            input: 4096,
            result: 4096,
            initializer: None,
            jobs_per_worker: None,
            limits: Vec::new(),
            restarts: 8,
            descriptor: false,
            stack: 8 << 20,
        }
    }
}

/// What a worker needs of it. It lies at the begin of the mapping; the zygote copies it before there is a worker.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Settings {
    pub(super) magic: usize,
    pub(super) slots: usize,
    pub(super) workers: usize,
    pub(super) input: usize,
    pub(super) result: usize,
    /// `usize::MAX` is none.
    initializer: usize,
    /// 0 is any number.
    pub(super) jobs_per_worker: usize,
    limits: [ResourceLimit; MAX_LIMITS],
    limits_len: usize,
}

/// The first word of a mapping.
pub(super) const MAGIC: usize = 0x6a6f_6272_696e_6731;

impl Settings {
    pub(super) fn new(config: &Config) -> Self {
        let mut limits = [ResourceLimit::NONE; MAX_LIMITS];
        limits.iter_mut().zip(&config.limits).for_each(|(to, limit)| *to = *limit);
        Self {
            magic: MAGIC,
            slots: config.capacity.next_power_of_two(),
            workers: config.workers,
            input: config.input,
            result: config.result,
            initializer: config.initializer.unwrap_or(usize::MAX),
            jobs_per_worker: config.jobs_per_worker.unwrap_or(0),
            limits,
            limits_len: config.limits.len().min(MAX_LIMITS),
        }
    }

    pub(super) fn limits(&self) -> &[ResourceLimit] {
        &self.limits[..self.limits_len.min(MAX_LIMITS)]
    }

    pub(super) fn initializer(&self) -> Option<usize> {
        (self.initializer != usize::MAX).then_some(self.initializer)
    }
}
