//! One conversation of a sink with a client.

use std::io;
use std::time::Duration;

use data_encoding::BASE64;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Cover;
use super::record::{Handed, Received, Record, Seat};
use super::script::{Action, At, Occasion, Script, spoken};

trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

/// Speaks with one client until it leaves or the script ends it.
pub(super) async fn serve(socket: TcpStream, seat: Seat, script: &Script, record: &Record) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let is_secure = script.cover == Cover::Implicit;
    let line: Box<dyn Line> = match &script.acceptor {
        Some(acceptor) if is_secure => Box::new(acceptor.accept(socket).await?),
        _ => Box::new(socket),
    };
    let transaction = Transaction::default();
    let is_known = script.account.is_none();
    let mut session = Session {
        line,
        unread: Vec::new(),
        has_answered: false,
        number: seat.number(),
        seat,
        carried: 0,
        script,
        record,
        is_secure,
        is_known,
        transaction,
    };
    session.run().await
}

struct Session<'a> {
    line: Box<dyn Line>,
    unread: Vec<u8>,
    /// Since it last waited for the client.
    has_answered: bool,
    number: usize,
    seat: Seat,
    /// Messages that came over this connection.
    carried: usize,
    script: &'a Script,
    record: &'a Record,
    is_secure: bool,
    is_known: bool,
    transaction: Transaction,
}

#[derive(Default)]
struct Transaction {
    sender: Option<String>,
    parameters: String,
    recipients: Vec<String>,
    wishes: String,
    /// The last one asked for, taken or not.
    asked: String,
}

/// Whether the conversation goes on, and how the command ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Refused,
    Over,
}

impl<'a> Session<'a> {
    async fn run(&mut self) -> io::Result<()> {
        if self.answer(At::Connect, "220 sink.example.org ESMTP").await? != Outcome::Done {
            return Ok(());
        }
        while let Some(command) = self.read_line().await? {
            if self.script.keeps {
                self.record.state().commands.push(command.clone());
            }
            if self.obey(&command).await? == Outcome::Over {
                break;
            }
        }
        Ok(())
    }

    async fn obey(&mut self, command: &str) -> io::Result<Outcome> {
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        if !matches!(verb.as_str(), "MAIL" | "RCPT" | "RSET") || !self.script.offers_pipelining() {
            self.check_alone(&verb);
        }
        match verb.as_str() {
            "EHLO" => self.ehlo().await,
            "STARTTLS" => self.start_tls().await,
            "AUTH" => self.auth(command).await,
            "MAIL" => self.mail(command).await,
            "RCPT" => self.rcpt(command).await,
            "DATA" => self.take_message().await,
            "RSET" => {
                self.transaction = Transaction::default();
                self.answer(At::Rset, "250 2.0.0 forgotten").await
            }
            "QUIT" => {
                self.answer(At::Quit, "221 2.0.0 bye").await?;
                Ok(Outcome::Over)
            }
            _ => {
                self.record.fault(format!("unknown command {command:?}"));
                self.write(b"500 5.5.2 what?\r\n").await
            }
        }
    }

    /// Nothing may follow a command whose answer the client has to see first.
    fn check_alone(&self, verb: &str) {
        if !self.unread.is_empty() {
            self.record.fault(format!("went on after {verb} without waiting for the answer"));
        }
    }

    async fn ehlo(&mut self) -> io::Result<Outcome> {
        self.transaction = Transaction::default();
        let mut lines = vec!["sink.example.org".to_owned()];
        lines.extend(self.script.extensions.iter().cloned());
        if self.script.cover == Cover::StartTls && !self.is_secure {
            lines.push("STARTTLS".to_owned());
        }
        if self.script.account.is_some() && (self.is_secure || self.script.cover == Cover::None) {
            lines.push(format!("AUTH {}", self.script.mechanisms));
        }
        let last = lines.len() - 1;
        let reply: Vec<_> = lines.iter().enumerate().map(|(at, line)| format!("250{}{line}", if at == last { ' ' } else { '-' })).collect();
        self.answer(At::Ehlo, &reply.join("\r\n")).await
    }

    async fn start_tls(&mut self) -> io::Result<Outcome> {
        let outcome = self.answer(At::StartTls, "220 2.0.0 go ahead").await?;
        if outcome != Outcome::Done {
            return Ok(outcome);
        }
        let Some(acceptor) = &self.script.acceptor else { return Ok(Outcome::Over) };
        let line = std::mem::replace(&mut self.line, Box::new(tokio::io::empty()));
        self.line = Box::new(acceptor.accept(line).await?);
        self.is_secure = true;
        self.unread.clear();
        Ok(Outcome::Done)
    }

