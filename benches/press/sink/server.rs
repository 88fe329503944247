//! The sink's own process: one thread, many conversations, replies that leave when they are due.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::epoll;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};

use super::session::{Session, Tally};
use super::{Manner, Summary};
use crate::child;

const LISTENER: u64 = 0;
const TIMER: u64 = 1;
const OWNER: u64 = 2;

/// Most octets taken from one conversation before the next has its turn.
const PIECE: usize = 256 * 1024;

struct Client {
    stream: TcpStream,
    session: Session,
    /// Groups of replies that are still under way.
    waiting: usize,
}

struct Late {
    due: Instant,
    client: u64,
    replies: Vec<u8>,
}

struct Server {
    manner: Manner,
    epoll: OwnedFd,
    listener: TcpListener,
    timer: OwnedFd,
    clients: HashMap<u64, Client>,
    next: u64,
    late: VecDeque<Late>,
    armed: Option<Instant>,
    tally: Tally,
    connections: u64,
    most: usize,
    first: Option<Instant>,
    last: Option<Instant>,
}

/// Receives mail until standard input is closed, and tells what came. Its port is the first line of standard output.
pub(super) fn serve(manner: Manner) -> io::Result<Summary> {
    let mut server = Server::open(manner)?;
    println!("{}", server.listener.local_addr()?.port());
    io::stdout().flush()?;
    server.run()?;
    server.summary()
}

impl Server {
    fn open(manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, manner.port))?;
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        watch(&epoll, &listener, LISTENER)?;
        watch(&epoll, &timer, TIMER)?;
        watch(&epoll, io::stdin(), OWNER)?;
        let log = manner.log.as_ref().map(File::create).transpose()?;
        let tally = Tally { log: log.map(|file| Box::new(BufWriter::new(file)) as Box<dyn io::Write>), ..Tally::default() };
        Ok(Self {
            manner,
            epoll,
            listener,
            timer,
            clients: HashMap::new(),
            next: OWNER + 1,
            late: VecDeque::new(),
            armed: None,
            tally,
            connections: 0,
            most: 0,
            first: None,
            last: None,
        })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(256);
        let mut piece = vec![0; PIECE];
        loop {
            events.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(fault) => return Err(fault.into()),
            }
            for event in &events {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    TIMER => self.armed = None,
                    OWNER => return Ok(()),
                    client => self.hear(client, &mut piece),
                }
            }
            self.send_what_is_due()?;
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(fault) => return Err(fault),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            self.first.get_or_insert_with(Instant::now);
            let client = self.next;
            self.next += 1;
            watch(&self.epoll, &stream, client)?;
            self.clients.insert(client, Client { stream, session: Session::new(self.manner.pipelining), waiting: 0 });
            self.connections += 1;
            self.most = self.most.max(self.clients.len());
            self.answer(client, b"220 sink.example ESMTP\r\n".to_vec());
        }
    }

    /// One piece of what a client says; what it says beyond that is there at the next turn.
    fn hear(&mut self, number: u64, piece: &mut [u8]) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        let count = match client.stream.read(piece) {
            Ok(count) => count,
            Err(fault) if matches!(fault.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => return,
            Err(_) => 0,
        };
        if count == 0 {
            self.clients.remove(&number);
            return;
        }
        if client.waiting > 0 && !self.manner.pipelining {
            self.tally.haste += 1;
        }
        let before = self.tally.messages;
        let mut replies = Vec::new();
        client.session.take(&piece[..count], &mut self.tally, &mut replies);
        if self.tally.messages > before {
            self.last = Some(Instant::now());
        }
        if !replies.is_empty() {
            self.answer(number, replies);
        }
    }

    fn answer(&mut self, number: u64, replies: Vec<u8>) {
        if self.manner.delay.is_zero() {
            self.say(number, &replies);
        } else if let Some(client) = self.clients.get_mut(&number) {
            client.waiting += 1;
            self.late.push_back(Late { due: Instant::now() + self.manner.delay, client: number, replies });
        }
    }

    /// A client that does not read these few octets has gone, or is none of ours.
    fn say(&mut self, number: u64, replies: &[u8]) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        let is_said = client.stream.write_all(replies).is_ok();
        if !is_said || client.session.is_over() && client.waiting == 0 {
            self.clients.remove(&number);
        }
    }

    /// The delay is the same for all, so they are due in the order in which they came.
    fn send_what_is_due(&mut self) -> io::Result<()> {
        while let Some(late) = self.late.pop_front_if(|late| late.due <= Instant::now()) {
            if let Some(client) = self.clients.get_mut(&late.client) {
                client.waiting -= 1;
            }
            self.say(late.client, &late.replies);
        }
        match self.late.front() {
            Some(next) if self.armed != Some(next.due) => {
                let due = next.due;
                self.armed = Some(due);
                set(&self.timer, due.saturating_duration_since(Instant::now()))
            }
            _ => Ok(()),
        }
    }

    fn summary(mut self) -> io::Result<Summary> {
        if let Some(log) = &mut self.tally.log {
            log.flush()?;
        }
        let seconds = match (self.first, self.last) {
            (Some(first), Some(last)) => (last - first).as_secs_f64(),
            _ => 0.0,
        };
        Ok(Summary {
            messages: self.tally.messages,
            readers: self.tally.readers.len() as u64,
            octets: self.tally.octets,
            seconds,
            first_at: child::now() - self.first.map_or(0.0, |first| first.elapsed().as_secs_f64()),
            connections: self.connections,
            most_connections: self.most as u64,
            disorder: self.tally.disorder,
            haste: self.tally.haste,
            cpu_seconds: child::cpu("self")?.as_secs_f64(),
        })
    }
}

fn watch(epoll: &OwnedFd, source: impl AsFd, number: u64) -> io::Result<()> {
    Ok(epoll::add(epoll, source, epoll::EventData::new_u64(number), epoll::EventFlags::IN)?)
}

/// Rings once after this long; the least there is if that is no time at all, since nothing would stop the clock.
fn set(timer: &OwnedFd, after: Duration) -> io::Result<()> {
    let after = after.max(Duration::from_nanos(1));
    let wrong = |_| io::Error::other("the delay is too long for a clock");
    let value = Timespec { tv_sec: after.as_secs().try_into().map_err(wrong)?, tv_nsec: after.subsec_nanos().into() };
    let never = Timespec { tv_sec: 0, tv_nsec: 0 };
    timerfd_settime(timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: never, it_value: value })?;
    Ok(())
}
