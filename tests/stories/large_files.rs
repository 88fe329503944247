//! Large files that came with an issue: they come whole, to many at once, and cost little memory.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use super::support::daemon::Daemon;
use super::support::newsroom::Newsroom;
use super::support::sink::Sink;

const PATH: &str = "/issues/2014-12/report.pdf";

/// Nearly as much as an issue's folder may hold.
const OCTETS: usize = 40 << 20;

/// How many fetch it at once.
const MANY: usize = 20;

/// Most that the daemon may ever have had in memory.
const MOST_KB: u64 = 150_000;

/// Longer than any octet takes on a busy machine.
const AMPLE: Duration = Duration::from_mins(1);

const TEXT: &str = "---\ntitle: A Report\nvolume: 1\nnumber: 1\npreheader: A large report comes with this issue, and it is where it should be.\nstatus: ready\n---\n# A Report\n\nHere is [the report](report.pdf).\n";

/// Octets of which no two parts are the same.
fn octets() -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..OCTETS / 8).flat_map(|_| next().to_le_bytes()).collect()
}

/// An answer that is on its way: its head, and where the rest comes from.
struct Answer {
    head: String,
    rest: BufReader<TcpStream>,
}

impl Answer {
    fn to(port: u16, method: &str, more: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the pages are open");
        stream.set_read_timeout(Some(AMPLE)).expect("a limit");
        write!(stream, "{method} {PATH} HTTP/1.1\r\nHost: news.example.org\r\nConnection: close\r\n{more}\r\n").expect("it hears");
        let mut rest = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(rest.read_line(&mut head).expect("it answers") > 0, "it ended in the head: {head}");
        }
        Self { head, rest }
    }

    fn field(&self, name: &str) -> &str {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).next().unwrap_or_default()
    }

    /// Reads what is left, and says whether it is what was sent from there on.
    fn is(mut self, octets: &[u8]) -> bool {
        let mut piece = vec![0; 256 << 10];
        let mut at = 0;
        loop {
            let count = self.rest.read(&mut piece).expect("it goes on");
            if count == 0 {
                return at == octets.len();
            }
            if octets.get(at..at + count) != Some(&piece[..count]) {
                return false;
            }
            at += count;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t20_a_large_file_comes_whole_to_many_at_once_and_costs_little_memory() {
    let port = super::daemon::free_port();
    let sink = Sink::builder().start().await;
    let newsroom =
        Newsroom::new().with_known_key().subscribers(1).relay(&sink).table(&format!("[web]\nlisten = \"127.0.0.1:{port}\"")).build();
    let octets = octets();
    newsroom.write("issues/2014-12/issue.md", TEXT);
    fs::write(newsroom.path("issues/2014-12/report.pdf"), &octets).unwrap();
    newsroom.run(["send", "2014-12"]).ok();
    fs::remove_dir_all(newsroom.path("issues/2014-12")).unwrap();
    let mut daemon = Daemon::start(&newsroom);

    let length = OCTETS.to_string();
    let asked = Answer::to(port, "HEAD", "");
    assert!(asked.head.starts_with("HTTP/1.1 200 ") && asked.field("content-length") == length, "{}", asked.head);
    let tag = asked.field("etag").to_owned();
    assert!(asked.is(b""), "a head alone");
    let known = Answer::to(port, "GET", &format!("If-None-Match: {tag}\r\n"));
    assert!(tag.len() == 26 && known.head.starts_with("HTTP/1.1 304 "), "{}", known.head);

    // One reads a little now and then, for as long as the others read.
    let mut slow = Answer::to(port, "GET", "");
    let mut little = vec![0; 100_000];
    slow.rest.read_exact(&mut little).unwrap();
    thread::scope(|scope| {
        let fetching: Vec<_> = (0..MANY)
            .map(|_| {
                scope.spawn(|| {
                    let answer = Answer::to(port, "GET", "");
                    assert_eq!((answer.field("content-length"), answer.field("content-type")), (length.as_str(), "application/pdf"));
                    assert!(answer.is(&octets), "byte for byte");
                })
            })
            .collect();
        for one in fetching {
            one.join().unwrap();
            let before = little.len();
            little.resize(before + 10_000, 0);
            slow.rest.read_exact(&mut little[before..]).unwrap();
        }
    });
    assert!(little == octets[..little.len()] && slow.is(&octets[little.len()..]), "whoever was slow has it whole as well");

    let status = fs::read_to_string(format!("/proc/{}/status", daemon.process().pid().as_raw_nonzero())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    super::support::chance::tell(&format!("{MANY} downloads of {OCTETS} octets: a peak of {peak} kB"));
    assert!(peak < MOST_KB, "{peak} kB");
    daemon.stop().ok();

    let folder = newsroom.path("site");
    newsroom.run(["archive", "build", &folder.display().to_string()]).ok();
    assert!(fs::read(folder.join("issues/2014-12/report.pdf")).unwrap() == octets);
}
