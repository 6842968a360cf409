#![cfg(jobring_loom)]
use jobring::Pool;
use jobring_downstream::{Reading, Sum};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

fn check(name: &'static str, model: impl Fn() + Send + Sync + 'static) {
    static N: AtomicUsize = AtomicUsize::new(0);
    std::thread_local! { static M: std::cell::Cell<usize> = const { std::cell::Cell::new(0) }; }
    let t = std::time::Instant::now();
    let mut b = loom::model::Builder::new();
    b.checkpoint_interval=1000;
    b.max_duration = Some(std::time::Duration::from_secs(40));
    b.check(move || { M.set(M.get()+1); model() });
    println!("{name}: {} executions, {:?}", M.get(), t.elapsed());
    let _ = &N;
}

#[test]
fn reading() {
    check("reading", || {
        let pool = Pool::builder().workers(1).capacity(1).build().unwrap();
        let r = Reading::begin(&pool, || 42);
        if let Some(x) = r.get() { assert_eq!(x, 42); }
    });
}
#[test]
fn sum1() {
    check("sum1", || {
        let pool = Pool::builder().workers(1).capacity(1).build().unwrap();
        let r = Sum::begin(&pool, &[1]);
        assert_eq!(r.wait(), 1);
    });
}
#[test]
fn sum2() {
    check("sum2", || {
        let pool = Pool::builder().workers(2).capacity(2).build().unwrap();
        let r = Sum::begin(&pool, &[1, 2]);
        assert_eq!(r.wait(), 3);
    });
}
#[test]
fn sum12() {
    check("sum12", || {
        let pool = Pool::builder().workers(1).capacity(2).build().unwrap();
        let r = Sum::begin(&pool, &[1, 2]);
        assert_eq!(r.wait(), 3);
    });
}
#[test]
fn wait() {
    check("wait", || {
        let pool = Pool::builder().workers(1).capacity(1).build().unwrap();
        let j = pool.submit(|| 7).ok().unwrap();
        assert_eq!(j.wait().unwrap(), 7);
    });
}
#[test]
fn cancel() {
    check("cancel", || {
        let pool = Pool::builder().workers(1).capacity(1).build().unwrap();
        let j = pool.submit(|| 7).ok().unwrap();
        let c = j.cancel();
        assert_eq!(j.wait().is_err(), c);
    });
}
