//! A throw-away newsroom on disk, and the real binary to work in it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub use super::running::{Running, Told};
use super::sink::Sink;

/// The issue that most stories send: combined, numbered, with a report to fetch and four related items.
pub const ISSUE: &str = include_str!("fixture/2014-12.md");

/// The issue after it, which points back to it.
pub const NEXT_ISSUE: &str = include_str!("fixture/2015-02.md");

/// The issues that [`ISSUE`] names.
const BACK_ISSUES: [(&str, &str); 4] = [
    ("2014-04.md", include_str!("fixture/back/2014-04.md")),
    ("2014-06.md", include_str!("fixture/back/2014-06.md")),
    ("2014-09.md", include_str!("fixture/back/2014-09.md")),
    ("2014-10.md", include_str!("fixture/back/2014-10.md")),
];

const PUBLICATION: &str = r#"
[publication]
name = "Lantern Street Letter"
tagline = "News for those who read with children"
from = "Lantern Street Letter <letter@news.example.org>"
reply_to = "editor@news.example.org"
base_url = "https://news.example.org"
time_zone = "America/New_York"
postal_address = "Lantern Street Library, 9 Lantern Street, Harrow Bridge"

[store]
url = "sqlite:data/masthead.db"
"#;

/// A newsroom in a folder of its own, which goes away with it. Say what it has, then [`Newsroom::build`] it.
pub struct Newsroom {
    folder: TempDir,
    list: String,
    relay: String,
    relay_settings: String,
    tables: String,
    roll: String,
    has_back_issues: bool,
    environment: Vec<(String, String)>,
}

