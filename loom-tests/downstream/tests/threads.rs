//! The crate's code on real threads.
#![cfg(not(jobring_loom))]

use jobring::Pool;
use jobring_downstream::{Reading, Sum};

#[test]
fn what_is_read_in_the_background_is_there_in_the_end() {
    let pool = Pool::builder().workers(1).build().unwrap();
    let reading = Reading::begin(&pool, || 42);
    drop(pool);
    assert_eq!(reading.get(), Some(42));
}

#[test]
fn a_sum_counts_every_number() {
    let pool = Pool::builder().workers(2).capacity(4).build().unwrap();
    assert_eq!(Sum::begin(&pool, &[1, 2, 3, 4, 5, 6, 7, 8]).wait(), 36);
}
