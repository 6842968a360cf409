//! The command line.

use std::path::PathBuf;

/// What was asked for.
pub struct Options {
    /// Only these works; none: all.
    pub works: Vec<String>,
    /// Only these peers beside jobring; none: all.
    pub peers: Vec<String>,
    /// Pairs for each ratio.
    pub rounds: usize,
    /// How long a process measures bursts, milliseconds.
    pub millis: u64,
    /// Fewer rounds, fewer points, smaller sizes: to see that it works.
    pub quick: bool,
    /// 10⁸ jobs too.
    pub long: bool,
    /// Where results go.
    pub out: PathBuf,
}

/// The works there are.
const WORKS: [&str; 11] = ["W1", "W1t", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9", "W10"];

/// What --help says.
pub const HELP: &str = "\
jobring beside its peers on the same work, in one run.

    cargo run --release -p jobring-bench -- [options]

    --works W1,W3     only these: W1 W1t W2 W3 W4 W5 W6 W7 W8 W9 W10 (default: all)
    --peers a,b       beside jobring only those whose name contains one of these
    --rounds N        pairs for each ratio (default 15; 6 is the fewest that give an interval)
    --millis N        how long one process measures (default 200)
    --quick           5 rounds of 60 ms, smaller sizes: a look, no result
    --long            W9 up to 10⁸ jobs
    --out DIR         where results go (default: target/bench beside the program's folder)
    --list            the works and who takes part, then ends
";

impl Options {
    /// From the words of the command line.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let exe = std::env::current_exe().map_err(|error| error.to_string())?;
        let target = exe.parent().and_then(|profile| profile.parent()).unwrap_or(&exe);
        let mut options = Self {
            works: Vec::new(),
            peers: Vec::new(),
            rounds: 0,
            millis: 0,
            quick: false,
            long: false,
            out: target.join("bench"),
        };
        let mut words = words.iter();
        let list = |text: &str| text.split(',').map(str::to_owned).collect();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--works" => options.works = list(value()?),
                "--peers" => options.peers = list(value()?),
                "--rounds" => options.rounds = value()?.parse().map_err(|_| "--rounds needs a number")?,
                "--millis" => options.millis = value()?.parse().map_err(|_| "--millis needs a number")?,
                "--out" => options.out = value()?.into(),
                "--quick" => options.quick = true,
                "--long" => options.long = true,
                _ => return Err(format!("unknown: {word}")),
            }
        }
        if let Some(work) = options.works.iter().find(|work| !WORKS.contains(&work.as_str())) {
            return Err(format!("no work {work}"));
        }
        let default = |given, quick, full| match (given, options.quick) {
            (0, true) => quick,
            (0, false) => full,
            _ => given,
        };
        options.rounds = default(options.rounds, 5, 15);
        options.millis = default(options.millis as usize, 60, 200) as u64;
        Ok(options)
    }

    /// Does `peer` take part?
    pub fn wants(&self, peer: &str) -> bool {
        let own = peer.starts_with("jobring") || peer == "bare";
        let named = |part: &String| peer.to_lowercase().contains(&part.to_lowercase());
        own || self.peers.is_empty() || self.peers.iter().any(named)
    }
}
