//! Mistakes that are planted in the machine, to show that the checks find them.

use crate::explore::Grain::{self, Coarse, Fine};
use crate::machine::{Body, JOBS, Mistake, Op, Setup};
use crate::setups::nested::{a_worker_leaves_late, bodies, no_stack_in_a_waiter};
use crate::setups::queues::{self, BOTH, LOOPS, queue};
use crate::setups::{DRAIN, Task, attempt, detached, setup, submit};
use crate::setups::{firsts, idle_waits, interrupts};

/// Each mistake, and a setup in which it must show.
pub fn mistakes() -> Vec<(Mistake, Task)> {
    use Mistake::*;
    let asks: &[Op] = &[submit(0), Op::Wait(0)];
    let asks_too: &[Op] = &[submit(1), Op::Wait(1)];
    let gives: &[Op] = &[detached(0)];
    let gives_too: &[Op] = &[detached(1)];
    let three: &[Op] = &[detached(0), detached(1), detached(2)];
    let giver = ("submitter", gives);
    let asker = ("submitter", asks);
    let drain: (&str, &[Op]) = ("closer", &[DRAIN]);
    let cancels_and_goes_on: &[Op] = &[submit(0), Op::Cancel(0), Op::Wait(0), submit(1)];
    let two = || setup("", 2, 1, &[("submitter", &[detached(0), detached(0)]), giver]);
    let one_asks = || setup("", 1, 1, &[asker]);
    let closes = || setup("", 1, 1, &[giver, drain]);
    let copies = || setup("", 1, 1, &[asker, ("waiter", &[Op::Wait(0)])]);
    let blocks = || setup("", 1, 1, &[giver, giver]);
    let two_workers = || setup("", 2, 2, &[asker, ("submitter", asks_too)]);
    let cancels = || setup("", 1, 1, &[("submitter", cancels_and_goes_on)]);
    let stops = || Setup { freeze: true, clock: true, sentries: true, ..two_workers() };
    let nobody_waits = |workers| Setup {
        freeze: true,
        clock: true,
        sentries: true,
        rested: true,
        bodies: [Body::Until(1), Body::Plain, Body::Plain, Body::Plain],
        ..setup("", 4, workers, &[("submitter", three)])
    };
    // Jobs that wait, submit and shut down.
    let gives_two: &[Op] = &[detached(0), detached(1)];
    let asks_two: &[Op] = &[submit(0), submit(1)];
    let asks_three: &[Op] = &[submit(0), submit(1), submit(2)];
    let nested = |slots, bodies, ops| Setup { bodies, ..setup("", slots, 2, &[("submitter", ops)]) };
    let ring = || nested(2, bodies([Body::Waits(1), Body::Waits(0)]), asks_two);
    let waits_for_closer = || nested(2, bodies([Body::Shuts, Body::Waits(0)]), asks_two);
    let driver_first = || {
        let mut setup = a_worker_leaves_late();
        setup.scripts.rotate_left(2);
        setup
    };
    let takes: (&str, &[Op]) = ("consumer", &[Op::Take]);
    let list: [(Mistake, Grain, Setup); 60] = [
        (PushOverwritesTheEntry, Fine, two()),
        (PopIgnoresLostRace, Fine, setup("", 2, 2, &[giver])),
        (NoNotify, Coarse, one_asks()),
        (
            FinderWakesNobody,
            Coarse,
            Setup {
                rested: true,
                bodies: [Body::Until(2), Body::Until(2), Body::Plain, Body::Plain],
                ..setup("", 4, 3, &[("submitter", three)])
            },
        ),
        (SleepsWithoutRecheck, Coarse, one_asks()),
        (CancelDoesNotTakeTheToken, Coarse, two_workers()),
        (CloseWakesNobody, Coarse, closes()),
        (LeavingWorkerDoesNotNotify, Coarse, setup("", 1, 2, &[("closer", &[DRAIN, Op::Destroy])])),
        (
            BlockedSubmitterIgnoresClosed,
            Coarse,
            setup("", 1, 1, &[("submitter", &[submit(0)]), giver, drain]),
        ),
        (PushIgnoresTheMark, Coarse, blocks()),
        (SubmitterDoesNotNotifyCloser, Coarse, setup("", 1, 0, &[giver, drain])),
        (TakerFreesSlotAfterClose, Coarse, setup("", 1, 1, &[asker, ("submitter", &[attempt(1)]), drain])),
        (TombstoneLeaksItsSlot, Coarse, cancels()),
        (ResolveWakesNobody, Coarse, one_asks()),
        (ResolveWakesOne, Coarse, copies()),
        (ReadWithoutTaking, Coarse, copies()),
        (
            DeliversDetachedResult,
            Coarse,
            setup(
                "",
                1,
                1,
                &[
                    ("submitter", &[submit(0), Op::See { job: 0, leaves: false }]),
                    ("detacher", &[Op::Detach(0)]),
                ],
            ),
        ),
        (ClaimWithoutCas, Coarse, setup("", 1, 1, &[asker, ("canceller", &[Op::Cancel(0)])])),
        (FreesSlotThatIsInTheRing, Coarse, cancels()),
        (
            CloserDoesNotMark,
            Coarse,
            setup("", 1, 1, &[asker, ("submitter", &[attempt(1), Op::Cancel(1), Op::Detach(1)]), drain]),
        ),
        (NoPatience, Coarse, stops()),
        (TrustsOneSearcher, Coarse, Setup { clock: false, sentries: false, ..nobody_waits(2) }),
        (CountsSentryAndTokenAsTwo, Coarse, Setup { rested: false, ..nobody_waits(3) }),
        (NoSecondWakeForAToken, Coarse, nobody_waits(2)),
        (FinderWakesOnlyOne, Coarse, Setup { rested: false, ..nobody_waits(3) }),
        (RestingSentryStaysCounted, Coarse, nobody_waits(2)),
        (SentryDoesNotRecheck, Coarse, nobody_waits(2)),
        (
            ClosedIsReadLast,
            Coarse,
            Setup {
                bodies: [Body::Until(1), Body::Plain, Body::Plain, Body::Plain],
                ..setup("", 2, 2, &[("submitter", &[detached(0), detached(1), DRAIN])])
            },
        ),
        (
            CancelTakesAToken,
            Coarse,
            Setup { clock: false, sentries: false, bodies: [Body::Plain; JOBS], ..nobody_waits(2) },
        ),
        (
            UnmarkDropsTheCloserMark,
            Coarse,
            setup(
                "",
                1,
                1,
                &[("submitter", &[submit(0)]), ("submitter", gives_too), ("submitter", gives_too), drain],
            ),
        ),
        (NoDeadlockDetection, Coarse, ring()),
        (EverySleepIsADeadlock, Coarse, ring()),
        (CountsTheWokenAsBlocked, Coarse, nested(2, bodies([Body::Waits(1)]), asks_two)),
        (
            ReadsEachSlotOnce,
            Coarse,
            nested(3, bodies([Body::Plain, Body::Submits(3), Body::Waits(0)]), asks_three),
        ),
        (BlockedSubmittersAreNotWoken, Coarse, nested(2, bodies([Body::Submits(2)]), asks_two)),
        (RegisteringDoesNotNotifyClosers, Coarse, waits_for_closer()),
        (UnlockWakesNobody, Coarse, ring()),
        (ShutdownWaitsForItsWaiters, Coarse, waits_for_closer()),
        (OutsideShutdownsAreNotCounted, Coarse, driver_first()),
        (ShutdownReliesOnBlockedWorkers, Coarse, no_stack_in_a_waiter()),
        (
            ShutdownIgnoresOtherShutdowns,
            Coarse,
            Setup { bodies: bodies([Body::Shuts]), ..setup("", 1, 1, &[giver, drain]) },
        ),
        (OutlivingJobFreesItsSlot, Coarse, {
            let scripts: &[(&'static str, &[Op])] = &[("submitter", gives_two), ("submitter", &[attempt(2)])];
            Setup { bodies: bodies([Body::Shuts, Body::Shuts]), ..setup("", 2, 2, scripts) }
        }),
        (NoSecondLookAtTheCount, Coarse, queue("", 1, 1, &[BOTH, takes])),
        (ZeroKeepsTheMark, Coarse, queue("", 1, 1, &[BOTH, takes])),
        (RefusedSubmitStaysPending, Coarse, queues::refused()),
        (LimitHasNoPatience, Coarse, queues::stopped_taker()),
        (OnlyWorkersEndIdleWaits, Coarse, idle_waits::cancelled()),
        (WorkersEndNoIdleWait, Coarse, idle_waits::given()),
        (IdleWaitTrustsItsLook, Coarse, idle_waits::taken()),
        (IdleWaitReadsEventsTooLate, Coarse, idle_waits::given()),
        (IdleWaitLeavesInSilence, Coarse, idle_waits::two_wait()),
        (ListenerCountsItselfTooLate, Coarse, firsts::one_worker()),
        (ListenerReadsEventsTooLate, Coarse, firsts::one_worker()),
        (NobodyAnswersListeners, Coarse, firsts::one_worker()),
        (OnlyAnEndCountsTheEvent, Coarse, firsts::given_up()),
        (RaiseMakesNoEvent, Coarse, interrupts::raised()),
        (LooksAtTheInterruptFirst, Coarse, interrupts::raised()),
        (ListenerDoesNotLookAgain, Coarse, interrupts::ends()),
        (ArmClearsTooLate, Coarse, queue("", 2, 2, &[LOOPS, takes])),
        (ClearsBeforeTheSignal, Coarse, queues::stopped_loop()),
    ];
    list.map(|(mistake, grain, setup)| (mistake, Task { setup, grain, deep: false })).into()
}
