//! What is measured in one round, and in which order: ours and what it is compared with stand next to each other.

use std::error::Error;
use std::io;

use crate::args::Args;
use crate::composing::{self, Bench};
use crate::figures::Figures;
use crate::newsroom::{CONNECTIONS, ISSUE, Newsroom, Setting};
use crate::sink::{Manner, Sink};
use crate::yardsticks::{self, Errand, Peers, Run, ended};

type Done = Result<(), Box<dyn Error>>;

/// What the delayed sink waits, in milliseconds.
const DELAY: u64 = 20;

/// Connections to a relay without PIPELINING: the issue's figure is for so many.
const MORE_CONNECTIONS: u64 = 20;

/// Processes of the peer that has one connection in each.
const PROCESSES: u64 = 8;

/// How many readers each kind of run has.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) readers: u64,
    /// Where replies are late and PIPELINING is offered.
    pub(crate) late: u64,
    /// Where it is not.
    pub(crate) in_turn: u64,
    /// For peers that are slower by an order of magnitude.
    pub(crate) peer: u64,
    /// For those slower still.
    pub(crate) slow_peer: u64,
    /// Where memory is looked at once more.
    pub(crate) many: u64,
    /// To be taken in from a file.
    pub(crate) roll: u64,
}

impl Sizes {
    pub(crate) const USUAL: Self =
        Self { readers: 20_000, late: 4_000, in_turn: 2_000, peer: 1_000, slow_peer: 400, many: 200_000, roll: 100_000 };

    /// Shows that everything works, and no more.
    pub(crate) const TINY: Self = Self { readers: 500, late: 200, in_turn: 100, peer: 50, slow_peer: 20, many: 1_000, roll: 1_000 };
}

/// Everything that the rounds share.
pub(crate) struct Measuring<'a> {
    args: &'a Args,
    sizes: Sizes,
    full: Newsroom,
    late: Newsroom,
    in_turn: Newsroom,
    peers: Peers,
    /// Octets of one of our messages.
    pub(crate) octets: usize,
    pub(crate) figures: Figures,
    /// Connections that we ever had open beyond the setting.
    over: u64,
}

impl<'a> Measuring<'a> {
    /// Makes the newsrooms and the peers' letter.
    pub(crate) fn prepare(args: &'a Args) -> Result<Self, Box<dyn Error>> {
        let sizes = args.sizes;
        let with = |readers| -> io::Result<Newsroom> {
            let newsroom = Newsroom::new(&args.masthead)?;
            newsroom.import(readers)?;
            Ok(newsroom)
        };
        let (full, late, in_turn) = (with(sizes.readers)?, with(sizes.late)?, with(sizes.in_turn)?);
        let octets = Bench::open(&full)?.letter(&full, &composing::letter_path(&full))?;
        Ok(Self { args, sizes, full, late, in_turn, peers: Peers::find(), octets, figures: Figures::default(), over: 0 })
    }

    /// One round. Whatever of ours fails is an error; a peer that fails is left out, loudly.
    pub(crate) fn round(&mut self) -> Done {
        self.plain()?;
        self.signed()?;
        self.late()?;
        self.in_turn()?;
        self.by_themselves()?;
        self.import("import", self.sizes.roll)?;
        self.figures.note("over", as_figure(self.over));
        self.figures.next_round();
        Ok(())
    }

    /// What is measured once, after the rounds.
    pub(crate) fn once(&mut self) -> Done {
        let many = Newsroom::new(&self.args.masthead)?;
        many.import(self.sizes.many)?;
        let run = self.ours("many", self.sizes.many, ready(&many, &Manner::prompt(), Setting::plain)?)?;
        self.figures.note("many.peak", run.spent.peak_mib);
        self.figures.note("over", as_figure(self.over));
        if self.args.has_million {
            self.import("million", 1_000_000)?;
        }
        Ok(())
    }

    fn plain(&mut self) -> Done {
        let size = self.sizes.readers;
        let prompt = Manner::prompt();
        let run = self.ours("plain", size, ready(&self.full, &prompt, Setting::plain)?)?;
        self.figures.note("plain.peak", run.spent.peak_mib);
        self.figures.note("plain.whole", run.spent.seconds);
        let octets = self.octets;
        self.yardstick("source", yardsticks::smtp_source(size, CONNECTIONS, octets, &prompt));
        let peers = self.sizes.peer;
        self.peer("nodemailer", Peers::nodemailer, peers, CONNECTIONS, false, &prompt);
        self.peer("smtplib", Peers::smtplib, peers, PROCESSES, false, &prompt);
        self.peer("lettre", Peers::lettre, peers, CONNECTIONS, false, &prompt);
        Ok(())
    }

    fn signed(&mut self) -> Done {
        let prompt = Manner::prompt();
        let setting = |port| Setting { is_signed: true, ..Setting::plain(port) };
        self.ours("signed", self.sizes.readers, ready(&self.full, &prompt, setting)?)?;
        match yardsticks::openssl(self.args.cores) {
            Ok(rate) => self.figures.note("openssl.rate", rate),
            Err(fault) => self.figures.skip(fault.to_string()),
        }
        self.peer("nodemailer.signed", Peers::nodemailer, self.sizes.peer, CONNECTIONS, true, &prompt);
        self.peer("smtplib.signed", Peers::smtplib, self.sizes.slow_peer, PROCESSES, true, &prompt);
        Ok(())
    }

