//! The list: which bug, where it was published, how it is put in here, and what notices.

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
        what: "the notifier has no full fence before it looks for sleepers, and misses one",
        answer: Mutants(&[(Weaker(Site::NotifyFence), Model("a_push_wakes_the_worker"))]),
    },
    Row {
        id: 2,
        upstream: "tokio-rs/tokio#7757, #8056, #8057, #8067",
        what: "an idle thread is counted upon that will not look; the job lies, and nobody is woken",
        answer: Mutants(&[
            (
                Planted(&[Bug::SleeperCountsAsSearcher]),
                Model("pushes_of_two_submitters_wake_the_worker_twice"),
            ),
            (Planted(&[Bug::TrustsOneSearcher]), Model("a_push_beside_a_frozen_searcher_wakes_a_worker")),
            (
                Planted(&[Bug::TrustsTheSentryWithItsToken]),
                Model("a_sentry_that_is_woken_and_frozen_is_not_trusted"),
            ),
            (Planted(&[Bug::SentryRestsSilently]), Model("a_sentry_that_rests_misses_no_push")),
        ]),
    },
    Row {
        id: 3,
        upstream: "tokio-rs/tokio#525 (tokio-threadpool)",
        what: "an unpark between the last look at the state and the sleep is lost",
        answer: Mutants(&[(Planted(&[Bug::SleepsOnANewerWord]), Model("a_push_wakes_the_worker"))]),
    },
    Row {
        id: 4,
        upstream: "bshoshany/thread-pool#93, #107; elf-audio/mzgl#101; wpilibsuite/allwpilib#9423",
        what: "the stop comes between a worker's look and its sleep, and is slept through",
        answer: Mutants(&[(Planted(&[Bug::SleepsPastTheClose]), Model("close_wakes_the_worker"))]),
    },
    Row {
        id: 5,
        upstream: "bshoshany/thread-pool#110",
        what: "of several threads that wait for the tasks the first alone is woken",
        answer: Mutants(&[(
            Planted(&[Bug::WakesOneWaiter]),
            Model("of_two_waiters_one_takes_and_both_return"),
        )]),
    },
    Row {
        id: 6,
        upstream: "isl-org/Open3D-PoissonRecon#6",
        what: "waits without a predicate: what was notified before the first wait is lost",
        answer: Mutants(&[(
            Planted(&[Bug::SleepsWithoutALook]),
            Model("a_submitted_job_is_run_and_waited_for"),
        )]),
    },
    Row {
        id: 7,
        upstream: "tensorflow/tensorflow#932",
        what: "what running jobs submit while the destructor runs is announced to threads that have left",
        answer: Mutants(&[(
            Planted(&[Bug::CloserIsNotTold]),
            Model("accepted_job_resolves_when_drain_races_submit_without_workers"),
        )]),
    },
    Row {
        id: 8,
        upstream: "rayon-rs/rayon#200, #201",
        what: "the terminate latch is set and no sleeper woken",
        answer: Mutants(&[(Planted(&[Bug::CloseWakesNobody]), Model("close_wakes_the_worker"))]),
    },
    Row {
        id: 9,
        upstream: "rayon-rs/rayon be12615b, 1222cbeb",
        what: "the last check before the sleep does not cover what is meant to end it (there: broadcasts)",
        answer: Mutants(&[(
            Planted(&[Bug::ForgetsTheKicksSinceItLooked]),
            Model("a_closer_runs_what_the_last_worker_left"),
        )]),
    },
    Row {
        id: 10,
        upstream: "rayon-rs/rayon 6b1367fe",
        what: "the setter's swap is AcqRel where the proof of the sleep needs sequential consistency",
        answer: Mutants(&[
            (Weaker(Site::KickIfClosedFence), Model("a_closer_waits_for_a_running_job")),
            (Weaker(Site::RegisterFence), Model("a_push_wakes_the_worker")),
        ]),
    },
    Row {
        id: 11,
        upstream: "Pithikos/C-Thread-Pool#135",
        what: "a broadcast on a binary semaphore releases one",
        answer: Mutants(&[(Planted(&[Bug::CloseWakesOne]), Model("close_wakes_all_workers"))]),
    },
    Row {
        id: 12,
        upstream: "libuv/libuv 0f1bdb6b1, da4278022 (#490, #492)",
        what: "signals only for the first in the queue: one works, the others sleep",
        answer: Mutants(&[(Planted(&[Bug::FinderTellsNobody]), Model("two_pushes_wake_two_workers"))]),
    },
    Row {
        id: 13,
        upstream: "microsoft/onnxruntime#23098; dotnet/runtime#128606",
        what: "who looks for work once more has no fence before the look (ARM64): work lies, all sleep",
        answer: Mutants(&[(Weaker(Site::FoundFence), Model("two_pushes_wake_two_workers"))]),
    },
    Row {
        id: 14,
        upstream: "glibc BZ 25847 (condition variables)",
        what: "a wake-up is consumed by another than whom it was meant for",
        answer: Mutants(&[(
            Planted(&[Bug::CloseGrantsTokens, Bug::SleepsPastTheClose, Bug::TakesAnothersToken]),
            Model("close_wakes_all_while_one_finds_a_late_job"),
        )]),
    },
    Row {
        id: 15,
        upstream: "rayon-rs/rayon#739, #768, #913, #929, #934, #1011; rust-lang/rust#146799",
        what: "the latch is read once more after it was set, when its owner may have freed it",
        answer: Mutants(&[(Planted(&[Bug::TouchesWhatItGaveAway]), Model("a_result_reaches_the_waiter"))]),
    },
    Row {
        id: 16,
        upstream: "facebook/folly#2093; ebb45e070, b91dd2f6e, cd3552c15",
        what: "the task drops the last reference; its submitter goes on in a freed executor",
        answer: Mutants(&[(
            Planted(&[Bug::VisitEndsTooSoon]),
            Model("destroy_waits_for_a_submit_that_went_on"),
        )]),
    },
    Row {
        id: 17,
        upstream: "zephyrproject-rtos/zephyr#64530, #66995",
        what: "memory of the flusher is written after the flush returned",
        answer: Mutants(&[(Weaker(Site::VisitEnd), Model("destroy_waits_for_a_visitor"))]),
    },
    Row {
        id: 18,
        upstream: "crossbeam-rs/crossbeam#972, #1084, #1187",
        what: "what the discard has freed the destructor frees again",
        answer: Mutants(&[(
            Planted(&[Bug::ForgetsWhatWasDiscarded]),
            Model("a_discarded_job_is_dropped_once"),
        )]),
    },
    Row {
        id: 19,
        upstream: "crossbeam-rs/crossbeam#726 (38c07fcf)",
        what: "two thieves take one item",
        answer: Mutants(&[(
            Planted(&[Bug::PopsWithoutWinning]),
            Model("two_poppers_never_get_the_same_index"),
        )]),
    },
    Row {
        id: 20,
        upstream: "Kimundi/scoped-threadpool-rs#11",
        what: "after one panic the scope returns while other jobs run",
        answer: Mutants(&[(
            Planted(&[Bug::OneEndEndsTheWait]),
            Model("one_failure_does_not_end_the_wait_for_all"),
        )]),
    },
    Row {
        id: 21,
        upstream: "mono/mono#4263; libuv/libuv#4443",
        what: "a late request to a pool that is gone, or another process's, is not refused",
        answer: Mutants(&[(
            Planted(&[Bug::ChildTakesThePool]),
            Real("a_child_process_is_told_that_the_pool_is_not_its_own"),
        )]),
    },
    Row {
        id: 22,
        upstream: "mbrossard/threadpool#16, #13; Pithikos/C-Thread-Pool#126",
        what: "a mutex is destroyed while it is locked, or set up twice",
        answer: Impossible {
            why: "the only locks are those of the workers' seats, which nobody holds longer than a call that borrows \
                  them, and none is an object of the system's that is set up and destroyed",
            test: ("tests/house_rules.rs", "a_lock_is_held_within_one_call_alone"),
        },
    },
    Row {
        id: 23,
        upstream: "zephyrproject-rtos/zephyr#35225",
        what: "a cancel between dequeued and marked as running says idle, and the work runs",
        answer: Mutants(&[(
            Planted(&[Bug::ClaimsWithoutExchange]),
            Model("a_job_is_run_or_cancelled_not_both"),
        )]),
    },
    Row {
        id: 24,
        upstream: "zephyrproject-rtos/zephyr#51872",
        what: "the failure of a change of state is ignored, and the item never ends",
        answer: Mutants(&[(Planted(&[Bug::IgnoresALostExchange]), Model("a_result_reaches_the_waiter"))]),
    },
    Row {
        id: 25,
        upstream: "zephyrproject-rtos/zephyr#119700",
        what: "of two that wait for one cancellation one is woken",
        answer: Mutants(&[(Planted(&[Bug::KickWakesOne]), Model("two_closers_wait_for_one_job"))]),
    },
    Row {
        id: 26,
        upstream: "tokio-rs/tokio#7910, #7918, #7922",
        what: "one wake-up is taken off the count of idle threads twice",
        answer: Mutants(&[(Planted(&[Bug::CountsAWakeTwice]), Model("two_pushes_wake_the_worker_twice"))]),
    },
    Row {
        id: 27,
        upstream: "tokio-rs/tokio#8406, #8408; oven-sh/bun#37738",
        what: "a thread could not be made, and is counted as coming",
        answer: Mutants(&[(
            Planted(&[Bug::CountsAThreadThatIsNotThere]),
            Real("a_thread_that_could_not_be_made_is_not_counted"),
        )]),
    },
    Row {
        id: 28,
        upstream: "facebook/folly 70502069e",
        what: "an unlock by a plain store erases the shutdown bit",
        answer: Mutants(&[(
            Planted(&[Bug::StoresTheCounts]),
            Model("a_submitted_job_is_run_and_waited_for"),
        )]),
    },
    Row {
        id: 29,
        upstream: "libuv/libuv daf04e83c; apache/apr 427cde49b",
        what: "a count is read under one lock and written under another",
        answer: Mutants(&[(Planted(&[Bug::EntersWithoutExchange]), Model("no_more_workers_enter_than_may"))]),
    },
    Row {
        id: 30,
        upstream: "apache/apr a06fce846, 34402c7f1, 0f08aada0",
        what: "workers outlive their pool",
        answer: Mutants(&[(
            Planted(&[Bug::EndsWithWorkersInside]),
            Model("who_awaits_the_workers_finds_their_hooks_done"),
        )]),
    },
    Row {
        id: 31,
        upstream: "chriskohlhoff/asio#1230, #1534",
        what: "join of a pool without threads of its own does nothing; a thread that attaches is never stopped",
        answer: Mutants(&[(
            Planted(&[Bug::CloseOfNobodyIsNoClose]),
            Model("a_worker_that_enters_while_the_pool_closes_leaves"),
        )]),
    },
    Row {
        id: 32,
        upstream: "rust-threadpool/rust-threadpool#89, 2694e24",
        what: "a thread that joins late is held by the next wave of jobs",
        answer: Mutants(&[(
            Planted(&[Bug::WaitsForTheNextJobToo]),
            Model("a_late_waiter_is_not_held_by_the_next_job"),
        )]),
    },
    Row {
        id: 33,
        upstream: "python/cpython gh-105829, gh-125451",
        what: "the shutdown waits for one that cannot go on before the shutdown does",
        answer: Mutants(&[(Planted(&[Bug::ShutdownWaitsForItself]), Model("shutdown_inside_a_job_returns"))]),
    },
    Row {
        id: 34,
        upstream: "pthreadpool f4af06b, 52a2f57, ba8b08e, 630dfb6; dougbinks/enkiTS cdf5bb7, 5763516",
        what: "an event is reset after the news was published, and with it what came meanwhile (there: in a resize)",
        answer: Mutants(&[(
            Planted(&[Bug::ResetsTheFlagAfterwards]),
            Model("a_waiter_that_comes_while_another_looks_is_woken"),
        )]),
    },
    Row {
        id: 35,
        upstream: "libvips/libvips#4116; rtic-rs/rtic d4e8f6fab, 612724b96 (rtic-sync)",
        what: "an error is set while somebody looks, and its waiter never learns of it",
        answer: Mutants(&[(
            Planted(&[Bug::PutsTheJobBackSilently]),
            Model("a_failure_is_taken_while_another_peeks"),
        )]),
    },
    Row {
        id: 36,
        upstream: "rust-embedded/heapless#583; concurrencykit/ck#102; alibaba/PhotonLibOS#203, #504",
        what: "a push that was passed before it published makes a ring that is not empty look so",
        answer: Mutants(&[
            (Planted(&[Bug::MovesTheTailFirst]), Model("a_pop_after_a_push_finds_something")),
            (Planted(&[Bug::MovesTheTailFirst]), Model("a_pusher_stopped_anywhere_holds_up_nobody")),
        ]),
    },
    Row {
        id: 37,
        upstream: "rust-embedded/heapless#121, #461, #243, 9645a1bd, 241085e9",
        what: "a difference of indices that does not wrap as they do: an endless loop",
        answer: Mutants(&[(Planted(&[Bug::OrdersLaps]), Model("positions_and_laps_wrap_around"))]),
    },
    Row {
        id: 38,
        upstream: "DPDK/dpdk a4ad0eba9d, 36b69b5f95, 66d5f96278",
        what: "the other side's end of the ring is read too weakly: an impossible count",
        answer: Mutants(&[
            (Weaker(Site::PopHead), Model("a_ring_that_is_never_empty_never_pops_nothing")),
            (Weaker(Site::PushTail), Model("a_pop_after_a_push_finds_something")),
        ]),
    },
    Row {
        id: 39,
        upstream: "DPDK/dpdk 9bc2cbb007, 86757c2c3e, ecc7d10e44",
        what: "an element is read before it is known to be there, or overwritten before it was read",
        answer: Mutants(&[
            (Weaker(Site::PopEntry), Model("what_is_pushed_is_popped_once_in_order")),
            (Weaker(Site::PushPublish), Model("what_is_pushed_is_popped_once_in_order")),
        ]),
    },
    Row {
        id: 40,
        upstream: "DPDK/dpdk d097964616",
        what: "an operation on zero elements acts as if on some",
        answer: Mutants(&[(Planted(&[Bug::NothingIsAnnounced]), Real("a_batch_of_no_jobs_does_nothing"))]),
    },
    Row {
        id: 41,
        upstream: "concurrencykit/ck e78c421, 7cebde2, c7945fe",
        what: "a node that was used again meanwhile makes the queue look empty",
        answer: Mutants(&[(
            Planted(&[Bug::TakesALateLookForEmpty]),
            Model("a_ring_that_is_never_empty_never_pops_nothing"),
        )]),
    },
    Row {
        id: 42,
        upstream: "eclipse-iceoryx/iceoryx2#119",
        what: "a release without its acquire: the slot's data are raced for",
        answer: Mutants(&[(Weaker(Site::Take), Model("a_result_reaches_the_waiter"))]),
    },
    Row {
        id: 43,
        upstream: "rust-embedded/heapless#180; pmodels/argobots#178; odin-lang/Odin#6822",
        what: "ABA in the free list: one slot to two owners",
        answer: Mutants(&[(
            Planted(&[Bug::GivesTheSlotBackTwice]),
            Model("the_slot_of_a_cancelled_job_has_one_next_owner"),
        )]),
    },
    Row {
        id: 44,
        upstream: "rust-embedded/heapless 7cfdb848; crossbeam-rs/crossbeam#523",
        what: "what is left in the queue when it goes is not dropped",
        answer: Mutants(&[(
            Planted(&[Bug::LeavesResultsBehind]),
            Model("a_result_that_nobody_took_is_dropped_with_the_pool"),
        )]),
    },
    Row {
        id: 45,
        upstream: "rtic-rs/rtic#780 (0a01fde4b, 70f57c316, be6648c0e)",
        what: "a sender that gives up keeps a free slot for ever",
        answer: Mutants(&[(
            Planted(&[Bug::BatchKeepsTheRest]),
            Model("a_batch_that_ends_early_gives_back_what_it_took"),
        )]),
    },
    Row {
        id: 46,
        upstream: "facebook/folly 232f650cc, 1292801d5",
        what: "a push with a deadline blocks without one",
        answer: Mutants(&[(Planted(&[Bug::WaitsPastTheDeadline]), Model("a_submit_with_an_end_ends"))]),
    },
    Row {
        id: 47,
        upstream: "rusnikola/lfqueue 708c005, 3507ec5",
        what: "the initial state of a ring that is full at first is wrong",
        answer: Mutants(&[(Planted(&[Bug::SeedsOneTooFew]), Model("a_result_reaches_the_poller"))]),
    },
    Row {
        id: 48,
        upstream: "fjall-rs/fjall#260; rust-lang/rust#76220",
        what: "the stop finds a full queue: threads that wait for room are not woken",
        answer: Mutants(&[(
            Planted(&[Bug::CloseLeavesSubmittersAsleep]),
            Model("a_blocked_submitter_is_refused_when_no_slot_comes_back"),
        )]),
    },
    Row {
        id: 49,
        upstream: "esbmc/esbmc#6474, #6490 (a checker of programs with threads)",
        what: "a thread that is not blocked any more is counted as blocked: a false deadlock",
        answer: Mutants(&[(
            Planted(&[Bug::CountsTheWokenAsStuck]),
            Model("a_job_is_not_told_while_the_other_wakes"),
        )]),
    },
    Row {
        id: 50,
        upstream: "globus/globus-compute#1583",
        what: "a shutdown returns at once while another one waits",
        answer: Mutants(&[(
            Planted(&[Bug::LeavesOtherClosersBehind]),
            Model("a_closer_outside_waits_for_a_job_inside_a_shutdown"),
        )]),
    },
    Row {
        id: 51,
        upstream: "none",
        what: "a caller is refused that could make room itself",
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
                Planted(&[Bug::TakesAllForBlocked]),
                Model("a_job_blocked_in_submit_is_not_refused_while_another_runs"),
            ),
            (
                Planted(&[Bug::TakesAllForBlocked]),
                Model("a_waiting_job_without_stack_is_patient_while_another_runs"),
            ),
        ]),
    },
];
