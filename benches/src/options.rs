//! The command line.

use clap::Parser;
use clap::builder::{ArgPredicate, PossibleValuesParser};
use std::path::PathBuf;

/// The works there are.
const WORKS: [&str; 19] = [
    "W1", "W1t", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9", "W10", "W11", "W12", "W13", "W14", "W15",
    "W16", "W17", "W18",
];

/// jobring beside its peers on the same work, in one run.
#[derive(Parser)]
#[command(name = "jobring-bench")]
pub struct Options {
    /// Only these works
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(WORKS))]
    pub works: Vec<String>,
    /// Beside jobring only peers whose name contains one of these
    #[arg(long, value_delimiter = ',')]
    pub peers: Vec<String>,
    /// Pairs for each ratio; 6 is the fewest that give an interval
    #[arg(long, default_value_t = 15, default_value_if("quick", ArgPredicate::IsPresent, "5"))]
    pub rounds: usize,
    /// How long one process measures, milliseconds
    #[arg(long, default_value_t = 200, default_value_if("quick", ArgPredicate::IsPresent, "60"))]
    pub millis: u64,
    /// 5 rounds of 60 ms, smaller sizes: a look, no result
    #[arg(long)]
    pub quick: bool,
    /// W9 up to 10⁸ jobs
    #[arg(long)]
    pub long: bool,
    /// Where results go
    #[arg(long, default_value_os_t = beside_the_program())]
    pub out: PathBuf,
    /// Print the works and the pools that take part, and end
    #[arg(long)]
    pub list: bool,
    /// One measurement in this process: a peer, a mode and its parameters
    #[arg(long, hide = true, num_args = 2..)]
    pub child: Option<Vec<String>>,
}

fn beside_the_program() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    exe.ancestors().nth(2).unwrap_or(&exe).join("bench")
}

impl Options {
    /// Does `peer` take part?
    pub fn wants(&self, peer: &str) -> bool {
        let own = peer.starts_with("jobring") || peer == "bare";
        let named = |part: &String| peer.to_lowercase().contains(&part.to_lowercase());
        own || self.peers.is_empty() || self.peers.iter().any(named)
    }
}
