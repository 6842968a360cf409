//! Seats, on which threads of a user-defined port sleep: no change of a word is slept through, and no wake-up
//! goes to a thread that does not need it while another one does.

use crate::harness::{Crew, Model, model};
use jobring_model::model::{OnSeats, Sleepers, Workers};
use loom::thread::JoinHandle;
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(unbounded a_change_wakes_the_one_in_the_seat),
    model!(3 a_change_wakes_all_in_the_seats),
    model!(2 two_changes_wake_two_in_the_seats),
    model!(3 a_wake_up_that_a_timeout_swallowed_is_passed_on),
    model!(3 a_wake_up_that_a_late_thread_swallowed_is_passed_on),
    model!(3 a_seat_keeps_nothing_of_its_last_thread),
    model!(3 a_thread_that_finds_no_seat_sees_the_change),
    model!(3 two_threads_that_share_a_seat_see_their_changes),
    model!(2 pushes_reach_two_workers_that_share_a_seat),
    model!(2 close_reaches_two_workers_that_share_a_seat),
    model!(unbounded a_waker_stopped_between_choice_and_wake_up_is_covered_by_others),
    model!(3 a_wake_of_all_includes_the_one_that_a_stopped_waker_chose),
    model!(3 a_push_wakes_a_worker_in_a_seat),
    model!(2 pushes_wake_two_workers_in_their_seats),
    model!(2 close_wakes_all_workers_in_their_seats),
];

fn crew<const SEATS: usize>() -> (Crew, Arc<Sleepers<SEATS>>) {
    (Crew::new(), Arc::new(Sleepers::new()))
}

/// A thread that does `f` with the seats.
fn thread<const SEATS: usize>(
    crew: &Crew,
    seats: &Arc<Sleepers<SEATS>>,
    f: impl FnOnce(&Sleepers<SEATS>) + 'static,
) -> JoinHandle<()> {
    let seats = seats.clone();
    crew.spawn(move || f(&seats))
}

