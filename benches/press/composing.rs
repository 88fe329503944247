//! Composing and signing by themselves, on one core, through the library; and the letter that the peers send.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use masthead::app;
use masthead::clock::FixedClock;
use masthead::desk::check::check_issue;
use masthead::edition::Edition;
use masthead::mailing::compose::Composer;
use masthead::mailing::dkim::{DkimKey, Signer};
use masthead::mailing::{Delivery, MailingId};
use masthead::subscription::{PersonName, SubscriberId};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::newsroom::{ISSUE, Newsroom, Setting};

/// Messages for each figure.
const MESSAGES: u32 = 2_000;

/// A name that stands nowhere else, to be found again in what was composed.
const NAME: &str = "Zephyrine Quillwater";

/// An address likewise.
const ADDRESS: &str = "zephyrine.quillwater@ward000.example.org";

/// What a reader's own name becomes in the letter.
const NAME_MARK: &str = "{{name}}";

/// What a reader's own link becomes in the letter.
const LINK_MARK: &str = "{{unsubscribe}}";

/// What a reader's own address becomes in the letter.
const ADDRESS_MARK: &str = "{{address}}";

/// A newsroom's edition, ready to be composed from.
pub(crate) struct Bench {
    newsroom: app::Newsroom,
    edition: Edition,
}

/// The letter that the peers fill in and send: our own two parts with marks in them.
#[derive(Serialize)]
struct Letter {
    subject: String,
    from: String,
    text: String,
    html: String,
}

impl Bench {
    /// Renders the issue of a newsroom that has a key.
    pub(crate) fn open(newsroom: &Newsroom) -> Result<Self, Box<dyn Error>> {
        let signed = newsroom.copy(Setting { is_signed: true, ..Setting::plain(25) })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let opened = app::Newsroom::open(signed.root(), &[], Arc::new(FixedClock(at()?))).await?;
            let (_, edition) = check_issue(&opened, &ISSUE.parse()?).await?.clean()?;
            // The signer reads its key from the folder, so it is asked for while that is there.
            Ok(Self { edition, newsroom: opened })
        })
    }

    fn composer(&self, newsroom: &Newsroom, is_signed: bool) -> Result<Composer, Box<dyn Error>> {
        let composer = Composer::new(&self.edition, &self.newsroom.config().lists, keys());
        let pem = fs::read_to_string(newsroom.key())?;
        let signer = Signer::new(DkimKey::rsa("news.example.org", "press", &pem)?);
        Ok(composer.signed_by(is_signed.then_some(signer)))
    }

    /// Seconds of a core for a message.
    pub(crate) fn seconds(&self, newsroom: &Newsroom, is_signed: bool) -> Result<f64, Box<dyn Error>> {
        let composer = self.composer(newsroom, is_signed)?;
        let deliveries: Result<Vec<Delivery>, _> =
            (1..=64).map(|number| self.delivery(number, "reader@example.org", "Ada Fenwick")).collect();
        let deliveries = deliveries?;
        black_box(composer.compose(&deliveries[0])?);
        let start = own_time();
        for delivery in deliveries.iter().cycle().take(MESSAGES as usize) {
            black_box(composer.compose(black_box(delivery))?);
        }
        Ok(own_time().saturating_sub(start).as_secs_f64() / f64::from(MESSAGES))
    }

    fn delivery(&self, number: i64, address: &str, name: &str) -> Result<Delivery, Box<dyn Error>> {
        let list = self.newsroom.config().lists.first().ok_or("the newsroom has no list")?;
        Ok(Delivery {
            mailing: MailingId(1),
            subscriber: SubscriberId(number),
            address: address.parse()?,
            name: Some(PersonName::parse(name)?),
            list: list.id.clone(),
            format: masthead::subscription::Format::Html,
            list_number: 1,
            provider: masthead::mailing::ProviderId::other(),
            attempt: 1,
            first_attempt_at: at()?,
        })
    }

    /// Writes the letter for the peers, and tells how long our own message is, in octets.
    pub(crate) fn letter(&self, newsroom: &Newsroom, path: &Path) -> Result<usize, Box<dyn Error>> {
        let message = self.composer(newsroom, false)?.compose(&self.delivery(1, ADDRESS, NAME)?)?;
        let parsed = mail_parser::MessageParser::default().parse(&message.octets).ok_or("our own message cannot be read")?;
        let (text, html) = (parsed.body_text(0).ok_or("no text")?, parsed.body_html(0).ok_or("no HTML")?);
        let link = parsed.header_raw("List-Unsubscribe").ok_or("no link")?.trim().trim_matches(['<', '>']).to_owned();
        let marked = |part: &str| part.replace(&link, LINK_MARK).replace(NAME, NAME_MARK).replace(ADDRESS, ADDRESS_MARK);
        let from = "Spring Notes <notes@news.example.org>".to_owned();
        let letter = Letter { subject: self.edition.subject.clone(), from, text: marked(&text), html: marked(&html) };
        for part in [&letter.text, &letter.html] {
            if !part.contains(LINK_MARK) || !part.contains(ADDRESS_MARK) {
                return Err("a part of the letter is not personal".into());
            }
        }
        fs::write(path, serde_json::to_vec(&letter)?)?;
        Ok(message.octets.len())
    }
}

/// What this thread has had of a core so far; what others took of it does not count.
fn own_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// An instant like any other.
fn at() -> Result<Timestamp, jiff::Error> {
    Timestamp::from_second(1_793_523_600)
}

fn keys() -> masthead::subscription::token::Keys {
    masthead::subscription::token::Keys::new(1, &[7; 32])
}

/// Where the letter lies.
pub(crate) fn letter_path(newsroom: &Newsroom) -> PathBuf {
    newsroom.root().join("letter.json")
}
