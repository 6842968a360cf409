//! What the calls on pools of processes do.

mod calls;
mod create;

pub(super) use calls::{Stop, descriptor, destroy, shutdown, stats, stop, submit, take};
pub(super) use create::{become_zygote, create};
