//! A Postfix of the machine's own making, with a folder, a port, certificates and a password of the story's.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use data_encoding::BASE64;
use tempfile::TempDir;

use super::newsroom::set_mode;
use super::sink::{Authority, Sink};

const POSTFIX: &str = "/usr/sbin/postfix";

/// Only what takes a message in and hands it on; nothing in a chroot, since the folder has no system in it.
const SERVICES: &str = "
cleanup   unix  n  -  n  -      0  cleanup
qmgr      unix  n  -  n  300    1  qmgr
tlsmgr    unix  -  -  n  1000?  1  tlsmgr
rewrite   unix  -  -  n  -      -  trivial-rewrite
bounce    unix  -  -  n  -      0  bounce
defer     unix  -  -  n  -      0  bounce
trace     unix  -  -  n  -      0  bounce
flush     unix  n  -  n  1000?  0  flush
proxymap  unix  -  -  n  -      -  proxymap
smtp      unix  -  -  n  -      -  smtp
error     unix  -  -  n  -      -  error
retry     unix  -  -  n  -      -  error
discard   unix  -  -  n  -      -  discard
anvil     unix  -  -  n  -      1  anvil
scache    unix  -  -  n  -      1  scache
postlog   unix-dgram n - n -    1  postlogd
";

/// A Postfix that takes mail under STARTTLS from who knows the password, changes nothing, and hands it to a sink.
pub struct Postfix {
    folder: TempDir,
    port: u16,
    authority: Authority,
}

impl Postfix {
    /// Starts it, or says why this machine cannot.
    pub fn start(sink: &Sink, name: &str, password: &str) -> Result<Self, String> {
        if !Path::new(POSTFIX).is_file() {
            return Err(format!("no {POSTFIX}; run tests/oracles/install.sh"));
        }
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        // Its daemons run as somebody else.
        set_mode(folder.path(), 0o755);
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("the port just bound").port();
        let postfix = Self { folder, port, authority: Authority::new() };
        postfix.write(sink);
        ask_in(&postfix.folder.path().join("auth.sock"), name, password);
        drop(listener);
        postfix.command("start")?;
        Ok(postfix)
    }

    fn write(&self, sink: &Sink) {
        let folder = self.folder.path();
        let key = folder.join("server.pem");
        fs::write(&key, self.authority.server_pem()).expect("its key");
        set_mode(&key, 0o600);
        fs::create_dir(folder.join("queue")).expect("its queue");
        fs::write(folder.join("main.cf"), settings(folder, sink.port())).expect("its settings");
        fs::write(folder.join("master.cf"), format!("127.0.0.1:{} inet n - n - - smtpd{SERVICES}", self.port)).expect("its services");
    }

    /// Has the machine's `postfix` do something with this instance.
    fn command(&self, deed: &str) -> Result<(), String> {
        let folder = self.folder.path();
        let owned = Command::new("install").args(["-d", "-o", "postfix"]).arg(folder.join("state")).stderr(Stdio::null()).status();
        if !owned.is_ok_and(|status| status.success()) {
            return Err("only root may start it here".to_owned());
        }
        let output = Command::new(POSTFIX).arg("-c").arg(folder).arg(deed).output().map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("`postfix {deed}`: {}{}", String::from_utf8_lossy(&output.stderr).trim(), self.log()))
    }

    /// What it wrote about its work.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("mail.log")).unwrap_or_default()
    }

    /// Where it takes mail.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that vouches for it, as PEM.
    pub fn ca_pem(&self) -> &str {
        self.authority.pem()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // It may never have started.
        let _ = self.command("stop");
    }
}

fn settings(folder: &Path, next: u16) -> String {
    let folder = folder.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/state
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.org
mydestination =
mynetworks =
alias_maps =
relayhost = [127.0.0.1]:{next}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_chain_files = {folder}/server.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth.sock
smtpd_relay_restrictions = permit_sasl_authenticated, reject
always_add_missing_headers = no
local_header_rewrite_clients =
append_dot_mydomain = no
"
    )
}

/// Answers Postfix's questions about passwords, in the words that Dovecot's authentication server has for it.
fn ask_in(socket: &Path, name: &str, password: &str) {
    let listener = UnixListener::bind(socket).expect("a socket of our own");
    set_mode(socket, 0o666);
    let right = format!("resp={}", BASE64.encode(format!("\0{name}\0{password}").as_bytes()));
    let name = name.to_owned();
    thread::spawn(move || {
        for asking in listener.incoming().map_while(Result::ok) {
            let (right, name) = (right.clone(), name.clone());
            // Whoever asks may hang up; that is its right.
            thread::spawn(move || answer(asking, &right, &name));
        }
    });
}

fn answer(mut asking: UnixStream, right: &str, name: &str) -> std::io::Result<()> {
    asking.write_all(b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n")?;
    for line in BufReader::new(asking.try_clone()?).lines() {
        let line = line?;
        let mut words = line.split('\t');
        if words.next() != Some("AUTH") {
            continue;
        }
        let number = words.next().unwrap_or_default();
        let verdict = if words.any(|word| word == right) { "OK" } else { "FAIL" };
        asking.write_all(format!("{verdict}\t{number}\tuser={name}\n").as_bytes())?;
    }
    Ok(())
}
