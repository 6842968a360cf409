//! What process workers need of Linux: shared memory, a futex in it, children, and messages to them.

mod channel;
mod child;
mod event;
mod exec;
mod memory;
mod poll;
mod shared_port;
mod system;

pub(crate) use channel::{Channel, Message};
pub(crate) use child::{Child, Cloned, Found, Process, UNFIT};
pub(crate) use event::{Event, signal};
pub(crate) use exec::{Command, inherited, unset_variable};
pub(crate) use memory::SharedMemory;
pub(crate) use poll::{Watched, poll};
pub(crate) use shared_port::SharedPort;
pub(crate) use system::{SignalMask, set_limit, threads};
