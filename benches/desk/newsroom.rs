//! A throw-away newsroom with a long archive, and the binary at work in it.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than anything takes.
const AMPLE: Duration = Duration::from_mins(2);

/// Words that articles are made of: enough that no two articles are alike.
const WORDS: [&str; 24] = [
    "lamp",
    "reader",
    "shelter",
    "library",
    "county",
    "winter",
    "volunteer",
    "story",
    "shelf",
    "family",
    "evening",
    "guide",
    "river",
    "well",
    "water",
    "report",
    "meeting",
    "school",
    "garden",
    "bridge",
    "harvest",
    "teacher",
    "letter",
    "window",
];

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A newsroom in a folder of its own.
pub(super) struct Newsroom {
    folder: TempDir,
    pub(super) imported: Duration,
}

impl Newsroom {
    /// One with so many issues in its archive, one reader, one editor, and a folder for its mail.
    pub(super) fn with_archive(issues: usize) -> Outcome<Self> {
        Self::with(issues, "", |title, _| issue(title, 3))
    }

    /// The same with further settings, and with issues of whatever is made of their title and number.
    pub(super) fn with(issues: usize, settings: &str, text: impl Fn(&str, usize) -> String) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("desk").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let mut newsroom = Self { folder, imported: Duration::ZERO };
        newsroom.write("config/masthead.toml", &format!("{SETTINGS}\n{settings}"))?;
        newsroom.write("readers.csv", "email,status\nreader@example.org,confirmed\n")?;
        for number in 0..issues {
            let (year, month) = (2014 + number / 12, 1 + number % 12);
            let title = format!("{} and {} in issue {number}", word(number), word(number / 24));
            newsroom.write(&format!("back/{year}-{month:02}.md"), &text(&title, number))?;
        }
        let start = Instant::now();
        newsroom.run(&["archive", "import", "back"])?;
        newsroom.imported = start.elapsed();
        newsroom.run(&["subscribers", "import", "readers.csv", "--list", "general"])?;
        Ok(newsroom)
    }

    pub(super) fn write(&self, below: &str, text: &str) -> Outcome<()> {
        let path = self.folder.path().join(below);
        fs::create_dir_all(path.parent().ok_or("a path below the newsroom")?)?;
        Ok(fs::write(path, text)?)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_masthead"));
        command.current_dir(self.folder.path()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome<()> {
        let told = self.command(arguments).stderr(Stdio::piped()).output()?;
        if told.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&told.stderr).into()) }
    }

    /// Starts the binary.
    pub(super) fn start(&self, arguments: &[&str]) -> Outcome<Process> {
        Ok(Process(self.command(arguments).spawn()?))
    }

    /// Waits until so many letters lie in the outbox.
    pub(super) fn wait_for_letters(&self, count: usize) -> Outcome<()> {
        let start = Instant::now();
        while fs::read_dir(self.folder.path().join("outbox")).map_or(0, Iterator::count) < count {
            if start.elapsed() > AMPLE {
                return Err(format!("there are no {count} letters").into());
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        Ok(())
    }
}

const SETTINGS: &str = r#"
[publication]
name = "The Bench"
from = "The Bench <bench@news.example.org>"
base_url = "https://news.example.org"
time_zone = "UTC"
postal_address = "1 Bench Lane"

[schedule]
cron = "first-monday 09:00"

[approval]
editors = ["editor@example.org"]

[links]
check = "off"

[store]
url = "sqlite:data/masthead.db"

[[list]]
id = "general"
name = "General"

[[relay]]
name = "main"
url = "folder:outbox"
"#;

/// An issue with so many further paragraphs, each with a link.
pub(super) fn issue(title: &str, paragraphs: usize) -> String {
    let seed: usize = title.bytes().map(usize::from).sum();
    let mut text = format!("---\ntitle: {title}\npreheader: What {} has to do with it.\nstatus: ready\n---\n# {title}\n\n", word(seed));
    for paragraph in 0..paragraphs {
        let sentence: Vec<&str> = (0..40).map(|at| word(seed + paragraph * 7 + at * (paragraph % 5 + 1))).collect();
        let _ = writeln!(text, "The {} of [the {} number {paragraph}](https://example.org/{paragraph}).\n", sentence.join(" "), word(seed));
    }
    text
}

fn word(number: usize) -> &'static str {
    WORDS[number % WORDS.len()]
}

/// The binary at work; it ends with this.
pub(super) struct Process(Child);

impl Process {
    /// The first line of its answer.
    pub(super) fn first_line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().ok_or("an answer")?).read_line(&mut line)?;
        Ok(line)
    }

    /// Processor time so far, in hundredths of a second.
    pub(super) fn ticks(&self) -> Outcome<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let field = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        Ok(field(11) + field(12))
    }

    /// What it has in memory, in octets.
    pub(super) fn resident(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("a size")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
