//! A PostgreSQL of the machine's own making, which lives as long as the tests do and hands out empty databases.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio_postgres::NoTls;

/// Where Debian puts the server's programs, below a folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes the cluster, serves it on a socket in its own folder, and ends when nobody holds the other end of its input.
/// The server refuses to run as root, so it runs as whoever owns the folder.
const SERVE: &str = r#"
    cd "$1" || exit 1
    initdb -D data -A trust -U masthead -E UTF8 --locale=C.UTF-8 --no-sync >log 2>&1 || { cat log >&2; exit 1; }
    postgres -D data -c listen_addresses='' -c unix_socket_directories="$1" -c max_connections=200 -c fsync="$2" $3 >>log 2>&1 &
    read -r _
    kill -INT $!
    wait
    cd / && rm -rf "$1"
"#;

static SKIPPED: AtomicUsize = AtomicUsize::new(0);
static NUMBER: AtomicUsize = AtomicUsize::new(0);
static SHARED: LazyLock<Result<Cluster, String>> = LazyLock::new(|| Cluster::start(false, None));

/// A server of one's own.
pub struct Cluster {
    folder: TempDir,
    port: u16,
    process: Child,
    /// The server ends when this is closed.
    _life: Option<ChildStdin>,
}

/// An empty database, gone with its value.
pub struct Database {
    name: String,
    socket: PathBuf,
    port: u16,
}

/// An empty database on the server that all tests of this process share; `None` where there is no PostgreSQL, which is said
/// loudly, and fails where everything is required.
pub fn empty() -> Option<Database> {
    match SHARED.as_ref() {
        Ok(cluster) => Some(cluster.database()),
        Err(why) => {
            skip(why);
            None
        }
    }
}

/// A server of one's own, to be stopped and killed; `durable` if what it answers is to survive the machine's end.
pub fn cluster(durable: bool) -> Option<Cluster> {
    Cluster::start(durable, None).map_err(|why| skip(&why)).ok()
}

/// A server that is also at a port of 127.0.0.1, under TLS with this certificate and its key, both in PEM form.
pub fn secured(certificate: &str, key: &str) -> Option<Cluster> {
    Cluster::start(false, Some((certificate, key))).map_err(|why| skip(&why)).ok()
}

fn skip(why: &str) {
    let number = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    // Straight to the stream: the test harness would swallow what a macro prints.
    let _ = writeln!(std::io::stderr(), "SKIPPED: PostgreSQL: {why} (skip {number} of this run)");
    assert!(env::var("MASTHEAD_TEST_REQUIRE").as_deref() != Ok("all"), "PostgreSQL is required and was skipped: {why}");
}

