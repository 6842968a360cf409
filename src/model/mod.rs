//! What `loom-tests` sees of the inside, under `cfg(jobring_loom)` only: the model's port, and thin faces of the
//! rings, the idle word, the life cycle and the whole pool. The promises are asserted in `loom-tests`, not here.

#[cfg(feature = "future")]
mod awaits;
mod forks;
mod idle;
mod lot;
mod pool;
mod rings;
mod slot;
mod tally;
mod tasks;
mod visits;
mod waits;

pub use crate::sync::model::Frost;
pub use crate::sync::site::Site;
pub use crate::system::{Clock, ModelPort};
#[cfg(feature = "future")]
pub use awaits::Awaiting;
pub use idle::Workers;
pub use lot::{OnSeats, Sleepers};
pub use pool::{End, No, Pool};
pub use rings::Indices;
pub use slot::Failed;
pub use tally::{JOBS, Log};
pub use tasks::Task;
pub use visits::{Seats, Visiting, Visits};
