//! Threats: what strangers, scanners and other people's pages try at the pages of readers and editors, and come to nothing by.

mod bombing;
mod crossing;
mod crowds;
mod enumeration;
mod guessing;
mod looking;
mod one_click;
mod strangers;

use crate::support::demo::Page;
use crate::support::served::{Served, opened_at};
use crate::support::visitor::Visitor;

/// What a mail program's own button sends.
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// Sets the clock of a newsroom that is served.
async fn at(served: &Served, instant: &str) {
    served.present.send_replace(opened_at(&served.newsroom, instant).await);
}

/// The value of a form's hidden field or button.
fn hidden(page: &Page, name: &str) -> String {
    let rest = page.body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("no {name} in {}", page.body));
    rest.split('"').next().unwrap().to_owned()
}

/// A stamp of the form as it is shown now.
fn stamp(visitor: &mut Visitor) -> String {
    hidden(&visitor.ask("GET", "/subscribe", "", ""), "stamp")
}

/// Asks for a subscription from an address of the story's choice.
fn join(visitor: &mut Visitor, address: &str, stamp: &str, from: &str) -> Page {
    let head = format!("Content-Type: application/x-www-form-urlencoded\r\nX-Forwarded-For: {from}\r\n");
    let form = format!("email={}&list=general&stamp={stamp}", address.replace('@', "%40"));
    visitor.ask("POST", "/subscribe", &head, &form)
}

/// The path of the first link to such a page in the text of a letter.
fn path_in(letter: &[u8], page: &str) -> String {
    let text = mail_parser::MessageParser::default().parse(letter).unwrap().body_text(0).unwrap().into_owned();
    let start = format!("https://news.example.org/{page}/");
    let line = text.lines().find_map(|line| line.split_once(&start)).unwrap_or_else(|| panic!("no {page} in {text}")).1;
    format!("/{page}/{}", line.split_whitespace().next().unwrap())
}
