//! `landings ELF LOG RAN` reports which instructions of a firmware were interrupted.
//!
//! LOG is what the firmware printed; its lines `hits WHO ADDRESS BITS` (hexadecimal; bit n stands for the
//! instruction at ADDRESS + 2n) are interrupted instructions. RAN is QEMU's log of the instructions that ran (`-d
//! in_asm`). For every function with library code the program prints how many of its instruction addresses
//! were hit. It fails if too few were hit of those that ran in submit, claim or complete, or if the
//! firmware's pool is not in .bss. What never ran is listed by its source line, with the reason if one is
//! known.

mod elf;
mod parts;

use elf::{Elf, Files, Symbol, sources};
use parts::{Part, dead, part};
use std::collections::{BTreeMap, BTreeSet};

/// The least share of instruction addresses that must be hit, in percent.
const ENOUGH: usize = 95;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, elf, log, ran] = &arguments[..] else { panic!("landings ELF LOG RAN") };
    let elf = Elf::read(elf).unwrap_or_else(|error| panic!("{error}"));
    let log = std::fs::read_to_string(log).unwrap_or_else(|error| panic!("{log}: {error}"));
    let ran = std::fs::read_to_string(ran).unwrap_or_else(|error| panic!("{ran}: {error}"));
    let address = |line: &str| u32::from_str_radix(line.strip_prefix("0x")?.split_once(':')?.0, 16).ok();
    let ran: BTreeSet<u32> = ran.lines().filter_map(address).collect();
    let lies_well = pool(&elf);
    let hits = hits(&log);
    if !(hits.is_empty() || report(&elf, &hits, &ran)) || !lies_well {
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

/// The addresses that were hit, by the names in the log.
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
    ran: usize,
    hit: usize,
    accepted: usize,
}

/// Addresses, by what they are of.
type Lists = BTreeMap<(Part, String), Vec<u32>>;

fn print(title: &str, lists: &Lists) {
    println!("\n{title}:");
    for ((part, place), addresses) in lists {
        let addresses: Vec<_> = addresses.iter().map(|address| format!("{address:x}")).collect();
        println!("{:8} {place}: {}", part.name(), addresses.join(" "));
    }
}

fn report(elf: &Elf, hits: &Hits<'_>, ran: &BTreeSet<u32>) -> bool {
    let lines = elf.lines().unwrap_or_else(|error| panic!("no debug information: {error}"));
    let mut files = Files::default();
    let any: BTreeSet<u32> = hits.values().flatten().copied().collect();
    let accepted = hits.get("accepted").cloned().unwrap_or_default();
    let (mut parts, mut missed, mut never) = (BTreeMap::new(), Lists::new(), Lists::new());
    // Code that is the same for two functions is there once.
    let functions: BTreeMap<u32, &Symbol> = elf
        .symbols
        .iter()
        .filter(|symbol| symbol.is_function)
        .map(|symbol| (symbol.address, symbol))
        .collect();
    println!("\ninstruction addresses that interrupts landed on, of those that ran, of all:");
    for function in functions.values() {
        let mut count: BTreeMap<Part, Count> = BTreeMap::new();
        for address in elf.instructions(function) {
            let sources = sources(&lines, &mut files, address);
            let Some(part) = part(&sources, &function.name) else { continue };
            let hit = any.contains(&address);
            let reason = dead(&sources).filter(|_| !hit);
            let ran = ran.contains(&address) && reason.is_none();
            for count in [count.entry(part).or_default(), parts.entry(part).or_default()] {
                count.all += 1;
                count.ran += usize::from(ran);
                count.hit += usize::from(hit);
                count.accepted += usize::from(accepted.contains(&address));
            }
            if hit || !part.bounded() {
                continue;
            }
            let own =
                sources.iter().find(|source| source.name.contains("jobring::") && !source.line.is_empty());
            let line = own.map_or("(no line)", |source| &source.line);
            let (list, place) = if ran {
                (&mut missed, format!("{line} [{}]", function.name))
            } else {
                (&mut never, reason.map_or_else(|| format!("~ {line}"), String::from))
            };
            list.entry((part, place)).or_default().push(address);
        }
        for (part, Count { all, ran, hit, .. }) in count {
            println!("{:8} {hit:4} of {ran:4} of {all:4}  {}", part.name(), function.name);
        }
    }
    print("never ran, or only at the end of the run, and why (~: the line)", &never);
    print("ran, and was not hit", &missed);
    println!("\nof those that ran (of all):");
    let percent = |of: usize, all: usize| 100.0 * of as f64 / all.max(1) as f64;
    let mut enough = [Part::Submit, Part::Claim, Part::Complete].iter().all(|part| parts.contains_key(part));
    for (part, Count { all, ran, hit, accepted }) in parts {
        let few = part.bounded() && hit * 100 < ran * ENOUGH;
        enough &= !few;
        println!(
            "{:8} {hit} of {ran}, {:.1} % (of {all}, {:.1} %); on {accepted} where the pool had room{}",
            part.name(),
            percent(hit, ran),
            percent(hit, all),
            if few { ": TOO FEW" } else { "" }
        );
    }
    for (who, addresses) in hits {
        println!("  {} addresses by {who}", addresses.len());
    }
    enough
}
