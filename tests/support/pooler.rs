//! pgbouncer before a server of the tests' own, for as long as a story wants it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::postgres::{Database, give_away, is_root};

/// Where Debian puts it.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A pooler at work.
pub struct Pooler {
    folder: TempDir,
    process: Child,
}

impl Pooler {
    /// One that lends what the server of this database has, in this `pool_mode`; `None` where there is none, which is said loudly,
    /// and fails where everything is required.
    pub fn before(database: &Database, mode: &str) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            let _ = writeln!(std::io::stderr(), "SKIPPED: pgbouncer: no {PROGRAM}; run tests/oracles/install.sh");
            let is_required = std::env::var("MASTHEAD_TEST_REQUIRE").as_deref() == Ok("all");
            assert!(!is_required, "pgbouncer is required and was skipped");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder of our own");
        let (own, server) = (folder.path().display(), database.socket().display());
        let settings = format!(
            "[databases]\n* = host={server} port=5432 user=masthead\n\n[pgbouncer]\npool_mode = {mode}\nunix_socket_dir = {own}\n\
             listen_port = 5432\nauth_type = any\nlogfile = {own}/log\npidfile = {own}/pid\n"
        );
        fs::write(folder.path().join("settings"), settings).expect("settings");
        let mut command = if is_root() {
            give_away(folder.path()).expect("a folder of the server's");
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", PROGRAM]);
            command
        } else {
            Command::new(PROGRAM)
        };
        let process = command.arg("-q").arg(folder.path().join("settings")).spawn().expect("it starts");
        Some(Self { folder, process }.listening())
    }

    fn listening(self) -> Self {
        let deadline = Instant::now() + PATIENCE;
        while std::os::unix::net::UnixStream::connect(self.folder.path().join(".s.PGSQL.5432")).is_err() {
            assert!(Instant::now() < deadline, "it listens");
            std::thread::park_timeout(Duration::from_millis(20));
        }
        self
    }

    /// The address of a database beyond it, of which the direct address is known.
    pub fn url(&self, direct: &str) -> String {
        let (user, rest) = direct.split_once('@').expect("a user");
        let (_, database) = rest.rsplit_once('/').expect("a database");
        format!("{user}@{}/{database}", self.folder.path().display().to_string().replace('/', "%2F"))
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
