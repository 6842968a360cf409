//! Shows transfers between accounts, each of which needs two accounts. First with locks: a transfer takes both, always in the same
//! order, since two transfers that each hold one lock and want the other's would wait for ever. Then without: an account has a
//! lane of width 1, and a transfer is a withdrawal there, which sends a deposit to the other lane.

use jobring::{Lane, Pool, ShutdownMode, SubmitError};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed};

const WORKERS: usize = 4;
const ACCOUNTS: usize = 16;
const START: i64 = 1000;
const MOST: u64 = 200;
const TRANSFERS: usize = 20_000;
const JOBS: usize = 100;
const IN_FLIGHT: usize = 16;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Clone, Copy)]
struct Transfer {
    from: usize,
    to: usize,
    amount: i64,
}

fn transfers() -> Vec<Transfer> {
    let mut state = 1u64;
    let mut random = |below: u64| {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let accounts = ACCOUNTS as u64;
    let mut transfer = |_| {
        let (from, step) = (random(accounts), 1 + random(accounts - 1));
        let (to, amount) = ((from + step) % accounts, 1 + random(MOST).cast_signed());
        Transfer { from: from as usize, to: to as usize, amount }
    };
    (0..TRANSFERS).map(&mut transfer).collect()
}

/// What a bank has at the end: the balances, and how many transfers were refused.
struct End {
    balances: Vec<i64>,
    refused: u32,
}

struct Locked {
    accounts: [Mutex<i64>; ACCOUNTS],
    refused: AtomicU32,
}

impl Locked {
    fn transfer(&self, Transfer { from, to, amount }: Transfer) {
        let mut first = self.accounts[from.min(to)].lock().expect("no panic");
        let mut second = self.accounts[from.max(to)].lock().expect("no panic");
        let (from, to) = if from < to { (&mut first, &mut second) } else { (&mut second, &mut first) };
        if **from >= amount {
            **from -= amount;
            **to += amount;
        } else {
            self.refused.fetch_add(1, Relaxed);
        }
    }
}

fn with_locks(pool: &Pool, transfers: &[Transfer]) -> End {
    let bank = Locked { accounts: [const { Mutex::new(START) }; ACCOUNTS], refused: AtomicU32::new(0) };
    pool.scope(|scope| {
        for some in transfers.chunks(TRANSFERS / JOBS) {
            let bank = &bank;
            scope.spawn(move || some.iter().for_each(|&transfer| bank.transfer(transfer)));
        }
    });
    let balances = bank.accounts.into_iter().map(|balance| balance.into_inner().expect("no panic"));
    End { balances: balances.collect(), refused: bank.refused.into_inner() }
}

/// Only jobs of its lane use the balance, and so no other thread changes it between a load and a store.
struct Account {
    lane: Lane<'static, Pool>,
    balance: AtomicI64,
    refused: AtomicU32,
}

impl Account {
    fn add(&self, amount: i64) {
        self.balance.store(self.balance.load(Relaxed) + amount, Relaxed);
    }

    fn has(&self, amount: i64) -> bool {
        self.balance.load(Relaxed) >= amount
    }
}

/// A job of the lane of the account that the money comes from.
fn withdraw(from: &Account, to: &'static Account, amount: i64) {
    if from.has(amount) {
        from.add(-amount);
        to.lane.try_submit_detached(move || to.add(amount)).expect("there is room");
    } else {
        from.refused.store(from.refused.load(Relaxed) + 1, Relaxed);
    }
}

/// A deposit must find room: of jobs that wait for room in each other's lanes, one would get `SubmitError::Deadlock`. So no more
/// transfers are on their way than every lane has room for.
fn with_lanes(pool: &'static Pool, transfers: &[Transfer]) -> Result<End> {
    let mut accounts = Vec::new();
    for _ in 0..ACCOUNTS {
        let lane = pool.lane(1, 2 * IN_FLIGHT)?;
        accounts.push(Account { lane, balance: AtomicI64::new(START), refused: AtomicU32::new(0) });
    }
    let accounts: &'static [Account] = accounts.leak();
    for some in transfers.chunks(IN_FLIGHT) {
        for transfer in some {
            let (from, to, amount) = (&accounts[transfer.from], &accounts[transfer.to], transfer.amount);
            let withdrawal = from.lane.submit_detached(move || withdraw(from, to, amount));
            withdrawal.map_err(SubmitError::without_job)?;
        }
        pool.wait_idle()?;
    }
    for account in accounts {
        account.lane.close(ShutdownMode::Drain, None)?;
    }
    Ok(End {
        balances: accounts.iter().map(|account| account.balance.load(Relaxed)).collect(),
        refused: accounts.iter().map(|account| account.refused.load(Relaxed)).sum(),
    })
}

fn main() -> Result<()> {
    // Deposits are sent by jobs, which may only have what lives as long as the program.
    let pool: &'static Pool = Box::leak(Box::new(Pool::builder().workers(WORKERS).build()?));
    let transfers = transfers();
    let ends = [
        ("two locks in one order", with_locks(pool, &transfers)),
        ("a lane for each account", with_lanes(pool, &transfers)?),
    ];
    for (how, End { balances, refused }) in ends {
        let total: i64 = balances.iter().sum();
        assert!(balances.iter().all(|&balance| balance >= 0) && total == ACCOUNTS as i64 * START);
        println!(
            "{how}: {TRANSFERS} transfers between {ACCOUNTS} accounts, {refused} refused; the total is still {total}"
        );
    }
    pool.shutdown(ShutdownMode::Drain, None)?;
    Ok(())
}