    fn late(&mut self) -> Done {
        let manner = Manner::after(DELAY);
        self.ours("late", self.sizes.late, ready(&self.late, &manner, Setting::plain)?)?;
        let (octets, peer) = (self.octets, self.sizes.peer);
        self.yardstick("source.late", yardsticks::smtp_source(peer, CONNECTIONS, octets, &manner));
        self.peer("nodemailer.late", Peers::nodemailer, peer, CONNECTIONS, false, &manner);
        self.peer("lettre.late", Peers::lettre, self.sizes.slow_peer, CONNECTIONS, false, &manner);
        Ok(())
    }

    fn in_turn(&mut self) -> Done {
        let manner = Manner::after(DELAY).without_pipelining();
        let setting = |port| Setting { connections: MORE_CONNECTIONS, ..Setting::plain(port) };
        self.ours("turn", self.sizes.in_turn, ready(&self.in_turn, &manner, setting)?)?;
        let (octets, peer) = (self.octets, self.sizes.peer);
        self.yardstick("source.turn", yardsticks::smtp_source(peer, MORE_CONNECTIONS, octets, &manner));
        Ok(())
    }

    /// Composing and signing with nothing around them.
    fn by_themselves(&mut self) -> Done {
        say("composing");
        let bench = Bench::open(&self.full)?;
        let plain = bench.seconds(&self.full, false)?;
        let signed = bench.seconds(&self.full, true)?;
        self.figures.note("compose", plain * 1e6);
        self.figures.note("sign", signed * 1e6);
        Ok(())
    }

    fn import(&mut self, name: &str, readers: u64) -> Done {
        say(&format!("{name}: {readers} readers from a file"));
        let empty = Newsroom::new(&self.args.masthead)?;
        let spent = empty.import(readers)?;
        self.figures.note(format!("{name}.seconds"), spent.seconds);
        self.figures.note(format!("{name}.peak"), spent.peak_mib);
        match yardsticks::sqlite(&empty.roll(), empty.root()) {
            Ok(seconds) => self.figures.note(format!("sqlite.{name}"), seconds),
            Err(fault) => self.figures.skip(fault.to_string()),
        }
        Ok(())
    }

    /// Sends, and makes sure that everybody got it once and that it was said as SMTP wants it.
    fn ours(&mut self, name: &str, readers: u64, ready: Ready) -> Result<Run, Box<dyn Error>> {
        say(&format!("{name}: Masthead to {readers} readers"));
        let Ready { sink, newsroom, connections } = ready;
        let run = ended(newsroom.run(["send", ISSUE, "--now", "--json"].map(AsRef::as_ref)), sink)?;
        let came = &run.came;
        if (came.messages, came.readers, came.disorder, came.haste) != (readers, readers, 0, 0) {
            return Err(format!("{name}: {readers} readers were to get one message each, and this came: {came:?}").into());
        }
        self.over = self.over.max(came.most_connections.saturating_sub(connections));
        self.figures.note(format!("{name}.rate"), run.rate());
        self.figures.note(format!("{name}.cpu"), run.cpu());
        self.figures.note(format!("{name}.sink"), run.sink_time());
        Ok(run)
    }

    fn yardstick(&mut self, name: &str, run: io::Result<Run>) {
        match run {
            Ok(run) => {
                self.figures.note(format!("{name}.rate"), run.rate());
                self.figures.note(format!("{name}.cpu"), run.cpu());
            }
            Err(fault) => self.figures.skip(fault.to_string()),
        }
    }

    fn peer(
        &mut self,
        name: &str,
        send: impl FnOnce(&Peers, &Errand<'_>, &Manner) -> io::Result<Run>,
        readers: u64,
        connections: u64,
        is_signed: bool,
        manner: &Manner,
    ) {
        if !self.args.has_peers {
            return;
        }
        say(&format!("{name}: to {readers} readers"));
        let (letter, roll, key) = (composing::letter_path(&self.full), self.full.roll(), self.full.key());
        let key = is_signed.then_some(key.as_path());
        let errand = Errand { letter: &letter, roll: &roll, readers, connections, key };
        let run = send(&self.peers, &errand, manner);
        if let Ok(run) = &run {
            self.figures.note(format!("{name}.peak"), run.spent.peak_mib);
            self.figures.note(format!("{name}.over"), as_figure(run.came.most_connections.saturating_sub(connections)));
        }
        self.yardstick(name, run.map_err(|fault| io::Error::new(fault.kind(), format!("{name}: {fault}"))));
    }
}

/// A newsroom of its own for one run, and whoever takes its mail.
struct Ready {
    sink: Sink,
    newsroom: Newsroom,
    connections: u64,
}

fn ready(newsroom: &Newsroom, manner: &Manner, setting: impl FnOnce(u16) -> Setting) -> io::Result<Ready> {
    let sink = Sink::start(manner)?;
    let setting = setting(sink.port());
    Ok(Ready { sink, newsroom: newsroom.copy(setting)?, connections: setting.connections })
}

#[allow(clippy::cast_precision_loss, reason = "connections are few")]
fn as_figure(count: u64) -> f64 {
    count as f64
}

/// Tells whoever waits where we are.
fn say(what: &str) {
    eprintln!("  {what}");
}
