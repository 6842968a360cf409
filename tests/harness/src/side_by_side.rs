//! Runs cases in parallel.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Calls `judge` with each case, in their order, as many at a time as there are cores.
///
/// # Panics
///
/// Panics when all have been judged, if one of the calls did.
pub fn for_each<T: Sync>(cases: &[T], judge: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from).min(cases.len()) {
            scope.spawn(|| {
                // ORDERING: Relaxed: hands out numbers. The cases were there before the threads.
                while let Some(case) = cases.get(next.fetch_add(1, Relaxed)) {
                    judge(case);
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    #[test]
    fn each_case_is_judged_once() {
        let cases: Vec<usize> = (0..100).collect();
        let judged = Mutex::new(Vec::new());
        super::for_each(&cases, |case| judged.lock().unwrap().push(*case));
        let mut judged = judged.into_inner().unwrap();
        judged.sort_unstable();
        assert_eq!(judged, cases);
    }
}