impl Newsroom {
    /// A newsroom without issues and readers, whose mail goes into a folder.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder of our own");
        for below in ["config", "issues", "templates", "data", "home"] {
            fs::create_dir(folder.path().join(below)).expect("a folder in it");
        }
        Self {
            folder,
            list: "The Letter".to_owned(),
            relay: "folder:outbox".to_owned(),
            relay_settings: String::new(),
            tables: String::new(),
            roll: String::new(),
            has_back_issues: false,
            environment: Vec::new(),
        }
    }

    /// With the fixture issue, its back issues, this many readers, and a relay.
    pub fn ready(readers: usize, sink: &Sink) -> Self {
        Self::new().issue("2014-12", ISSUE).back_issues().subscribers(readers).relay(sink).build()
    }

    /// As [`Newsroom::ready`] with three readers, and beside them one who has only asked and one who has left.
    pub fn of_every_standing(sink: &Sink) -> Self {
        let newsroom = Self::new().issue("2014-12", ISSUE).back_issues().subscribers(3);
        let newsroom = newsroom.subscriber("asked@example.org", "Asked", "pending");
        newsroom.subscriber("left@example.org", "Left", "ended").relay(sink).build()
    }

    /// The sample newsroom as the demo unpacks it, with its archive and readers, ready to send its issue.
    pub fn sample() -> Self {
        let newsroom = Self::new().with_known_key();
        masthead::desk::demo::unpack(newsroom.root()).expect("the sample newsroom");
        newsroom.run(["archive", "import", &newsroom.shown("issues/back")]).ok();
        newsroom.run(["subscribers", "import", &newsroom.shown("config/subscribers.csv")]).ok();
        newsroom
    }

    /// Drops an issue into the folder.
    pub fn issue(self, id: &str, text: &str) -> Self {
        self.write(&format!("issues/{id}.md"), text);
        self
    }

    /// Has the four issues that the fixture issue names in its archive.
    pub fn back_issues(mut self) -> Self {
        self.has_back_issues = true;
        self
    }

    /// Has this many confirmed readers: `reader0001@example.org` and so on.
    pub fn subscribers(mut self, count: usize) -> Self {
        for number in 1..=count {
            let _ = writeln!(self.roll, "reader{number:04}@example.org,Reader {number:04},confirmed");
        }
        self
    }

    /// Has this many confirmed readers at another domain: `far001@` it, and so on.
    pub fn subscribers_at(self, domain: &str, count: usize) -> Self {
        (1..=count).fold(self, |newsroom, number| newsroom.subscriber(&format!("far{number:03}@{domain}"), "Far", "confirmed"))
    }

    /// Has one more reader, with this standing.
    pub fn subscriber(mut self, address: &str, name: &str, standing: &str) -> Self {
        let _ = writeln!(self.roll, "{address},\"{}\",{standing}", name.replace('"', "\"\""));
        self
    }

    /// Hands its mail to a sink.
    pub fn relay(mut self, sink: &Sink) -> Self {
        self.relay = format!("smtp://127.0.0.1:{}?tls=none", sink.port());
        self
    }

    /// Hands its mail to this place.
    pub fn relay_at(mut self, url: &str) -> Self {
        url.clone_into(&mut self.relay);
        self
    }

    /// A further line of the relay's table, such as `connections = 1`.
    pub fn relay_setting(mut self, line: &str) -> Self {
        let _ = writeln!(self.relay_settings, "{line}");
        self
    }

    /// Calls its list so.
    pub fn list_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.list);
        self
    }

    /// A further table of the configuration, as it is typed.
    pub fn table(mut self, text: &str) -> Self {
        let _ = writeln!(self.tables, "{text}\n");
        self
    }

    /// A variable of the binary's environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A template or style of its own.
    pub fn template(self, path: &str, text: &str) -> Self {
        self.write(&format!("templates/{path}"), text);
        self
    }

    /// Signs its links with a key that is always the same, so that its messages are.
    pub fn with_known_key(self) -> Self {
        self.write("data/token.key", &"0123456789abcdef".repeat(4));
        close_to_others(&self.path("data/token.key"));
        self
    }

    /// Writes the configuration, and nothing else: for a newsroom whose settings change.
    pub fn configured(self) -> Self {
        let settings = format!(
            "{PUBLICATION}\n{}\n[[list]]\nid = \"general\"\nname = {}\n\n[[relay]]\nname = \"main\"\nurl = \"{}\"\n{}",
            self.tables,
            Value::from(self.list.as_str()),
            self.relay,
            self.relay_settings
        );
        self.write("config/masthead.toml", &settings);
        self
    }

    /// Writes the configuration and brings in the back issues and readers, as an operator would.
    pub fn build(self) -> Self {
        let newsroom = self.configured();
        newsroom.stock();
        newsroom
    }

    fn stock(&self) {
        if self.has_back_issues {
            for (name, text) in BACK_ISSUES {
                self.write(&format!("back/{name}"), text);
            }
            self.run(["archive", "import", &self.shown("back")]).ok();
        }
        if !self.roll.is_empty() {
            self.write("roll.csv", &format!("email,name,status\n{}", self.roll));
            self.run(["subscribers", "import", &self.shown("roll.csv")]).ok();
        }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path below its folder.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root().join(below)
    }

    /// The same as a text, for an argument.
    pub fn shown(&self, below: &str) -> String {
        self.path(below).display().to_string()
    }

    /// Writes a file of it, folders included.
    pub fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("a path below the newsroom")).expect("its folder");
        fs::write(path, text).expect("its file");
    }

    /// The binary with these arguments, in this newsroom and in an environment that has nothing else in it.
    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = binary(self.root());
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).arg("-C").arg(self.root()).args(arguments);
        command
    }

    /// Runs it to its end.
    pub fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Told {
        Told::of(&mut self.command(arguments))
    }

    /// Starts it, for a story that breaks into its work.
    pub fn start<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Running {
        Running::of(&mut self.command(arguments))
    }

    /// The ledger of an issue as `deliveries --json` tells it: one object a line.
    pub fn deliveries(&self, issue: &str) -> Vec<Value> {
        self.run(["deliveries", issue, "--json"]).ok().lines()
    }

    /// One line of it.
    pub fn delivery(&self, issue: &str, address: &str) -> Value {
        self.deliveries(issue).into_iter().find(|line| line["address"] == address).expect("a line for this reader")
    }

    /// How many of its lines have this fate.
    pub fn count(&self, issue: &str, fate: &str) -> usize {
        self.run(["deliveries", issue, "--fate", fate, "--json"]).ok().lines().len()
    }
}

/// The binary in a folder, with nothing in its environment but a home and a place for what is thrown away.
pub fn binary(folder: &Path) -> Command {
    // Another build of it may be tried: one that is as fast as readers get it.
    let program = std::env::var_os("MASTHEAD_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_masthead").into());
    let mut command = Command::new(program);
    command.env_clear().env("HOME", folder.join("home")).env("TMPDIR", folder).current_dir(folder).stdin(Stdio::null());
    // No story asks anybody outside this machine; one about links says so itself.
    command.env("MASTHEAD_LINKS__CHECK", "off");
    command
}

/// Takes a file away from all but its owner.
pub fn close_to_others(path: &Path) {
    set_mode(path, 0o600);
}

/// Sets who may read a file.
pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its owner may say who reads it");
}
