//! The rows of the kill list: which bug, where it was published, how it is planted here, and which test
//! catches it.

use super::Answer::{Impossible, Mutants};
use super::Killer::{Model, Real};
use super::Mutant::{Planted, Weaker};
use super::Row;
use jobring_model::{Bug, Site};

/// In the order of their numbers. `upstream` names threads (`#`) and commits of the project that had the bug.
pub const ROWS: &[Row] = &[
    Row {
        id: 1,
        upstream: "uxlfoundation/oneTBB#2136",
        what: "a mutex's unlock looks for sleeping threads without a full fence first and sees none \
               (AArch64): the thread that waits sleeps for ever on a free mutex",
        answer: Mutants(&[(Weaker(Site::NotifyFence), Model("a_push_wakes_the_worker"))]),
    },
    Row {
        id: 2,
        upstream: "tokio-rs/tokio#7757, #8056, #8057, #8067",
        what: "a pushed task wakes nobody because an idle worker is counted as searching, but that worker \
               does not look: the task stays in the queue while workers sleep",
        answer: Mutants(&[
            (
                Planted(&[Bug::SleeperCountsAsSearcher]),
                Model("pushes_of_two_submitters_wake_the_worker_twice"),
            ),
            (Planted(&[Bug::TrustsOneSearcher]), Model("a_push_beside_a_frozen_searcher_wakes_a_worker")),
            (
                Planted(&[Bug::CountsSentryAndTokenAsTwo]),
                Model("a_sentry_that_is_woken_and_frozen_is_not_relied_on"),
            ),
            (Planted(&[Bug::RestingSentryStaysCounted]), Model("a_sentry_that_rests_misses_no_push")),
        ]),
    },
    Row {
        id: 3,
        upstream: "tokio-rs/tokio#525 (tokio-threadpool)",
        what: "an unpark that comes between a worker's last check and its sleep is lost: the worker sleeps \
               although it has a task",
        answer: Mutants(&[(Planted(&[Bug::SleepsOnANewerWord]), Model("a_push_wakes_the_worker"))]),
    },
    Row {
        id: 4,
        upstream: "bshoshany/thread-pool#93, #107; elf-audio/mzgl#101; wpilibsuite/allwpilib#9423",
        what: "the stop flag is set and notified between a worker's check of the flag and its sleep: the \
               worker sleeps on, and the destructor that joins it hangs",
        answer: Mutants(&[(Planted(&[Bug::SleepsPastTheClose]), Model("close_wakes_the_worker"))]),
    },
    Row {
        id: 5,
        upstream: "bshoshany/thread-pool#110",
        what: "when all tasks have finished, only the first of several threads that wait for them is \
               woken: the others hang",
        answer: Mutants(&[(
            Planted(&[Bug::WakesOneWaiter]),
            Model("of_two_waiters_one_takes_and_both_return"),
        )]),
    },
    Row {
        id: 6,
        upstream: "isl-org/Open3D-PoissonRecon#6",
        what: "threads wait on a condition variable without a predicate, and a notification before the \
               first wait is lost: the parallel loop hangs",
        answer: Mutants(&[(
            Planted(&[Bug::SleepsWithoutRecheck]),
            Model("a_submitted_job_is_run_and_waited_for"),
        )]),
    },
    Row {
        id: 7,
        upstream: "tensorflow/tensorflow#932",
        what: "threads that have exited stay in the list of waiters, and tasks submitted during the \
               destructor notify them instead of live threads: the shutdown hangs",
        answer: Mutants(&[(
            Planted(&[Bug::CloserIsNotNotified]),
            Model("accepted_job_resolves_when_drain_races_submit_without_workers"),
        )]),
    },
    Row {
        id: 8,
        upstream: "rayon-rs/rayon#200, #201",
        what: "termination sets its flag but wakes no sleeping thread: the pool's threads never exit",
        answer: Mutants(&[(Planted(&[Bug::CloseWakesNobody]), Model("close_wakes_the_worker"))]),
    },
    Row {
        id: 9,
        upstream: "rayon-rs/rayon be12615b, 1222cbeb",
        what: "a thread's last check before it sleeps leaves out one source of work (broadcasts), so it \
               sleeps although work has come",
        answer: Mutants(&[(
            Planted(&[Bug::ReadsCloseEventsTooLate]),
            Model("a_closer_runs_what_the_last_worker_left"),
        )]),
    },
    Row {
        id: 10,
        upstream: "rayon-rs/rayon 6b1367fe",
        what: "a latch is set by a swap with AcqRel, but the sleep protocol needs sequential consistency \
               there: a wake-up can be missed",
        answer: Mutants(&[
            (Weaker(Site::NotifyIfClosedFence), Model("a_closer_learns_that_a_job_with_a_handle_has_ended")),
            (Weaker(Site::RegisterFence), Model("a_push_wakes_the_worker")),
        ]),
    },
    Row {
        id: 11,
        upstream: "Pithikos/C-Thread-Pool#135",
        what: "a broadcast on a binary semaphore releases only one thread: destroying a pool takes a \
               second for each thread",
        answer: Mutants(&[(Planted(&[Bug::CloseWakesOne]), Model("close_wakes_all_workers"))]),
    },
    Row {
        id: 12,
        upstream: "libuv/libuv 0f1bdb6b1, da4278022 (#490, #492)",
        what: "a thread is signalled only if the queue was empty: one thread works through the queue while \
               the others sleep",
        answer: Mutants(&[(Planted(&[Bug::FinderWakesNobody]), Model("two_pushes_wake_two_workers"))]),
    },
    Row {
        id: 13,
        upstream: "microsoft/onnxruntime#23098; dotnet/runtime#128606",
        what: "a worker's last look for work has no fence before it (ARM64), so neither the worker nor the \
               submitter sees the other: a task stays queued while all threads sleep",
        answer: Mutants(&[(Weaker(Site::FoundFence), Model("two_pushes_wake_two_workers"))]),
    },
    Row {
        id: 14,
        upstream: "glibc BZ 25847 (condition variables)",
        what: "a wake-up is consumed by a thread that started to wait after it was sent: the thread that \
               it was meant for sleeps for ever",
        answer: Mutants(&[(
            Planted(&[Bug::CloseGrantsTokens, Bug::SleepsPastTheClose, Bug::TakesAnothersToken]),
            Model("close_wakes_all_while_one_finds_a_late_job"),
        )]),
    },
    Row {
        id: 15,
        upstream: "rayon-rs/rayon#739, #768, #913, #929, #934, #1011; rust-lang/rust#146799",
        what: "the thread that sets a latch reads it again afterwards, when its owner may have freed it: a \
               use after free, seen as crashes",
        answer: Mutants(&[(Planted(&[Bug::ReadsSlotAfterResolve]), Model("a_result_reaches_the_waiter"))]),
    },
    Row {
        id: 16,
        upstream: "facebook/folly#2093; ebb45e070, b91dd2f6e, cd3552c15",
        what: "the executor is destroyed while another thread is still inside one of its functions: a \
               failed assertion, or a use after free",
        answer: Mutants(&[(
            Planted(&[Bug::VisitEndsTooSoon]),
            Model("destroy_waits_for_a_submit_that_went_on"),
        )]),
    },
    Row {
        id: 17,
        upstream: "zephyrproject-rtos/zephyr#64530, #66995",
        what: "the work queue writes to the caller's `k_work_sync` after `k_work_flush` has returned: it \
               corrupts memory that the caller may have reused",
        answer: Mutants(&[(Weaker(Site::VisitEnd), Model("destroy_waits_for_a_visitor"))]),
    },
    Row {
        id: 18,
        upstream: "crossbeam-rs/crossbeam#972, #1084, #1187",
        what: "discarding a channel's messages frees a block and leaves the pointer to it in place: the \
               destructor frees it again",
        answer: Mutants(&[(
            Planted(&[Bug::DropsDiscardedJobsTwice]),
            Model("a_discarded_job_is_dropped_once"),
        )]),
    },
    Row {
        id: 19,
        upstream: "crossbeam-rs/crossbeam#726 (38c07fcf)",
        what: "two threads that steal at the same time get the same item",
        answer: Mutants(&[(
            Planted(&[Bug::PopsWithoutWinning]),
            Model("two_poppers_never_get_the_same_index"),
        )]),
    },
    Row {
        id: 20,
        upstream: "Kimundi/scoped-threadpool-rs#11",
        what: "after one job has panicked the scope returns while other jobs still use its borrows: safe \
               code crashes",
        answer: Mutants(&[(
            Planted(&[Bug::OneEndEndsTheWait]),
            Model("one_failure_does_not_end_the_wait_for_all"),
        )]),
    },
    Row {
        id: 21,
        upstream: "mono/mono#4263; libuv/libuv#4443",
        what: "a request to a pool that was shut down, or that belongs to the parent process of a fork, is \
               accepted although nobody will run it",
        answer: Mutants(&[(
            Planted(&[Bug::ChildTakesThePool]),
            Real("a_child_process_gets_an_error_from_its_parents_pool"),
        )]),
    },
    Row {
        id: 22,
        upstream: "mbrossard/threadpool#16, #13; Pithikos/C-Thread-Pool#126",
        what: "a mutex is destroyed while it is locked, or initialised twice: undefined behaviour",
        answer: Impossible {
            why: "the only locks are those of the workers' seats; they are held only within one call of the library, \
                  and they are not objects of the system that must be initialised and destroyed",
            test: ("tests/house_rules.rs", "a_lock_is_held_within_one_call_alone"),
        },
    },
    Row {
        id: 23,
        upstream: "zephyrproject-rtos/zephyr#35225",
        what: "a cancel comes after a work item was dequeued and before it is marked as running: it \
               reports the item as idle, and the item runs",
        answer: Mutants(&[(
            Planted(&[Bug::ClaimsWithoutExchange]),
            Model("a_job_is_run_or_cancelled_not_both"),
        )]),
    },
    Row {
        id: 24,
        upstream: "zephyrproject-rtos/zephyr#51872",
        what: "a cancel ignores that a state change failed because the timer has already fired: the work \
               item is lost",
        answer: Mutants(&[(Planted(&[Bug::IgnoresALostExchange]), Model("a_result_reaches_the_waiter"))]),
    },
    Row {
        id: 25,
        upstream: "zephyrproject-rtos/zephyr#119700",
        what: "of two threads that cancel the same work item and wait for it, only one is woken: the other \
               hangs",
        answer: Mutants(&[(Planted(&[Bug::NotifiesOneCloser]), Model("two_closers_wait_for_one_job"))]),
    },
    Row {
        id: 26,
        upstream: "tokio-rs/tokio#7910, #7918, #7922",
        what: "one wake-up is counted twice in the number of idle threads: the number is wrong, or the \
               thread panics during shutdown",
        answer: Mutants(&[(Planted(&[Bug::CountsAWakeTwice]), Model("two_pushes_wake_the_worker_twice"))]),
    },
    Row {
        id: 27,
        upstream: "tokio-rs/tokio#8406, #8408; oven-sh/bun#37738",
        what: "a thread that the system could not create, or that does not serve the queue, is counted as \
               one that will run the task: the task hangs without an error",
        answer: Mutants(&[(
            Planted(&[Bug::CountsAThreadThatFailedToStart]),
            Real("a_thread_that_could_not_be_made_is_not_counted"),
        )]),
    },
    Row {
        id: 28,
        upstream: "facebook/folly 70502069e",
        what: "an unlock by a plain store overwrites the shutdown bit that another thread has just set: \
               the shutdown is lost",
        answer: Mutants(&[(
            Planted(&[Bug::RegistersByPlainStore]),
            Model("a_submitted_job_is_run_and_waited_for"),
        )]),
    },
    Row {
        id: 29,
        upstream: "libuv/libuv daf04e83c; apache/apr 427cde49b",
        what: "a count is read under one lock and written under another: updates are lost",
        answer: Mutants(&[(Planted(&[Bug::EntersWithoutExchange]), Model("no_more_workers_enter_than_may"))]),
    },
    Row {
        id: 30,
        upstream: "apache/apr a06fce846, 34402c7f1, 0f08aada0",
        what: "destroying a pool returns while its workers still run: they use freed memory",
        answer: Mutants(&[(
            Planted(&[Bug::EndsWithWorkersInside]),
            Model("a_wait_for_the_workers_sees_their_hooks_done"),
        )]),
    },
    Row {
        id: 31,
        upstream: "chriskohlhoff/asio#1230, #1534",
        what: "`join` does nothing on a pool without threads of its own: a thread that attaches to the \
               pool never returns, and both hang",
        answer: Mutants(&[(
            Planted(&[Bug::CloseWithoutWorkersIsIgnored]),
            Model("a_worker_that_enters_while_the_pool_closes_leaves"),
        )]),
    },
    Row {
        id: 32,
        upstream: "rust-threadpool/rust-threadpool#89, 2694e24",
        what: "a thread that calls `join` late also waits for the jobs that were submitted after the other \
               threads' `join` returned",
        answer: Mutants(&[(
            Planted(&[Bug::WaitsForTheNextJobToo]),
            Model("a_late_waiter_is_not_held_by_the_next_job"),
        )]),
    },
    Row {
        id: 33,
        upstream: "python/cpython gh-105829, gh-125451",
        what: "a shutdown waits for a thread that itself needs the shutdown to go on first: a deadlock",
        answer: Mutants(&[(Planted(&[Bug::ShutdownWaitsForItself]), Model("shutdown_inside_a_job_returns"))]),
    },
    Row {
        id: 34,
        upstream: "pthreadpool f4af06b, 52a2f57, ba8b08e, 630dfb6; dougbinks/enkiTS cdf5bb7, 5763516",
        what: "an event is reset after the new state was published, which also erases a signal that came \
               in between: a thread sleeps for ever",
        answer: Mutants(&[(
            Planted(&[Bug::ClearsTheFlagTooLate]),
            Model("a_waiter_that_comes_while_another_looks_is_woken"),
        )]),
    },
    Row {
        id: 35,
        upstream: "libvips/libvips#4116; rtic-rs/rtic d4e8f6fab, 612724b96 (rtic-sync)",
        what: "an error is set while another thread looks at the state, and nobody notifies the thread \
               that waits for it: it hangs",
        answer: Mutants(&[(
            Planted(&[Bug::PeekWakesNobody]),
            Model("a_failure_is_taken_while_another_peeks"),
        )]),
    },
    Row {
        id: 36,
        upstream: "rust-embedded/heapless#583; concurrencykit/ck#102; alibaba/PhotonLibOS#203, #504",
        what: "an enqueue or dequeue that is stopped half-way makes the queue look empty or full to all \
               others, although it is neither",
        answer: Mutants(&[
            (Planted(&[Bug::MovesTheTailFirst]), Model("a_pop_after_a_push_finds_something")),
            (Planted(&[Bug::MovesTheTailFirst]), Model("a_pusher_stopped_anywhere_holds_up_nobody")),
            (Planted(&[Bug::MovesTheTailFirst]), Model("a_producer_stopped_anywhere_takes_one_place")),
        ]),
    },
    Row {
        id: 37,
        upstream: "rust-embedded/heapless#121, #461, #243, 9645a1bd, 241085e9",
        what: "two indices are compared without regard to their wrap-around: once they wrap, a dequeue \
               loops for ever",
        answer: Mutants(&[(Planted(&[Bug::OrdersLaps]), Model("positions_and_laps_wrap_around"))]),
    },
    Row {
        id: 38,
        upstream: "DPDK/dpdk a4ad0eba9d, 36b69b5f95, 66d5f96278",
        what: "the index of the ring's other end is read with too weak an ordering: the number of entries \
               is impossible",
        answer: Mutants(&[
            (Weaker(Site::PopHead), Model("a_ring_that_is_never_empty_never_pops_nothing")),
            (Weaker(Site::PushTail), Model("a_pop_after_a_push_finds_something")),
        ]),
    },
    Row {
        id: 39,
        upstream: "DPDK/dpdk 9bc2cbb007, 86757c2c3e, ecc7d10e44",
        what: "an element is read before it is known to be written, or overwritten before it was read: the \
               consumer gets wrong data",
        answer: Mutants(&[
            (Weaker(Site::PopEntry), Model("what_is_pushed_is_popped_once_in_order")),
            (Weaker(Site::PushPublish), Model("what_is_pushed_is_popped_once_in_order")),
        ]),
    },
    Row {
        id: 40,
        upstream: "DPDK/dpdk d097964616",
        what: "an operation on zero elements acts as if there were some",
        answer: Mutants(&[(Planted(&[Bug::NothingIsAnnounced]), Real("a_batch_of_no_jobs_does_nothing"))]),
    },
    Row {
        id: 41,
        upstream: "concurrencykit/ck e78c421, 7cebde2, c7945fe",
        what: "a node that was reused in the meantime makes the queue look empty although it holds entries",
        answer: Mutants(&[(
            Planted(&[Bug::TakesALateLookForEmpty]),
            Model("a_ring_that_is_never_empty_never_pops_nothing"),
        )]),
    },
    Row {
        id: 42,
        upstream: "eclipse-iceoryx/iceoryx2#119",
        what: "a release of the slot's data has no matching acquire: a data race",
        answer: Mutants(&[(Weaker(Site::Take), Model("a_result_reaches_the_waiter"))]),
    },
    Row {
        id: 43,
        upstream: "rust-embedded/heapless#180; pmodels/argobots#178; odin-lang/Odin#6822",
        what: "ABA in the free list: two threads get the same block",
        answer: Mutants(&[(
            Planted(&[Bug::GivesTheSlotBackTwice]),
            Model("the_slot_of_a_cancelled_job_has_one_next_owner"),
        )]),
    },
    Row {
        id: 44,
        upstream: "rust-embedded/heapless 7cfdb848; crossbeam-rs/crossbeam#523",
        what: "elements left in the queue are not dropped with it: they leak",
        answer: Mutants(&[(
            Planted(&[Bug::LeaksResults]),
            Model("a_result_that_nobody_took_is_dropped_with_the_pool"),
        )]),
    },
    Row {
        id: 45,
        upstream: "rtic-rs/rtic#780 (0a01fde4b, 70f57c316, be6648c0e)",
        what: "a sender that gives up while it holds a free slot never returns it: the channel loses \
               capacity",
        answer: Mutants(&[(
            Planted(&[Bug::BatchKeepsTheRest]),
            Model("a_batch_that_ends_early_gives_back_what_it_took"),
        )]),
    },
    Row {
        id: 46,
        upstream: "facebook/folly 232f650cc, 1292801d5",
        what: "an enqueue with a deadline blocks without one",
        answer: Mutants(&[(Planted(&[Bug::WaitsPastTheDeadline]), Model("a_submit_with_a_timeout_ends"))]),
    },
    Row {
        id: 47,
        upstream: "rusnikola/lfqueue 708c005, 3507ec5",
        what: "a ring that starts out full is initialised wrongly",
        answer: Mutants(&[(Planted(&[Bug::SeedsOneTooFew]), Model("a_result_reaches_the_poller"))]),
    },
    Row {
        id: 48,
        upstream: "fjall-rs/fjall#260; rust-lang/rust#76220",
        what: "the pool is stopped while its queue is full, and threads that wait for room, or the stop \
               itself, are never woken: the program hangs",
        answer: Mutants(&[
            (
                Planted(&[Bug::CloseLeavesSubmittersAsleep]),
                Model("a_blocked_submitter_is_refused_when_no_slot_comes_back"),
            ),
            (Planted(&[Bug::CloseNeedsRoom]), Model("a_submitter_that_waits_for_room_learns_of_the_close")),
        ]),
    },
    Row {
        id: 49,
        upstream: "esbmc/esbmc#6474, #6490 (a checker of programs with threads)",
        what: "a thread that is no longer blocked still counts as blocked: a deadlock is reported in a \
               program that has none",
        answer: Mutants(&[(
            Planted(&[Bug::CountsTheWokenAsBlocked]),
            Model("a_wait_is_not_refused_while_the_other_job_wakes"),
        )]),
    },
    Row {
        id: 50,
        upstream: "globus/globus-compute#1583",
        what: "a shutdown that comes while another one still waits returns at once: its caller believes \
               that all jobs have ended",
        answer: Mutants(&[(
            Planted(&[Bug::IgnoresOtherShutdowns]),
            Model("a_closer_outside_waits_for_a_job_inside_a_shutdown"),
        )]),
    },
    Row {
        id: 51,
        upstream: "none",
        what: "a submit that could make room itself is refused because the pool is full",
        answer: Mutants(&[(
            Planted(&[Bug::JobMakesNoRoom]),
            Model("a_job_on_a_full_pool_without_workers_makes_room_itself"),
        )]),
    },
    Row {
        id: 52,
        upstream: "none",
        what: "a wait that would end is refused as a deadlock",
        answer: Mutants(&[
            (
                Planted(&[Bug::AssumesAllAreBlocked]),
                Model("a_job_blocked_in_submit_is_not_refused_while_another_runs"),
            ),
            (
                Planted(&[Bug::AssumesAllAreBlocked]),
                Model("a_waiting_job_without_stack_is_patient_while_another_runs"),
            ),
        ]),
    },
    Row {
        id: 53,
        upstream: "tokio-rs/io-uring#302, #349; libuv/libuv#4598, #3991; axboe/liburing#705",
        what: "the completion queue has room for fewer completions than there are operations: those that do \
               not fit wait in a hidden list and do not arrive, so that connections hang",
        answer: Impossible {
            why: "a queue has as many entries as its pool has slots, and the index of a slot is in it at most once",
            test: ("tests/completions.rs", "a_queue_holds_every_job_of_its_pool"),
        },
    },
    Row {
        id: 54,
        upstream: "swiftlang/swift-corelibs-libdispatch#152, #153",
        what: "the enters and leaves of a dispatch group are out of balance, because its leave enters again: \
               a wait for the group never returns",
        answer: Mutants(&[(
            Planted(&[Bug::RefusedSubmitStaysPending]),
            Model("a_refused_submit_leaves_no_consumer_asleep"),
        )]),
    },
    Row {
        id: 55,
        upstream: "tinyalsa/tinyalsa#254",
        what: "an event that comes while the older ones are read is erased when their eventfd is reset: it \
               is reported late",
        answer: Mutants(&[(
            Planted(&[Bug::ArmClearsTooLate]),
            Model("an_event_loop_hears_of_what_another_left"),
        )]),
    },
    Row {
        id: 56,
        upstream: "python/asyncio#127 (as_completed)",
        what: "each wait for the next of n results looks at all that are pending: n results take n² looks",
        answer: Impossible {
            why: "a take pops what has ended, and looks at nothing else",
            test: ("tests/freeze/freeze.rs", "a_take_costs_the_same_however_many_jobs_are_pending"),
        },
    },
    Row {
        id: 57,
        upstream: "none",
        what: "a wait until all is done looks at the queue alone, or once at each part: it returns while jobs run, or \
               after it passed over what a job has just submitted",
        answer: Mutants(&[
            (
                Planted(&[Bug::IdleWaitSeesOnlyTheQueue]),
                Model("a_wait_for_an_idle_pool_learns_of_a_job_that_ends_elsewhere"),
            ),
            (
                Planted(&[Bug::IdleWaitTrustsItsLook]),
                Model("a_thread_that_finds_the_pool_idle_sees_what_its_jobs_did"),
            ),
            (
                Planted(&[Bug::IdleWaitTrustsItsLook]),
                Model("a_wait_for_an_idle_pool_includes_what_a_job_with_a_result_submits"),
            ),
        ]),
    },
    Row {
        id: 58,
        upstream: "none",
        what: "only workers that go to sleep say that all may be done: when a canceller or a waiter ends the last job, \
               the thread that waits for an idle pool hangs",
        answer: Mutants(&[
            (Planted(&[Bug::OnlyWorkersEndIdleWaits]), Model("a_wait_for_an_idle_pool_learns_of_a_cancel")),
            (
                Planted(&[Bug::OnlyWorkersEndIdleWaits]),
                Model("a_wait_for_an_idle_pool_learns_of_a_job_that_ends_elsewhere"),
            ),
        ]),
    },
    Row {
        id: 59,
        upstream: "none",
        what: "a wait for the first of several jobs misses the event that ends it, and sleeps for ever",
        answer: Mutants(&[
            (Planted(&[Bug::CountsItselfTooLate]), Model("a_wait_for_the_first_ends_with_its_job")),
            (Planted(&[Bug::ReadsTheEventsTooLate]), Model("a_wait_for_the_first_ends_with_its_job")),
            (Planted(&[Bug::CountsTheEventTooEarly]), Model("a_wait_for_the_first_ends_with_its_job")),
            (Planted(&[Bug::OnlyAnEndCountsTheEvent]), Model("a_wait_for_the_first_learns_of_a_detach")),
            (
                Planted(&[Bug::OnlyAnEndCountsTheEvent]),
                Model("a_wait_for_a_failure_waits_for_another_thread_s_look"),
            ),
            (
                Planted(&[Bug::OnlyAnEndCountsTheEvent]),
                Model("a_wait_for_a_failure_learns_that_the_job_was_taken"),
            ),
            (Planted(&[Bug::TrustsAnothersWaiter]), Model("a_wait_beside_a_waiter_for_one_job_ends_too")),
        ]),
    },
    Row {
        id: 60,
        upstream: "booksbyus/zguide#568",
        what: "a signal that comes between the last look at the flag that its handler sets and the blocking call is lost: the program \
               does not end",
        answer: Mutants(&[(Planted(&[Bug::LooksAtTheInterruptFirst]), Model("an_interrupt_ends_a_wait"))]),
    },
    Row {
        id: 61,
        upstream: "hextriclosan/rusty-jvm#913",
        what: "a thread's interrupt is read and cleared in two steps: one that comes in between is lost",
        answer: Mutants(&[(Planted(&[Bug::ResetsInTwoSteps]), Model("of_two_interrupts_none_is_lost"))]),
    },
    Row {
        id: 62,
        upstream: "hazelcast/hazelcast-python-client#5; apache/cassandra-python-driver#95",
        what: "a callback that is added while its future ends is never called",
        answer: Mutants(&[
            (
                Planted(&[Bug::AddsAWatcherByPlainStore]),
                Model("a_watcher_is_called_once_with_what_the_job_did"),
            ),
            (
                Planted(&[Bug::AddsAWatcherByPlainStore]),
                Model("watchers_of_two_threads_are_each_called_once"),
            ),
        ]),
    },
    Row {
        id: 63,
        upstream: "none",
        what: "a worker that finds the pool paused goes to sleep, and does not look again behind its registration: the resume \
               that came in between wakes nobody",
        answer: Mutants(&[(
            Planted(&[Bug::LooksForThePauseOnce]),
            Model("a_worker_that_finds_a_pause_misses_no_resume"),
        )]),
    },
    Row {
        id: 64,
        upstream: "none",
        what: "a worker that is asked to leave takes a wake-up with it: the job that the wake-up was for stays in the queue",
        answer: Mutants(&[(
            Planted(&[Bug::LeavesWithoutALook]),
            Model("a_job_beside_a_request_is_run_by_who_stays"),
        )]),
    },
    Row {
        id: 65,
        upstream: "none",
        what: "a worker looks for a request to leave, and falls asleep although one has come: the thread that asked hangs",
        answer: Mutants(&[(Planted(&[Bug::SleepsPastTheRequest]), Model("a_worker_that_is_asked_leaves"))]),
    },
    Row {
        id: 66,
        upstream: "hew-lang/hew#2578; near/nearcore#3380 (actix)",
        what: "a send looks whether the mailbox has room and counts its message later, or does not look at all: more messages than \
               fit are in it",
        answer: Mutants(&[(
            Planted(&[Bug::LooksForRoomOnce]),
            Model("of_two_submitters_to_a_lane_one_gets_the_last_place"),
        )]),
    },
    Row {
        id: 67,
        upstream: "zakgof/actr#6",
        what: "a message that comes while a thread runs the mailbox is left to that thread, which has just looked for the last time: it \
               is never handled",
        answer: Mutants(&[(
            Planted(&[Bug::GivesTheRoleUpUnseen]),
            Model("of_two_submitters_to_a_lane_none_is_forgotten"),
        )]),
    },
    Row {
        id: 68,
        upstream: "evolution-gaming/cats-helper#404",
        what: "the loop of a serial queue ends at a cancelled task: the tasks behind it never run",
        answer: Mutants(&[(
            Planted(&[Bug::StopsAtACancelledJob]),
            Model("a_held_job_is_cancelled_while_its_lane_comes_to_it"),
        )]),
    },
    Row {
        id: 69,
        upstream: "apache/james-project#2833",
        what: "a task that is polled off the queue while it is being cancelled is not counted as ended: its room is lost",
        answer: Mutants(&[(
            Planted(&[Bug::LosesACancelledJob]),
            Model("a_held_job_is_cancelled_while_its_lane_comes_to_it"),
        )]),
    },
    Row {
        id: 70,
        upstream: "cppalliance/capy#271",
        what: "strands share their implementations by a hash: two that have nothing to do with each other run one after the other",
        answer: Impossible {
            why: "a lane has a word and a list of its own",
            test: ("tests/lane.rs", "a_lane_that_stands_still_holds_up_no_other"),
        },
    },
];
