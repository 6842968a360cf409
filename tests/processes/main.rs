//! Pools whose workers are processes, made in both ways. This program has a `main` of its own: a copy of it can be made only while it has
//! no threads, and it is started once more as the origin of workers.

#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod deaths;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod ends;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod functions;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod jobs;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod ledger;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod misuse;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod scarcity;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod stage;

#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
fn main() {
    stage::main();
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64")))]
fn main() {}