fn join_all(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn a_change_wakes_the_one_in_the_seat() {
    let (crew, seats) = crew::<1>();
    let sleeper = thread(&crew, &seats, |seats| seats.sleep_until(0, 1));
    crew.begin();
    seats.give_one(0);
    sleeper.join().unwrap();
}

fn a_change_wakes_all_in_the_seats() {
    let (crew, seats) = crew::<2>();
    let sleepers = [(); 2].map(|()| thread(&crew, &seats, |seats| seats.sleep_until(0, 1)));
    crew.begin();
    seats.open(0);
    join_all(sleepers);
}

fn two_changes_wake_two_in_the_seats() {
    let (crew, seats) = crew::<2>();
    let sleepers = [(); 2].map(|()| thread(&crew, &seats, |seats| seats.take_one(0)));
    let waker = thread(&crew, &seats, |seats| seats.give_one(0));
    crew.begin();
    seats.give_one(0);
    waker.join().unwrap();
    join_all(sleepers);
}

fn a_wake_up_that_a_timeout_swallowed_is_passed_on() {
    let (crew, seats) = crew::<2>();
    let hasty = thread(&crew, &seats, |seats| seats.sleep_a_while(0));
    let sleeper = thread(&crew, &seats, |seats| seats.sleep_until(0, 1));
    crew.begin();
    seats.give_one(0);
    join_all([hasty, sleeper]);
}

fn a_wake_up_that_a_late_thread_swallowed_is_passed_on() {
    let (crew, seats) = crew::<2>();
    let late = thread(&crew, &seats, |seats| seats.come_too_late(0));
    let sleeper = thread(&crew, &seats, |seats| seats.sleep_until(0, 1));
    crew.begin();
    seats.give_one(0);
    join_all([late, sleeper]);
}

fn a_seat_keeps_nothing_of_its_last_thread() {
    let (crew, seats) = crew::<2>();
    let sleeper = thread(&crew, &seats, |seats| {
        seats.sleep_a_while(0);
        seats.sleep_until(1, 1);
    });
    let waker = thread(&crew, &seats, |seats| seats.open(0));
    crew.begin();
    seats.give_one(1);
    join_all([sleeper, waker]);
}

fn a_thread_that_finds_no_seat_sees_the_change() {
    let (crew, seats) = crew::<1>();
    let hasty = thread(&crew, &seats, |seats| seats.sleep_a_while(1));
    let sleeper = thread(&crew, &seats, |seats| seats.sleep_until(0, 1));
    crew.begin();
    seats.give_one(0);
    join_all([hasty, sleeper]);
}

fn two_threads_that_share_a_seat_see_their_changes() {
    let (crew, seats) = crew::<1>();
    let sleepers = [0, 1].map(|word| thread(&crew, &seats, move |seats| seats.sleep_until(word, 1)));
    crew.begin();
    seats.give_one(0);
    seats.open(1);
    join_all(sleepers);
}

fn a_waker_stopped_between_choice_and_wake_up_is_covered_by_others() {
    let (crew, seats) = crew::<1>();
    let sleeper = thread(&crew, &seats, |seats| seats.take_one(0));
    crew.begin();
    seats.give_one_and_freeze(0);
    seats.wake_again(0);
    sleeper.join().unwrap();
}

fn a_wake_of_all_includes_the_one_that_a_stopped_waker_chose() {
    let (crew, seats) = crew::<2>();
    let sleepers = [(); 2].map(|()| thread(&crew, &seats, |seats| seats.sleep_until(0, 1)));
    crew.begin();
    seats.give_one_and_freeze(0);
    seats.open(0);
    join_all(sleepers);
}

type Seated<const SEATS: usize> = Arc<Workers<OnSeats<SEATS>>>;

fn workers<const SEATS: usize>(crew: &Crew, most: usize) -> (Seated<SEATS>, [JoinHandle<usize>; SEATS]) {
    workers_on(crew, most)
}

fn workers_on<const SEATS: usize, const WORKERS: usize>(
    crew: &Crew,
    most: usize,
) -> (Seated<SEATS>, [JoinHandle<usize>; WORKERS]) {
    let workers = Arc::new(Workers::on(OnSeats::new()));
    let threads = [(); WORKERS].map(|()| {
        let workers: Seated<SEATS> = workers.clone();
        crew.spawn(move || workers.work(most))
    });
    (workers, threads)
}

fn a_push_wakes_a_worker_in_a_seat() {
    let crew = Crew::new();
    let (workers, [worker]) = workers::<1>(&crew, 1);
    crew.begin();
    assert!(!workers.give(1));
    assert_eq!(worker.join().unwrap(), 1);
    assert!(workers.settled());
}

fn pushes_wake_two_workers_in_their_seats() {
    let crew = Crew::ungated();
    let (workers, threads) = workers::<2>(&crew, 1);
    crew.begin();
    workers.give(1);
    workers.give(1);
    for worker in threads {
        assert_eq!(worker.join().unwrap(), 1);
    }
    assert!(workers.settled());
}

fn close_wakes_all_workers_in_their_seats() {
    let crew = Crew::ungated();
    let (workers, threads) = workers::<2>(&crew, usize::MAX);
    crew.begin();
    workers.close();
    for worker in threads {
        assert_eq!(worker.join().unwrap(), 0);
    }
    assert!(workers.settled());
}

fn pushes_reach_two_workers_that_share_a_seat() {
    let crew = Crew::ungated();
    let (workers, threads) = workers_on::<1, 2>(&crew, 1);
    crew.begin();
    workers.give(1);
    workers.give(1);
    for worker in threads {
        assert_eq!(worker.join().unwrap(), 1);
    }
    assert!(workers.settled());
}

fn close_reaches_two_workers_that_share_a_seat() {
    let crew = Crew::ungated();
    let (workers, threads) = workers_on::<1, 2>(&crew, usize::MAX);
    crew.begin();
    workers.close();
    for worker in threads {
        assert_eq!(worker.join().unwrap(), 0);
    }
    assert!(workers.settled());
}
