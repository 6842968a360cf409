use jobring::{Pool, StaticPool};
#[test]
fn stat() {
    static POOL: StaticPool<64, 2, 48> = StaticPool::new();
    let j = POOL.try_submit(|| 6 * 7).unwrap();
    assert_eq!(j.wait().unwrap(), 42);
}
#[test]
fn threads() {
    let pool = Pool::builder().workers(2).build().unwrap();
    let squares: Vec<_> = (0..10u64).map(|n| pool.submit(move || n * n).unwrap()).collect();
    let sum: u64 = squares.into_iter().map(|job| job.wait().unwrap()).sum();
    assert_eq!(sum, 285);
}
