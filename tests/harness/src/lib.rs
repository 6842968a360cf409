//! What test programs that judge many cases share. A case is a model, a setup, a planted bug.
//!
//! - [`Arguments`]: which cases a command line names.
//! - [`for_each`]: cases side by side, as many at a time as there are cores.
//! - [`again`]: a case in a process of its own.
//! - [`Progress`]: how far a long test is.
//! - [`Coverage`]: names that must be seen, except those with an excuse.
//! - [`steps`]: the steps of an execution by their names.
//!
//! The package has no dependencies, and its users choose what a case is.

mod arguments;
mod coverage;
mod processes;
mod progress;
mod side_by_side;
pub mod steps;

pub use arguments::Arguments;
pub use coverage::Coverage;
pub use processes::again;
pub use progress::Progress;
pub use side_by_side::for_each;