    async fn auth(&mut self, command: &str) -> io::Result<Outcome> {
        if !self.is_secure {
            self.record.fault("sent a password in clear");
        }
        let mut words = command.split(' ').skip(1);
        let given = match (words.next().map(str::to_ascii_uppercase).as_deref(), words.next()) {
            (Some("PLAIN"), Some(response)) => decode(response),
            (Some("XOAUTH2"), Some(response)) => {
                match decode(response).strip_suffix("\x01\x01").and_then(|rest| rest.strip_prefix("user=")) {
                    Some(rest) => format!("\0{}", rest.replace("\x01auth=Bearer ", "\0")),
                    None => String::new(),
                }
            }
            (Some("LOGIN"), _) => format!("\0{}\0{}", self.question("VXNlcm5hbWU6").await?, self.question("UGFzc3dvcmQ6").await?),
            _ => String::new(),
        };
        self.is_known = self.script.account.as_ref().is_some_and(|(name, password)| given == format!("\0{name}\0{password}"));
        if !self.is_known && command.contains("XOAUTH2") && !self.question("eyJzdGF0dXMiOiI0MDAifQ==").await?.is_empty() {
            self.record.fault("argued about a token");
        }
        self.answer(At::Auth, if self.is_known { "235 2.7.0 welcome" } else { "535 5.7.8 who are you?" }).await
    }

    async fn question(&mut self, question: &str) -> io::Result<String> {
        self.write(format!("334 {question}\r\n").as_bytes()).await?;
        Ok(decode(&self.read_line().await?.unwrap_or_default()))
    }

    async fn mail(&mut self, command: &str) -> io::Result<Outcome> {
        if !self.is_known {
            return self.answer(At::Mail, "530 5.7.0 log in first").await;
        }
        if self.transaction.sender.is_some() {
            self.record.fault("MAIL within a transaction");
        }
        let (sender, parameters) = bracketed(command);
        let outcome = self.answer(At::Mail, "250 2.1.0 sender ok").await?;
        if outcome == Outcome::Done {
            self.transaction = Transaction { sender: Some(sender), parameters, ..Transaction::default() };
        }
        Ok(outcome)
    }

    async fn rcpt(&mut self, command: &str) -> io::Result<Outcome> {
        let (recipient, wishes) = bracketed(command);
        self.transaction.asked.clone_from(&recipient);
        if self.transaction.sender.is_none() {
            return self.answer(At::Rcpt, "503 5.5.1 MAIL first").await;
        }
        if !self.transaction.recipients.is_empty() {
            self.record.fault("a second RCPT in one transaction");
        }
        let outcome = self.answer(At::Rcpt, "250 2.1.5 recipient ok").await?;
        if outcome == Outcome::Done {
            self.transaction.recipients.push(recipient);
            self.transaction.wishes = wishes;
        }
        Ok(outcome)
    }

    async fn take_message(&mut self) -> io::Result<Outcome> {
        let _body = Record::body(self.seat.record());
        let usual = if self.transaction.recipients.is_empty() { "503 5.5.1 RCPT first" } else { "354 go ahead" };
        let outcome = self.answer(At::Data, usual).await?;
        if outcome != Outcome::Done {
            return Ok(outcome);
        }
        let action = self.action(At::Dot);
        match action {
            Some(Action::Drop) => {
                self.log(0, &[]);
                return self.act(action, "").await;
            }
            Some(Action::Deaf) => std::future::pending().await,
            Some(Action::Interrupt(line)) => {
                self.fill().await?;
                self.write(format!("{line}\r\n").as_bytes()).await?;
                return Ok(Outcome::Over);
            }
            _ => {}
        }
        let Some(bytes) = self.read_message().await? else { return Ok(Outcome::Over) };
        let usual = "250 2.0.0 kept";
        let code = spoken(action, usual);
        let is_kept = code / 10 == 25 || matches!(action, Some(Action::DropAfterDot | Action::StallAfterDot | Action::Also(_)));
        self.carried += 1;
        self.log(code, &bytes);
        let Transaction { sender, parameters, mut recipients, wishes, .. } = std::mem::take(&mut self.transaction);
        if let Some(recipient) = recipients.pop().filter(|_| is_kept) {
            let sender = sender.unwrap_or_default();
            let bytes = if self.script.keeps { bytes } else { Vec::new() };
            self.record.keep(Received { sender, parameters, recipient, wishes, bytes, connection: self.number, secure: self.is_secure });
        }
        self.act(action, usual).await
    }

    /// Writes a line of the log: this code for this message, of which nothing may have come.
    fn log(&self, code: u16, bytes: &[u8]) {
        let Transaction { sender, asked, .. } = &self.transaction;
        self.record.log(Handed::new(sender.as_deref().unwrap_or_default(), asked, bytes, code, self.number));
    }

