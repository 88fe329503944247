//! Sends the letter to every reader through lettre's own pooled transport and its builder.
//!
//! `lettre-peer PORT CONNECTIONS LETTER READERS COUNT`

#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use lettre::address::Envelope;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde_json::Value;

type Fault = Box<dyn Error + Send + Sync>;

/// What the letter's marks may name.
const FIELDS: [&str; 3] = ["name", "address", "unsubscribe"];

/// A field of the head that lettre has no type for.
macro_rules! field {
    ($type:ident, $name:literal) => {
        #[derive(Clone)]
        struct $type(String);

        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(text: &str) -> Result<Self, Fault> {
                Ok(Self(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

field!(ListId, "List-Id");
field!(ListUnsubscribe, "List-Unsubscribe");
field!(ListUnsubscribePost, "List-Unsubscribe-Post");

/// What differs from copy to copy.
struct Reader<'a> {
    number: usize,
    address: &'a str,
    name: &'a str,
}

struct Letter {
    from: Mailbox,
    subject: String,
    text: Vec<String>,
    html: Vec<String>,
}

impl Letter {
    fn read(path: &str) -> Result<Self, Fault> {
        let letter: Value = serde_json::from_slice(&fs::read(path)?)?;
        let of = |key: &str| letter[key].as_str().unwrap_or_default().to_owned();
        Ok(Self { from: of("from").parse()?, subject: of("subject"), text: cut(&of("text")), html: cut(&of("html")) })
    }

    fn compose(&self, reader: &Reader<'_>) -> Result<(Envelope, Vec<u8>), Fault> {
        let Reader { number, address, name } = reader;
        let link = format!("https://news.example.org/u/{number:026}");
        let fields = [("name", *name), ("address", *address), ("unsubscribe", &link)];
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some((*name).to_owned()), address.parse()?))
            .subject(&self.subject)
            .message_id(Some(format!("<2026-11.{number}@news.example.org>")))
            .header(ListId("Spring Notes <general.news.example.org>".to_owned()))
            .header(ListUnsubscribe(format!("<{link}>")))
            .header(ListUnsubscribePost("List-Unsubscribe=One-Click".to_owned()))
            .multipart(MultiPart::alternative_plain_html(fill(&self.text, &fields), fill(&self.html, &fields)))?;
        let envelope = Envelope::new(Some(format!("b+{number}@news.example.org").parse()?), vec![address.parse()?])?;
        Ok((envelope, message.formatted()))
    }
}

/// A part in pieces; every second one is the name of a field.
fn cut(part: &str) -> Vec<String> {
    let (mut pieces, mut rest) = (Vec::new(), part);
    while let Some((at, field)) = FIELDS.iter().filter_map(|field| Some((rest.find(&format!("{{{{{field}}}}}"))?, field))).min() {
        pieces.extend([rest[..at].to_owned(), (*field).to_owned()]);
        rest = &rest[at + field.len() + 4..];
    }
    pieces.push(rest.to_owned());
    pieces
}

fn fill(pieces: &[String], fields: &[(&str, &str)]) -> String {
    let value = |at: usize, piece: &'_ String| -> String {
        let field = fields.iter().find(|(name, _)| at % 2 == 1 && name == piece);
        field.map_or_else(|| piece.clone(), |(_, value)| (*value).to_owned())
    };
    pieces.iter().enumerate().map(|(at, piece)| value(at, piece)).collect()
}

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [port, connections, letter, readers, count] = &words[..] else {
        return Err("lettre-peer PORT CONNECTIONS LETTER READERS COUNT".into());
    };
    let (connections, letter, roll) = (connections.parse::<u32>()?, Letter::read(letter)?, fs::read_to_string(readers)?);
    let rows = roll.lines().skip(1).take(count.parse()?).enumerate();
    let readers = rows.map(|(at, row)| {
        let mut columns = row.split(',');
        Reader { number: at + 1, address: columns.next().unwrap_or_default(), name: columns.next().unwrap_or_default() }
    });
    let pool = PoolConfig::new().max_size(connections);
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(port.parse()?).pool_config(pool).build();
    stream::iter(readers)
        .map(Ok)
        .try_for_each_concurrent(usize::try_from(connections)?, |reader| {
            let (letter, transport) = (&letter, &transport);
            async move {
                let (envelope, octets) = letter.compose(&reader)?;
                transport.send_raw(&envelope, &octets).await?;
                Ok::<(), Fault>(())
            }
        })
        .await
}
