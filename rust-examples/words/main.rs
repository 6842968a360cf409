//! Shows what a batch program does on all cores, and borrows while it does: it walks a tree of folders by jobs that spawn jobs,
//! reads files in parallel, counts their words in a table for each thread, and sorts the sum by a recursive join.
//!
//!     words [FOLDER]      default: the sources of jobring

use jobring::{Pool, Spawner, WorkerLocal};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{fs, io};

/// A slice of at most this many words is sorted by one thread.
const FEW: usize = 500;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
type Counts = HashMap<String, u64>;

/// Where the walk puts what it finds.
#[derive(Default)]
struct Found {
    files: Mutex<Vec<PathBuf>>,
    failed: Mutex<Option<io::Error>>,
}

/// A job for each folder: it spawns those of the folders in it, and ends.
fn walk<'scope>(spawner: Spawner<'scope>, folder: PathBuf, found: &'scope Found) {
    let walked = || -> io::Result<()> {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (kind, path) = (entry.file_type()?, entry.path());
            if kind.is_dir() {
                spawner.spawn(move || walk(spawner, path, found));
            } else if kind.is_file() {
                found.files.lock().unwrap().push(path);
            }
        }
        Ok(())
    };
    if let Err(error) = walked() {
        *found.failed.lock().unwrap() = Some(error);
    }
}

fn count(text: &str, counts: &mut Counts) {
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
}

/// The most frequent words first; words that are as frequent in the order of the alphabet.
fn sort(pool: &Pool, words: &mut [(String, u64)]) {
    let order = |(a, n): &(String, u64), (b, m): &(String, u64)| m.cmp(n).then_with(|| a.cmp(b));
    if words.len() <= FEW {
        return words.sort_by(order);
    }
    let middle = words.len() / 2;
    let (low, _, high) = words.select_nth_unstable_by(middle, order);
    pool.join(|| sort(pool, low), || sort(pool, high));
}

fn main() -> Result<()> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    let folder = std::env::args_os().nth(1).map_or(sources, PathBuf::from);
    let pool = Pool::builder().build()?;

    let found = Found::default();
    pool.scope(|s| walk(s.spawner(), folder.clone(), &found));
    if let Some(error) = found.failed.into_inner()? {
        return Err(error.into());
    }
    let files = found.files.into_inner()?;

    // Each thread has a table, so that no thread waits for another.
    let tables = WorkerLocal::new(|| RefCell::new(Counts::new()));
    let bytes = pool.map(&files, |path| -> io::Result<usize> {
        let text = fs::read(path)?;
        count(&String::from_utf8_lossy(&text), &mut tables.get().borrow_mut());
        Ok(text.len())
    });
    let bytes = bytes.into_iter().sum::<io::Result<usize>>()?;
    let mut sum = Counts::new();
    for (word, n) in tables.into_inner().into_iter().flat_map(RefCell::into_inner) {
        *sum.entry(word).or_default() += n;
    }
    let mut words: Vec<_> = sum.into_iter().collect();
    sort(&pool, &mut words);

    // The same by one thread.
    let mut expected = Counts::new();
    for path in &files {
        count(&String::from_utf8_lossy(&fs::read(path)?), &mut expected);
    }
    let mut expected: Vec<_> = expected.into_iter().collect();
    expected.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    assert!(words == expected && !words.is_empty());
    let most: Vec<_> = words.iter().take(3).map(|(word, n)| format!("{word} {n}")).collect();
    println!(
        "{} files, {bytes} bytes, {} words; most of them: {}",
        files.len(),
        words.len(),
        most.join(", ")
    );
    Ok(())
}
