//! Reads what is needed of a 32-bit little-endian ARM ELF file: functions, data, where code is mixed with
//! literals, and from which source functions the compiler made an instruction.

use addr2line::gimli::{self, EndianSlice, LittleEndian};
use std::collections::HashMap;

type Lines<'a> = addr2line::Context<EndianSlice<'a, LittleEndian>>;

/// A function or a variable.
pub struct Symbol {
    pub name: String,
    pub address: u32,
    pub size: u32,
    pub is_function: bool,
    section: usize,
}

struct Section {
    name: String,
    kind: u32,
    address: u32,
    at: usize,
    size: usize,
    link: usize,
}

pub struct Elf {
    bytes: Vec<u8>,
    sections: Vec<Section>,
    pub symbols: Vec<Symbol>,
    /// From which address on there is code (true) or data, by address.
    mapping: Vec<(u32, bool)>,
}

const SYMTAB: u32 = 2;
const NOBITS: u32 = 8;
const OBJECT: u8 = 1;
const FUNCTION: u8 = 2;

impl Elf {
    pub fn read(path: &str) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        if bytes.get(..6) != Some(b"\x7fELF\x01\x01") {
            return Err(format!("{path} is no 32-bit little-endian ELF file"));
        }
        let mut elf = Self { bytes, sections: Vec::new(), symbols: Vec::new(), mapping: Vec::new() };
        let [table, each, count, names] = [elf.word(32), elf.half(46), elf.half(48), elf.half(50)];
        let names = elf.word(table + names * each + 16);
        for at in (0..count).map(|n| table + n * each) {
            elf.sections.push(Section {
                name: elf.text(names + elf.word(at)),
                kind: elf.word(at + 4) as u32,
                address: elf.word(at + 12) as u32,
                at: elf.word(at + 16),
                size: elf.word(at + 20),
                link: elf.word(at + 24),
            });
        }
        let table = elf.sections.iter().find(|section| section.kind == SYMTAB).ok_or("no symbols")?;
        let (begin, end, names) = (table.at, table.at + table.size, elf.sections[table.link].at);
        (begin..end).step_by(16).for_each(|at| elf.symbol(at, names));
        elf.mapping.sort_unstable();
        Ok(elf)
    }

    fn symbol(&mut self, at: usize, names: usize) {
        let name = self.text(names + self.word(at));
        let (address, size, kind) =
            (self.word(at + 4) as u32, self.word(at + 8) as u32, self.bytes[at + 12] & 15);
        match name.split('.').next() {
            Some("$t") => self.mapping.push((address, true)),
            Some("$d") => self.mapping.push((address, false)),
            _ if kind == OBJECT || kind == FUNCTION => self.symbols.push(Symbol {
                name: demangled(&name),
                // Bit 0 of a function's address says that it is Thumb code.
                address: if kind == FUNCTION { address & !1 } else { address },
                size,
                is_function: kind == FUNCTION,
                section: self.half(at + 14),
            }),
            _ => {}
        }
    }

    fn word(&self, at: usize) -> usize {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().expect("four bytes")) as usize
    }

    fn half(&self, at: usize) -> usize {
        usize::from(u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]]))
    }

    fn text(&self, at: usize) -> String {
        let end = self.bytes[at..].iter().position(|&byte| byte == 0).expect("an end");
        String::from_utf8_lossy(&self.bytes[at..at + end]).into_owned()
    }

    /// Does the symbol lie in memory that is all zero at first, of which the file has nothing?
    pub fn in_bss(&self, symbol: &Symbol) -> bool {
        self.sections.get(symbol.section).is_some_and(|section| section.kind == NOBITS)
    }

    /// The addresses of a function's instructions.
    pub fn instructions(&self, function: &Symbol) -> Vec<u32> {
        let section = &self.sections[function.section];
        let mut found = Vec::new();
        let mut at = function.address;
        while at < function.address + function.size {
            let last = self.mapping.partition_point(|&(from, _)| from <= at);
            if last > 0 && !self.mapping[last - 1].1 {
                at += 2;
                continue;
            }
            found.push(at);
            // ARMv7-M Architecture Reference Manual, A5.1: 0b11101, 0b11110 and 0b11111 begin an instruction
            // of 32 bits.
            let half = self.half(section.at + (at - section.address) as usize);
            at += if half >> 11 >= 0b11101 { 4 } else { 2 };
        }
        found
    }

    /// What says which source functions an address is of.
    pub fn lines(&self) -> Result<Lines<'_>, gimli::Error> {
        let dwarf = gimli::Dwarf::load(|id| {
            let section = self.sections.iter().find(|section| section.name == id.name());
            let bytes = section.map_or(&[][..], |section| &self.bytes[section.at..][..section.size]);
            Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
        })?;
        addr2line::Context::from_dwarf(dwarf)
    }
}

/// Where in the source an instruction comes from.
pub struct Source {
    /// The function.
    pub name: String,
    /// The line's text; empty if the file is not here.
    pub line: String,
}

/// The files of the source, read once.
#[derive(Default)]
pub struct Files(HashMap<String, Vec<String>>);

impl Files {
    fn line(&mut self, file: &str, number: u32) -> String {
        let lines = self.0.entry(file.to_string()).or_insert_with(|| {
            std::fs::read_to_string(file)
                .unwrap_or_default()
                .lines()
                .map(|line| line.trim().to_string())
                .collect()
        });
        (number as usize).checked_sub(1).and_then(|at| lines.get(at)).cloned().unwrap_or_default()
    }
}

/// The source of an instruction, from the innermost function that was inlined to the outermost.
pub fn sources(lines: &Lines<'_>, files: &mut Files, address: u32) -> Vec<Source> {
    let Ok(mut frames) = lines.find_frames(u64::from(address)).skip_all_loads() else { return Vec::new() };
    let mut found = Vec::new();
    while let Ok(Some(frame)) = frames.next() {
        let Some(Ok(name)) = frame.function.map(|function| function.raw_name().map(|name| demangled(&name)))
        else {
            continue;
        };
        let place = frame.location.and_then(|place| Some((place.file?, place.line?)));
        found.push(Source {
            name,
            line: place.map(|(file, line)| files.line(file, line)).unwrap_or_default(),
        });
    }
    found
}

fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
