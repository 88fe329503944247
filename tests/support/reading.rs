//! Reads a message as a person's mail program does, and as one who compares two copies of an issue does.

use mail_parser::MessageParser;

use super::linter::position;

/// A field's value as it stands, unfolded.
pub fn field(message: &[u8], name: &str) -> String {
    let head = &message[..position(message, b"\r\n\r\n").expect("a head")];
    let head = String::from_utf8_lossy(head).replace("\r\n ", " ");
    let found = head.lines().filter_map(|line| line.split_once(": ")).find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map_or_else(String::new, |(_, value)| value.to_owned())
}

/// The name that a mail program shows beside the reader's address.
pub fn recipient_name(message: &[u8]) -> Option<String> {
    let message = MessageParser::default().parse(message).expect("a message");
    let to = message.to().and_then(|to| to.first().cloned()).expect("a recipient");
    to.name.map(std::borrow::Cow::into_owned)
}

/// The plain text and the HTML, decoded.
pub fn parts(message: &[u8]) -> (String, String) {
    let message = MessageParser::default().parse(message).expect("a message");
    (message.body_text(0).expect("a plain text").into_owned(), message.body_html(0).expect("an HTML part").into_owned())
}

/// The reader's own links: for leaving and for preferences.
pub fn links(message: &[u8]) -> [String; 2] {
    let (text, _) = parts(message);
    ["Unsubscribe: ", "Preferences: "].map(|label| {
        let line = text.lines().find_map(|line| line.strip_prefix(label));
        line.expect("a link of the reader's own").to_owned()
    })
}

/// The message with the reader's own words taken out, and its soft line breaks, which move with them.
pub fn neutral(message: &[u8]) -> String {
    let mut text = String::from_utf8(message.to_vec()).expect("a message of seven bits").replace("=\r\n", "");
    let id = field(message, "Message-ID");
    let to = field(message, "To");
    for (own, word) in links(message).iter().zip(["LEAVE", "PREFER"]) {
        text = text.replace(own, word);
    }
    text.replace(&id, "ID").replace(&format!("To: {to}"), "To: READER")
}
