//! The end of a pool's memory: nobody is inside any more.

use crate::fixtures::Place;
use crate::harness::{Crew, Model, model};
use jobring_model::model::Visits;
use std::sync::Arc;

pub const MODELS: &[Model] =
    &[model!(unbounded destroy_waits_for_a_visitor), model!(2 destroy_waits_for_two_visitors)];

fn destroy_waits_for(visitors: usize) {
    let (crew, visits) = (Crew::new(), Arc::new(Visits::new()));
    let places: Vec<_> = (0..visitors).map(|_| Place::new()).collect();
    let visitors = places.iter().cloned().map(|place| {
        // The visit is begun before destroy is called: that is its caller's duty.
        let (visit, visits) = (visits.begin(), visits.clone());
        crew.spawn(move || {
            place.write();
            drop(visit);
            drop(visits);
        })
    });
    let visitors: Vec<_> = visitors.collect();
    crew.begin();
    visits.await_end();
    assert!(places.iter().all(Place::written));
    for visitor in visitors {
        visitor.join().unwrap();
    }
}

fn destroy_waits_for_a_visitor() {
    destroy_waits_for(1);
}

fn destroy_waits_for_two_visitors() {
    destroy_waits_for(2);
}
