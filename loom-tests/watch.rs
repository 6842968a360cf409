//! Callbacks that are added while their job ends: each is called once, in order, and sees what the job did.

use crate::fixtures::{Place, stopped};
use crate::harness::{Crew, Model, model};
use jobring_model::model::{WatchList, Watcher};
use jobring_model::{JobState, StaticPool};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(unbounded a_watcher_is_called_once_with_what_the_job_did),
    model!(unbounded the_thread_that_ends_a_job_sees_what_its_watchers_are),
    model!(unbounded watchers_of_two_threads_are_each_called_once),
    model!(unbounded watchers_that_come_early_are_called_in_their_order),
    model!(unbounded a_watcher_that_was_called_may_watch_another_job),
    model!(unbounded a_watcher_may_watch_again),
    model!(2 a_watcher_stopped_anywhere_holds_up_nobody),
    model!(2 a_thread_that_ends_a_job_and_is_stopped_anywhere_holds_up_no_watcher),
    model!(2 a_callback_of_a_job_is_called_once_whether_it_is_run_or_cancelled),
];

/// What a callback receives.
const END: usize = 42;

/// Which callbacks were called, in their order. Threads of a model run one at a time, on one thread of the
/// system.
type Calls = Rc<RefCell<Vec<usize>>>;

/// A callback that notes its number.
fn noting(calls: &Calls, n: usize) -> Box<Watcher> {
    let calls = calls.clone();
    Watcher::new(move |_, end| {
        assert_eq!(end, END);
        calls.borrow_mut().push(n);
    })
}

fn a_watcher_is_called_once_with_what_the_job_did() {
    let (crew, list, calls, place) = (Crew::new(), WatchList::new(), Calls::default(), Place::new());
    let (other, mine, read) = (list.clone(), calls.clone(), place.clone());
    let watcher = crew.spawn(move || {
        other.watch(Watcher::new(move |_, end| {
            assert!(end == END && read.written());
            mine.borrow_mut().push(0);
        }));
    });
    crew.begin();
    place.write();
    list.end(END);
    watcher.join().unwrap();
    assert_eq!(*calls.borrow(), [0]);
}

fn the_thread_that_ends_a_job_sees_what_its_watchers_are() {
    let (crew, list, place) = (Crew::new(), WatchList::new(), Place::new());
    let other = list.clone();
    let watcher = crew.spawn(move || {
        let read = place.clone();
        place.write();
        other.watch(Watcher::new(move |_, _| assert!(read.written())));
    });
    crew.begin();
    list.end(END);
    watcher.join().unwrap();
}

fn watchers_of_two_threads_are_each_called_once() {
    let (crew, list, calls) = (Crew::new(), WatchList::new(), Calls::default());
    let watchers: Vec<_> = (0..2)
        .map(|n| {
            let (list, watcher) = (list.clone(), noting(&calls, n));
            crew.spawn(move || list.watch(watcher))
        })
        .collect();
    crew.begin();
    list.end(END);
    watchers.into_iter().for_each(|watcher| watcher.join().unwrap());
    let mut called = calls.borrow().clone();
    called.sort_unstable();
    assert_eq!(called, [0, 1]);
}

fn watchers_that_come_early_are_called_in_their_order() {
    let (crew, list, calls) = (Crew::new(), WatchList::new(), Calls::default());
    list.watch(noting(&calls, 0));
    let (other, two) = (list.clone(), [1, 2].map(|n| noting(&calls, n)));
    let watcher = crew.spawn(move || two.into_iter().for_each(|watcher| other.watch(watcher)));
    crew.begin();
    list.end(END);
    watcher.join().unwrap();
    // Those that came late may be called before the first.
    let called = calls.borrow();
    assert!(called.len() == 3 && called.iter().position(|&n| n == 1) < called.iter().position(|&n| n == 2));
}

fn a_watcher_that_was_called_may_watch_another_job() {
    let (crew, lists, calls) = (Crew::new(), [WatchList::new(), WatchList::new()], Calls::default());
    let (next, first, second) = (lists[1].clone(), calls.clone(), calls.clone());
    lists[0].watch(Watcher::new(move |node, _| {
        first.borrow_mut().push(0);
        next.watch(node.again(move |_, end| second.borrow_mut().push(end)));
    }));
    lists[0].watch(noting(&calls, 1));
    let other = lists[1].clone();
    let ends = crew.spawn(move || other.end(END));
    crew.begin();
    lists[0].end(END);
    ends.join().unwrap();
    let called = calls.borrow();
    assert!(called.len() == 3 && called.contains(&END) && called[0] == 0);
}

fn a_watcher_may_watch_again() {
    let (crew, list, calls) = (Crew::new(), WatchList::new(), Calls::default());
    let (again, inner) = (list.clone(), noting(&calls, 1));
    let mine = calls.clone();
    let watcher = Watcher::new(move |_, _| {
        mine.borrow_mut().push(0);
        // The job has ended, so this is called here.
        again.watch(inner);
        mine.borrow_mut().push(2);
    });
    let other = list.clone();
    let watching = crew.spawn(move || other.watch(watcher));
    crew.begin();
    list.end(END);
    watching.join().unwrap();
    assert_eq!(*calls.borrow(), [0, 1, 2]);
}

fn a_watcher_stopped_anywhere_holds_up_nobody() {
    let (list, calls) = (WatchList::new(), Calls::default());
    let (other, late) = (list.clone(), noting(&calls, 0));
    stopped(
        &Crew::new(),
        move || other.watch(late),
        || {
            list.watch(noting(&calls, 1));
            list.end(END);
            assert!(calls.borrow().contains(&1));
        },
    );
    assert_eq!(calls.borrow().len(), 2);
}

fn a_thread_that_ends_a_job_and_is_stopped_anywhere_holds_up_no_watcher() {
    let (list, calls) = (WatchList::new(), Calls::default());
    list.watch(noting(&calls, 0));
    let other = list.clone();
    stopped(&Crew::new(), move || other.end(END), || list.watch(noting(&calls, 1)));
    assert_eq!(calls.borrow().len(), 2);
}

fn a_callback_of_a_job_is_called_once_whether_it_is_run_or_cancelled() {
    let (crew, pool) = (Crew::new(), Arc::new(StaticPool::<1, 0, 48>::new()));
    let (job, watch) = pool.try_submit_watched(|| 42).expect("there is room");
    let called = Arc::new(std::sync::Mutex::new(None));
    let runs = pool.clone();
    let runner = crew.spawn(move || runs.run_one());
    crew.begin();
    let noted = called.clone();
    watch.on_done(move |end| assert!(noted.lock().unwrap().replace(end).is_none()));
    let cancelled = job.cancel();
    assert_eq!(runner.join().unwrap(), !cancelled);
    let end = if cancelled { JobState::Cancelled } else { JobState::Done };
    assert_eq!(*called.lock().unwrap(), Some(end));
    assert_eq!(job.wait().is_ok(), !cancelled);
}
