//! To make a pool does not touch memory pages that are fresh from the system; they are touched when the pool
//! uses them.
#![cfg(all(target_os = "linux", any(feature = "std", feature = "capi")))]

/// The page faults of this thread until now, without those that read from a disk.
fn faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("Linux's proc");
    // "number (name) state ...": the name may have anything in it. The eighth field behind it.
    let (_, behind) = stat.rsplit_once(')').expect("a name");
    behind.split_whitespace().nth(7).and_then(|number| number.parse().ok()).expect("a number")
}

const POOLS: usize = 64;
const PAGE: usize = 4096;
/// A slot of the default payload is a cache line.
const SLOT: usize = 64;

/// Makes N pools, and holds their page faults against what their slots would take. The pools stay: memory
/// that was given back and is handed out again is not fresh from the system.
fn few_faults<T>(capacity: usize, mut make: impl FnMut(usize) -> T) -> Vec<T> {
    let before = faults();
    let pools: Vec<T> = (0..POOLS).map(|_| make(capacity)).collect();
    let faults = faults() - before;
    let pages = (POOLS * capacity * SLOT / PAGE) as u64;
    println!("{POOLS} pools of {capacity} slots: {faults} page faults; the slots are {pages} pages");
    // Some for each pool's head and for what the allocator writes (14 a pool on 32 bits). If the capacity is
    // no power of two, the rest of one ring is written (20 more there). A pool that touches its slots takes
    // 128 or more.
    let most = if capacity.is_power_of_two() { pages / 5 } else { 2 * pages / 5 };
    assert!(faults < most, "{faults} page faults");
    pools
}

#[cfg(feature = "std")]
fn rust_pool(capacity: usize) -> jobring::Pool {
    jobring::Pool::builder().workers(0).capacity(capacity).build().expect("a pool")
}

#[cfg(feature = "capi")]
mod c {
    use jobring::ffi::*;

    pub struct Pool(*mut jobring_pool);

    impl Pool {
        pub fn new(capacity: usize) -> Self {
            let mut config = std::mem::MaybeUninit::<jobring_config>::uninit();
            let mut pool = std::ptr::null_mut();
            // SAFETY:
            // - writable for its size; init fills all of it if it returns OK. A configuration, and a place
            //   for the pool.
            unsafe {
                assert_eq!(
                    jobring_struct_init(config.as_mut_ptr().cast(), size_of::<jobring_config>()),
                    JOBRING_OK
                );
                let mut config = config.assume_init();
                config.workers = JOBRING_WORKERS_NONE;
                config.capacity = capacity as u32;
                assert_eq!(jobring_create(&raw const config, &raw mut pool), JOBRING_OK);
            }
            Self(pool)
        }
    }

    impl Drop for Pool {
        fn drop(&mut self) {
            // SAFETY:
            // - from create, and nobody else has it.
            assert_eq!(unsafe { jobring_destroy(self.0) }, JOBRING_OK);
        }
    }
}

#[test]
fn slots_that_nobody_used_take_no_pages() {
    #[cfg(feature = "std")]
    let _rust = [few_faults(8192, rust_pool), few_faults(8196, rust_pool)];
    #[cfg(feature = "capi")]
    let _c = [few_faults(8192, c::Pool::new), few_faults(8196, c::Pool::new)];
}
