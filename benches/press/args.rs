//! What may be asked of the benchmark.

use std::path::PathBuf;
use std::thread;

use crate::measuring::Sizes;

pub(crate) const USAGE: &str = "\
cargo bench --bench press -- [OPTIONS]

  --rounds N          how many rounds; the figures are medians (usually 3)
  --json FILE         writes the table as JSON, too
  --no-peers          leaves out nodemailer, smtplib and lettre's pool
  --million           takes in a million readers as well
  --tiny              few readers: shows that everything works, and measures nothing
  --masthead FILE     measures this binary and not the one just built";

/// As asked.
pub(crate) struct Args {
    pub(crate) rounds: usize,
    pub(crate) json: Option<PathBuf>,
    pub(crate) has_peers: bool,
    pub(crate) has_million: bool,
    pub(crate) sizes: Sizes,
    pub(crate) masthead: PathBuf,
    /// What `openssl speed` may use, as we may.
    pub(crate) cores: usize,
}

impl Args {
    /// `None` where the words make no sense.
    pub(crate) fn parse(words: &[String]) -> Option<Self> {
        let mut args = Self {
            rounds: 3,
            json: None,
            has_peers: true,
            has_million: false,
            sizes: Sizes::USUAL,
            masthead: env!("CARGO_BIN_EXE_masthead").into(),
            cores: thread::available_parallelism().map_or(1, usize::from),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                // Cargo says this to every benchmark.
                "--bench" => {}
                "--rounds" => args.rounds = words.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
                "--json" => args.json = Some(words.next()?.into()),
                "--no-peers" => args.has_peers = false,
                "--million" => args.has_million = true,
                "--tiny" => args.sizes = Sizes::TINY,
                "--masthead" => args.masthead = std::path::absolute(words.next()?).ok()?,
                _ => return None,
            }
        }
        Some(args)
    }
}
