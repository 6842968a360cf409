//! landings ELF LOG: where a firmware's interrupts landed. LOG is what the firmware printed; its lines `hits WHO ADDRESS BITS`
//! (hexadecimal; bit n stands for ADDRESS + 2n) are the addresses of interrupted instructions. Prints for every function in
//! which library code lies how many of its instruction addresses were hit, and fails if it is too few of what can be reached in
//! submit, claim or complete, or if the firmware's pool does not lie in .bss.

mod elf;
mod parts;

use elf::{Elf, Files, Symbol, sources};
use parts::{Part, dead, part};
use std::collections::{BTreeMap, BTreeSet};

/// Of 100 instruction addresses so many are to be hit.
const ENOUGH: usize = 95;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, elf, log] = &arguments[..] else { panic!("landings ELF LOG") };
    let elf = Elf::read(elf).unwrap_or_else(|error| panic!("{error}"));
    let log = std::fs::read_to_string(log).unwrap_or_else(|error| panic!("{log}: {error}"));
    let lies_well = pool(&elf);
    let hits = hits(&log);
    if !(hits.is_empty() || report(&elf, &hits)) || !lies_well {
        std::process::exit(1);
    }
}

/// Says where the firmware's pool lies. Is it in .bss?
fn pool(elf: &Elf) -> bool {
    let Some(pool) = elf.symbols.iter().find(|symbol| symbol.name == "POOL" && !symbol.is_function) else {
        println!("the firmware has no POOL");
        return false;
    };
    let place = if elf.in_bss(pool) { "in .bss" } else { "NOT in .bss" };
    println!("POOL: {} bytes {place}", pool.size);
    elf.in_bss(pool)
}

type Hits<'a> = BTreeMap<&'a str, BTreeSet<u32>>;

/// Who hit which addresses.
fn hits(log: &str) -> Hits<'_> {
    let mut hits: Hits<'_> = BTreeMap::new();
    for line in log.lines().filter_map(|line| line.strip_prefix("hits ")) {
        let words: Vec<&str> = line.split(' ').collect();
        let [who, address, bits] = words[..] else { panic!("hits {line}") };
        let number = |text: &str| u32::from_str_radix(text, 16).unwrap_or_else(|_| panic!("hits {line}"));
        let (address, bits) = (number(address), number(bits));
        hits.entry(who).or_default().extend((0..32).filter(|n| bits >> n & 1 == 1).map(|n| address + 2 * n));
    }
    hits
}

#[derive(Default)]
struct Count {
    all: usize,
    hit: usize,
    accepted: usize,
    dead: usize,
}

fn report(elf: &Elf, hits: &Hits<'_>) -> bool {
    let lines = elf.lines().unwrap_or_else(|error| panic!("no debug information: {error}"));
    let any: BTreeSet<u32> = hits.values().flatten().copied().collect();
    let accepted = hits.get("accepted").cloned().unwrap_or_default();
    let mut files = Files::default();
    let (mut parts, mut reasons, mut missed) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    // Code that is the same for two functions is there once.
    let functions: BTreeMap<u32, &Symbol> = elf
        .symbols
        .iter()
        .filter(|symbol| symbol.is_function)
        .map(|symbol| (symbol.address, symbol))
        .collect();
    println!(
        "\ninstruction addresses that interrupts landed on; of all; and of these no schedule of this firmware reaches:"
    );
    for function in functions.values() {
        let mut count: BTreeMap<Part, Count> = BTreeMap::new();
        for address in elf.instructions(function) {
            let sources = sources(&lines, &mut files, address);
            let Some(part) = part(&sources, &function.name) else { continue };
            let hit = any.contains(&address);
            let dead = dead(&sources).filter(|_| !hit);
            for count in [count.entry(part).or_default(), parts.entry(part).or_default()] {
                count.all += 1;
                count.hit += usize::from(hit);
                count.accepted += usize::from(accepted.contains(&address));
                count.dead += usize::from(dead.is_some());
            }
            match dead {
                Some(reason) => *reasons.entry((part, reason)).or_insert(0) += 1,
                None if !hit && part.bounded() => {
                    let place = format!(
                        "{} in {}",
                        sources.first().map_or("?", |source| &source.name),
                        function.name
                    );
                    missed.entry((part, place)).or_insert_with(Vec::new).push(format!("{address:x}"));
                }
                None => {}
            }
        }
        for (part, Count { all, hit, accepted: _, dead }) in count {
            println!("{:8} {hit:4} of {all:4}, {dead:3}  {}", part.name(), function.name);
        }
    }
    println!("\nnot reached by any schedule, and why:");
    for ((part, reason), count) in reasons {
        println!("{:8} {count:4}  {reason}", part.name());
    }
    println!("\nnot hit:");
    for ((part, place), addresses) in missed {
        println!("{:8} {} ({place})", part.name(), addresses.join(" "));
    }
    println!("\nof what can be reached (of all):");
    let percent = |of: usize, all: usize| 100.0 * of as f64 / all.max(1) as f64;
    let mut enough = [Part::Submit, Part::Claim, Part::Complete].iter().all(|part| parts.contains_key(part));
    for (part, Count { all, hit, accepted, dead }) in parts {
        let few = part.bounded() && hit * 100 < (all - dead) * ENOUGH;
        enough &= !few;
        println!(
            "{:8} {hit} of {}, {:.1} % ({:.1} %); on {accepted} where the pool had room{}",
            part.name(),
            all - dead,
            percent(hit, all - dead),
            percent(hit, all),
            if few { ": TOO FEW" } else { "" }
        );
    }
    for (who, addresses) in hits {
        println!("  {} addresses by {who}", addresses.len());
    }
    enough
}
