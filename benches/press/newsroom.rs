//! A throw-away newsroom on disk with an issue and many readers, of which every run gets a fresh copy.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use data_encoding::BASE64;
use tempfile::TempDir;

use crate::child::{self, Spent};

/// The one issue.
pub(crate) const ISSUE: &str = "2026-11";

const TEXT: &str = include_str!("issue.md");

/// A foot that names the reader in both parts, as many newsletters do and as the peers' letter does too.
const TEMPLATES: [(&str, &str); 2] = [
    (
        "footer.html.hbs",
        "<tr><td class=\"footer\">\n<p>This copy is for {{{reader.name}}}, {{{reader.address}}}, who reads {{{reader.list}}}.</p>\n\
         <p><a href=\"{{{reader.unsubscribe_url}}}\">Unsubscribe</a> &middot; \
         <a href=\"{{{reader.preferences_url}}}\">Change your preferences</a></p>\n\
         <p>{{publication.name}}, {{publication.postal_address}}</p>\n</td></tr>\n",
    ),
    (
        "footer.txt.hbs",
        "------------------------------------------------------------------------\n\
         This copy is for {{{reader.name}}}, {{{reader.address}}}.\n\
         List:        {{{reader.list}}}\nUnsubscribe: {{{reader.unsubscribe_url}}}\nPreferences: {{{reader.preferences_url}}}\n\n\
         {{publication.name}}\n{{publication.postal_address}}\n",
    ),
];

/// Most connections that the relay is given; one of the promises is that there are never more.
pub(crate) const CONNECTIONS: u64 = 16;

const FORENAMES: [&str; 8] = ["Ada", "Zoë", "Kwame", "Małgorzata", "Ines", "Þóra", "Tobias", "Nguyệt"];
const SURNAMES: [&str; 8] = ["Fenwick", "Åkerlund", "Okonkwo", "Brandt", "Castellanos", "Meadowcroft", "Çelik", "Quince"];

/// A newsroom in a folder of its own, which goes away with it.
pub(crate) struct Newsroom {
    folder: TempDir,
    program: PathBuf,
}

/// What differs from run to run.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) port: u16,
    pub(crate) connections: u64,
    pub(crate) is_signed: bool,
}

impl Setting {
    /// The usual number of connections, unsigned, to a relay at this port.
    pub(crate) fn plain(port: u16) -> Self {
        Self { port, connections: CONNECTIONS, is_signed: false }
    }
}

impl Newsroom {
    /// An issue, a key, and nobody yet.
    pub(crate) fn new(program: &Path) -> io::Result<Self> {
        let newsroom = Self { folder: folder()?, program: program.to_owned() };
        for below in ["config", "issues", "data", "secrets", "home", "templates", "templates/partials"] {
            fs::create_dir(newsroom.root().join(below))?;
        }
        fs::write(newsroom.root().join(format!("issues/{ISSUE}.md")), TEXT)?;
        for (name, text) in TEMPLATES {
            fs::write(newsroom.root().join("templates/partials").join(name), text)?;
        }
        fs::write(newsroom.key(), private_key()?)?;
        fs::set_permissions(newsroom.key(), std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        newsroom.set(Setting::plain(25))?;
        Ok(newsroom)
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The private key that signs, in PEM form.
    pub(crate) fn key(&self) -> PathBuf {
        self.root().join("secrets/dkim.pem")
    }

    pub(crate) fn roll(&self) -> PathBuf {
        self.root().join("readers.csv")
    }

    /// Takes in this many readers, by file.
    pub(crate) fn import(&self, readers: u64) -> io::Result<Spent> {
        write_roll(&self.roll(), readers)?;
        let spent = self.run(["subscribers".as_ref(), "import".as_ref(), self.roll().as_os_str(), "--json".as_ref()])?;
        let told: serde_json::Value = serde_json::from_str(&spent.output)?;
        if told["entered"] != readers {
            return Err(io::Error::other(format!("{readers} readers were imported, and of these entered: {}", told["entered"])));
        }
        Ok(spent)
    }

    /// The same, for a run that changes it.
    pub(crate) fn copy(&self, setting: Setting) -> io::Result<Self> {
        let copy = Self { folder: folder()?, program: self.program.clone() };
        copy_below(self.root(), copy.root())?;
        copy.set(setting)?;
        Ok(copy)
    }

    /// Runs the binary in it.
    pub(crate) fn run<const N: usize>(&self, words: [&OsStr; N]) -> io::Result<Spent> {
        let mut command = Command::new(&self.program);
        command.arg("-C").arg(self.root()).args(words).current_dir(self.root());
        command.env_clear().env("HOME", self.root().join("home"));
        child::run(&mut command)
    }

    pub(crate) fn set(&self, setting: Setting) -> io::Result<()> {
        let Setting { port, connections, is_signed } = setting;
        let mut text = format!(
            r#"[publication]
name = "Spring Notes"
tagline = "Wells and water below the Marrow Hills"
from = "Spring Notes <notes@news.example.org>"
reply_to = "editor@news.example.org"
base_url = "https://news.example.org"
time_zone = "UTC"
postal_address = "Marrow Hills Water Office, 3 Kiln Row, Lower Wend"

[store]
url = "sqlite:data/masthead.db"

[[list]]
id = "general"
name = "Spring Notes"
description = "Wells and water below the Marrow Hills, every second month"

[[relay]]
name = "sink"
url = "smtp://127.0.0.1:{port}?tls=none"
connections = {connections}
messages_per_connection = 1000000
"#
        );
        if is_signed {
            text.push_str("\n[dkim]\ndomain = \"news.example.org\"\nselector = \"press\"\nkey_file = \"secrets/dkim.pem\"\n");
        }
        fs::write(self.root().join("config/masthead.toml"), text)
    }
}

/// Below the target folder and not in the system's, which may be memory: the ledger shall lie on a disk.
fn folder() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("press-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))
}

/// What is copied is on the disk before the run begins, so that writing it is no part of the run.
fn copy_below(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy_below(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            File::open(&target)?.sync_all()?;
        }
    }
    Ok(())
}

/// Readers at some hundred domains that belong to nobody, with names of some length and some alphabets.
fn write_roll(path: &Path, readers: u64) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "email,name,status")?;
    for number in 0..readers {
        let (forename, surname) = (of(&FORENAMES, number), of(&SURNAMES, number / 8));
        let ending = of(&["org", "net", "com"], number / 7);
        writeln!(file, "reader{number:07}@ward{:03}.example.{ending},{forename} {surname} {number},confirmed", number % 101)?;
    }
    file.flush()
}

fn of<'a>(words: &[&'a str], number: u64) -> &'a str {
    words[usize::try_from(number).unwrap_or_default() % words.len()]
}

/// A fresh RSA key of 2048 bits in PEM form.
fn private_key() -> io::Result<String> {
    let wrong = |_| io::Error::other("no key could be made");
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(wrong)?;
    let der: Pkcs8V1Der<'static> = key.as_der().map_err(wrong)?;
    let text = BASE64.encode(der.as_ref());
    let mut pem = "-----BEGIN PRIVATE KEY-----\n".to_owned();
    for at in (0..text.len()).step_by(64) {
        let _ = writeln!(pem, "{}", &text[at..text.len().min(at + 64)]);
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Ok(pem)
}
