//! The workers of the std backend.
#![cfg(all(feature = "std", target_os = "linux"))]

mod common;

backend_tests! {
    jobring::Backend::Std,
    workers_are_as_many_as_asked_for_and_have_names
    all_workers_work
    stacks_are_rounded_up_and_bounded_below
    a_worker_may_drop_the_last_pool_behind_its_last_job
    hooks_frame_the_jobs_of_each_worker
    workers_take_no_signals_but_their_own_faults
    numbers_out_of_range_are_refused
    a_thread_may_enter_beside_the_pools_own
    a_worker_tells_what_it_does
    guards_and_cpus_are_for_pthreads
    threads_that_the_system_refuses
}
