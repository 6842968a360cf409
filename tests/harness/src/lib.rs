//! What the test programs share that judge many cases. A case is a model, a setup, or a planted bug.
//!
//! - [`Arguments`]: which cases a command line names.
//! - [`for_each`]: runs cases in parallel, one per core.
//! - [`again`]: runs a case in a process of its own.
//! - [`Progress`]: shows how far a long test is.
//! - [`Coverage`]: names that a test must meet, except those with an excuse.
//! - [`steps`]: the steps of an execution, by their names.
//!
//! The package has no dependencies, and its users decide what a case is.

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