impl Cluster {
    fn start(durable: bool, pair: Option<(&str, &str)>) -> Result<Self, String> {
        let programs = programs().ok_or("no initdb and postgres on the PATH or in /usr/lib/postgresql; run tests/oracles/install.sh")?;
        let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
        let (port, network) = match pair {
            Some(pair) => network(folder.path(), pair)?,
            None => (5432, String::new()),
        };
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(std::iter::once(programs).chain(env::split_paths(&path))).map_err(|fault| fault.to_string())?;
        let mut command = if is_root() {
            give_away(folder.path())?;
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        command.args(["-c", SERVE, "sh"]).arg(folder.path()).arg(if durable { "on" } else { "off" }).arg(network);
        let mut process = command.env("PATH", path).stdin(Stdio::piped()).spawn().map_err(|fault| fault.to_string())?;
        let life = process.stdin.take();
        let cluster = Self { folder, port, process, _life: life };
        cluster.answering()
    }

    /// The same, once it lets somebody in.
    fn answering(mut self) -> Result<Self, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.tell("postgres", "SELECT 1") {
                Ok(()) => return Ok(self),
                Err(fault) if Instant::now() > deadline => return Err(format!("the server does not answer: {fault}")),
                Err(_) => {}
            }
            if let Ok(Some(end)) = self.process.try_wait() {
                return Err(format!("the server has ended: {end}"));
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// An empty database.
    pub fn database(&self) -> Database {
        let name = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.tell("postgres", &format!("CREATE DATABASE {name}")).expect("a new database");
        Database { name, socket: self.folder.path().to_owned(), port: self.port }
    }

    /// The port of 127.0.0.1 where it is, if it is at one.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with its socket.
    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a statement in one of its databases, past all stores.
    pub fn tell(&self, database: &str, sql: &str) -> Result<(), String> {
        tell(self.folder.path(), self.port, database, sql).map(drop)
    }
}

impl Database {
    /// The folder with its server's socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Where it is, as settings name it.
    pub fn url(&self) -> String {
        let socket: String = self.socket.display().to_string().replace('/', "%2F");
        format!("postgres://masthead@{socket}/{}", self.name)
    }

    /// Runs a statement in it, past the store.
    pub fn tell(&self, sql: &str) {
        tell(&self.socket, self.port, &self.name, sql).expect("a statement of the test's own");
    }

    /// What a statement finds, each row as texts.
    pub fn ask(&self, sql: &str) -> Vec<Vec<String>> {
        tell(&self.socket, self.port, &self.name, sql).expect("a question of the test's own")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = tell(&self.socket, self.port, "postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// A conversation in a thread of its own, so that it may be had inside of a runtime and outside.
fn tell(socket: &Path, port: u16, database: &str, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let (socket, database, sql) = (socket.to_owned(), database.to_owned(), sql.to_owned());
    let talk = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|fault| fault.to_string())?;
        runtime.block_on(async {
            let connecting =
                tokio_postgres::Config::new().host_path(&socket).port(port).user("masthead").dbname(&database).connect(NoTls).await;
            let (client, connection) = connecting.map_err(|fault| fault.to_string())?;
            let driver = tokio::spawn(connection);
            let said = client.simple_query(&sql).await.map_err(|fault| format!("{fault}: {:?}", fault.as_db_error()))?;
            drop(client);
            let _ = driver.await;
            Ok(said
                .iter()
                .filter_map(|message| if let tokio_postgres::SimpleQueryMessage::Row(row) = message { Some(row) } else { None })
                .map(|row| (0..row.len()).map(|column| row.get(column).unwrap_or_default().to_owned()).collect())
                .collect())
        })
    };
    std::thread::spawn(talk).join().map_err(|_| "the conversation broke down".to_owned())?
}

/// The folder with the server's programs: the newest of Debian's, or that of the PATH.
fn programs() -> Option<PathBuf> {
    let holds = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let mut versions: Vec<PathBuf> = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    let path = env::var_os("PATH").unwrap_or_default();
    versions.into_iter().rev().chain(env::split_paths(&path)).find(holds)
}

/// What has it listen at a free port, and the port.
fn network(folder: &Path, (certificate, key): (&str, &str)) -> Result<(u16, String), String> {
    let [certificate_file, key_file] = ["server.pem", "server.key"].map(|name| folder.join(name));
    for (path, text) in [(&certificate_file, certificate), (&key_file, key)] {
        fs::write(path, text).map_err(|fault| fault.to_string())?;
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(|fault| fault.to_string())?;
    }
    let free =
        std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).map_err(|fault| fault.to_string())?;
    let files = format!("-c ssl_cert_file={} -c ssl_key_file={}", certificate_file.display(), key_file.display());
    Ok((free.port(), format!("-c listen_addresses=127.0.0.1 -c port={} -c ssl=on {files}", free.port())))
}

/// Whether we are root, as whom neither the server nor a pooler runs.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// Gives a folder to the one whom Debian's package has made for the server.
pub fn give_away(folder: &Path) -> Result<(), String> {
    let end = Command::new("chown").args(["-R", "postgres:"]).arg(folder).status().map_err(|fault| fault.to_string())?;
    if end.success() { Ok(()) } else { Err("nobody is called `postgres` here, and the server refuses to run as root".to_owned()) }
}
