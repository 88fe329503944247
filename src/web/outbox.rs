//! The folder relay's messages, taken apart again for whoever looks at them.

use std::path::PathBuf;

use mail_parser::MessageParser;

/// A folder of `.eml` files.
#[derive(Debug)]
pub(super) struct Outbox {
    folder: PathBuf,
}

/// One message of it.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    /// The file's name without its ending.
    pub(super) name: String,
    /// To whom.
    pub(super) to: String,
    /// The subject line.
    pub(super) subject: String,
    /// The HTML part.
    pub(super) html: String,
    /// The plain-text part.
    pub(super) text: String,
    /// The message as it is.
    pub(super) source: String,
}

impl Outbox {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// All messages, by name.
    pub(super) fn letters(&self) -> Vec<Letter> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".eml").map(str::to_owned))
            .collect();
        names.sort();
        names.iter().filter_map(|name| self.letter(name)).collect()
    }

    /// One message by the name of its file.
    pub(super) fn letter(&self, name: &str) -> Option<Letter> {
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@' | b'+'));
        let octets = std::fs::read(self.folder.join(format!("{name}.eml"))).ok().filter(|_| plain && !name.starts_with('.'))?;
        let message = MessageParser::new().parse(&octets)?;
        let to = message.to().and_then(|to| to.first()).map(|to| match (to.name(), to.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (_, address) => address.unwrap_or_default().to_owned(),
        });
        Some(Letter {
            name: name.to_owned(),
            to: to.unwrap_or_default(),
            subject: message.subject().unwrap_or_default().to_owned(),
            html: message.body_html(0).unwrap_or_default().into_owned(),
            text: message.body_text(0).unwrap_or_default().into_owned(),
            source: String::from_utf8_lossy(&octets).into_owned(),
        })
    }
}
