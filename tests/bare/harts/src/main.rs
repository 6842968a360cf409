//! jobring without an OS on four bare cores. Each phase is called on every core; core 0 prints. A hang is a
//! failure: `run` ends it after two minutes.

#![no_std]
#![no_main]

#[cfg_attr(target_arch = "riscv32", path = "riscv32.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
mod machine;

mod all_enter;
mod console;
mod contention;
mod idle_loop;
mod meet;
mod outside;
#[cfg(not(feature = "spin"))]
mod port;
mod storm;
mod stress;
mod tally;

use jobring::StaticPool;

/// Cores, all of which take part.
pub const CORES: usize = 4;

const PAYLOAD: usize = 6 * size_of::<usize>();

/// The pools of all phases; only their numbers of jobs differ.
#[cfg(not(feature = "spin"))]
pub type Pool<const JOBS: usize> = StaticPool<JOBS, CORES, PAYLOAD, port::Cores>;
#[cfg(feature = "spin")]
pub type Pool<const JOBS: usize> = StaticPool<JOBS, CORES, PAYLOAD>;

/// An open pool.
pub const fn pool<const JOBS: usize>() -> Pool<JOBS> {
    #[cfg(not(feature = "spin"))]
    return StaticPool::with_port(port::Cores);
    #[cfg(feature = "spin")]
    return StaticPool::new();
}

/// Every core comes here from its boot code, on its own stack.
extern "C" fn start(core: usize) -> ! {
    machine::begin();
    if core == 0 {
        say!(
            "jobring on {CORES} cores, {}",
            if cfg!(target_arch = "riscv32") { "riscv32imac" } else { "aarch64" }
        );
        machine::start_others();
    }
    meet::all();
    for phase in [all_enter::run, outside::run, idle_loop::run, contention::run] {
        phase(core);
        meet::all();
    }
    if core == 0 {
        say!("all is well");
        machine::exit(true);
    }
    machine::halt()
}
