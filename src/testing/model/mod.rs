//! The internals that `loom-tests` sees, under `cfg(jobring_loom)` only: the model's port, and thin
//! interfaces to the rings, the idle word, the life cycle and the whole pool. `loom-tests` asserts the
//! promises, not this code.

#[cfg(feature = "future")]
mod awaits;
mod completions;
mod forks;
mod idle;
mod interrupts;
mod lanes;
mod log;
mod pool;
mod processes;
mod queues;
mod rings;
mod seats;
mod slot;
mod tasks;
mod visits;
mod waits;
#[cfg(feature = "alloc")]
mod watchers;

pub use crate::platform::{Clock, ModelPort};
pub use crate::sync::model::{StopPoint, record_steps, recorded_steps};
pub use crate::sync::site::Site;
#[cfg(feature = "future")]
pub use awaits::{Awaiting, Polling};
pub use completions::{Queue, Took};
pub use forks::Spawner;
pub use idle::Workers;
pub use lanes::{Closed, Lane};
pub use log::{JOBS, Log};
pub use pool::{End, No, Pool};
pub use processes::{Job, JobEnd, Processes, TheParent, TheWorker};
pub use queues::blocking_queue;
pub use rings::Indices;
pub use seats::{OnSeats, Sleepers};
pub use slot::Over;
pub use tasks::Task;
pub use visits::{Seats, Visiting, Visits};
#[cfg(feature = "alloc")]
pub use watchers::{WatchList, Watcher};
