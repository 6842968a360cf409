//! jobring without an OS on four bare cores. Each phase is called on every core; core 0 prints. A hang is a failure: `run`
//! gives the machine a minute.

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
mod stress;
mod tally;

use jobring::StaticPool;

/// Cores, all of which take part.
pub const CORES: usize = 4;

/// The pools of all phases, but for their number of jobs.
pub type Pool<const JOBS: usize> = StaticPool<JOBS, CORES, { 6 * size_of::<usize>() }>;

/// Every core comes here from its boot code, on its own stack.
extern "C" fn start(core: usize) -> ! {
    if core == 0 {
        say!(
            "jobring on {CORES} cores, {}",
            if cfg!(target_arch = "riscv32") { "riscv32imac" } else { "aarch64" }
        );
        machine::start_others();
    }
    meet::all();
    #[cfg(not(jobring_tsan))]
    for phase in [all_enter::run, outside::run, idle_loop::run] {
        phase(core);
        meet::all();
    }
    contention::run(core);
    meet::all();
    if core == 0 {
        say!("all is well");
        machine::exit(true);
    }
    machine::halt()
}