    fn action(&self, at: At) -> Option<&'a Action> {
        self.script.action(at, &Occasion { recipient: &self.transaction.asked, carried: self.carried })
    }

    /// Answers as scripted, or as usual.
    async fn answer(&mut self, at: At, usual: &str) -> io::Result<Outcome> {
        let action = self.action(at);
        let code = spoken(action, usual);
        // What is wrong only because the command before it was refused says nothing about a reader.
        if matches!(at, At::Rcpt | At::Data) && !matches!(code, 200..400 | 503) {
            self.log(code, &[]);
        }
        self.act(action, usual).await
    }

    async fn act(&mut self, action: Option<&Action>, usual: &str) -> io::Result<Outcome> {
        match action {
            None => self.write(format!("{usual}\r\n").as_bytes()).await,
            Some(Action::Reply(line)) => self.write(format!("{line}\r\n").as_bytes()).await,
            Some(Action::Octets(octets)) => self.write(octets).await,
            Some(Action::Also(more)) => self.write(&[format!("{usual}\r\n").as_bytes(), more].concat()).await,
            Some(Action::Late(delay)) => {
                tokio::time::sleep(*delay).await;
                self.write(format!("{usual}\r\n").as_bytes()).await
            }
            Some(Action::Drop | Action::DropAfterDot | Action::Interrupt(_)) => {
                self.seat.leave(false);
                Ok(Outcome::Over)
            }
            Some(Action::Stall | Action::StallAfterDot | Action::Deaf) => self.outlast_client().await,
            Some(Action::Garbage) => {
                self.line.write_all(b"\0\xff\xfe<html>\r\n\r\n\0").await?;
                self.line.flush().await?;
                self.outlast_client().await
            }
            Some(Action::Endless) => self.repeat(&format!("{}-and\r\n", &usual[..3]).repeat(1000), None).await,
            Some(Action::Trickle) => self.repeat(&format!("{}-and\r\n", &usual[..3]), Some(Duration::from_millis(20))).await,
        }
    }

    /// Writes `text` for as long as the client listens; with a pause, an octet at a time.
    async fn repeat(&mut self, text: &str, pause: Option<Duration>) -> io::Result<Outcome> {
        let Some(pause) = pause else {
            loop {
                self.line.write_all(text.as_bytes()).await?;
            }
        };
        let mut ticks = tokio::time::interval(pause);
        for octet in text.bytes().cycle() {
            ticks.tick().await;
            self.line.write_all(&[octet]).await?;
            self.line.flush().await?;
        }
        Ok(Outcome::Over)
    }

    async fn outlast_client(&mut self) -> io::Result<Outcome> {
        while self.fill().await? {}
        Ok(Outcome::Over)
    }

    async fn write(&mut self, reply: &[u8]) -> io::Result<Outcome> {
        self.has_answered = true;
        let outcome = match reply {
            [b'2' | b'4', b'2', b'1', ..] => Outcome::Over,
            [b'2' | b'3', ..] => Outcome::Done,
            _ => Outcome::Refused,
        };
        if outcome == Outcome::Over {
            // Before the client can know: it may open the next connection at once.
            self.seat.leave(reply.starts_with(b"221"));
        }
        self.line.write_all(reply).await?;
        self.line.flush().await?;
        Ok(outcome)
    }

    async fn fill(&mut self) -> io::Result<bool> {
        if std::mem::take(&mut self.has_answered) {
            self.record.state().turns += 1;
        }
        // What came in one piece is read in one piece.
        self.unread.reserve(64 * 1024);
        Ok(self.line.read_buf(&mut self.unread).await? > 0)
    }

    async fn read_line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.unread.iter().position(|&octet| octet == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                if !line.ends_with(b"\r\n") {
                    self.record.fault("a command that ends with a bare line feed");
                }
                return Ok(Some(String::from_utf8_lossy(line.trim_ascii_end()).into_owned()));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// The message up to its final dot, with single dots again.
    async fn read_message(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut searched = 0;
        let end = loop {
            if self.unread.starts_with(b".\r\n") {
                break 0;
            }
            if let Some(at) = self.unread[searched..].windows(5).position(|octets| octets == b"\r\n.\r\n") {
                break searched + at + 2;
            }
            searched = self.unread.len().saturating_sub(4);
            if !self.fill().await? {
                return Ok(None);
            }
        };
        let stuffed: Vec<u8> = self.unread.drain(..end).collect();
        self.unread.drain(..3);
        if !self.script.offers_pipelining() {
            self.check_alone("the final dot");
        }
        let mut bytes = Vec::with_capacity(stuffed.len());
        for line in stuffed.split_inclusive(|&octet| octet == b'\n') {
            if !line.ends_with(b"\r\n") || line[..line.len() - 2].contains(&b'\r') {
                self.record.fault("a bare line feed or carriage return in a message");
            }
            bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        Ok(Some(bytes))
    }
}

/// What stands between the first angle brackets of a command, and what follows them.
fn bracketed(command: &str) -> (String, String) {
    let inside = command.split_once('<').map_or("", |(_, rest)| rest);
    let (address, rest) = inside.split_once('>').unwrap_or((inside, ""));
    (address.to_owned(), rest.trim().to_owned())
}

fn decode(text: &str) -> String {
    BASE64.decode(text.as_bytes()).ok().and_then(|octets| String::from_utf8(octets).ok()).unwrap_or_default()
}
