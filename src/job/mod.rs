//! A job: the handle that names it, the functions that run or drop it, and the context of the thread that
//! runs it.

pub(crate) mod context;
pub(crate) mod id;
pub(crate) mod interrupt;
pub(crate) mod vtable;
