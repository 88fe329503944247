//! Shows an issue as one reader will get it: as a message, as a page, as text, or as its parts for programs.

use jiff::Timestamp;

use super::check;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::diagnostic::Diagnostic;
use crate::edition::Edition;
use crate::edition::stencil::{Fields, Medium, filled};
use crate::issue::Issue;
use crate::mailing::compose::Links;
use crate::mailing::{Delivery, MailingId, ProviderId};
use crate::subscription::{EmailAddress, Format, ListId, PersonName, Standing, SubscriberId};

/// An issue for one reader, with what was found on the way.
#[derive(Debug)]
pub struct Rendered {
    /// The issue.
    pub issue: Issue,
    /// What every reader gets.
    pub edition: Edition,
    /// What a mailing would owe the reader.
    pub delivery: Delivery,
    /// The HTML part.
    pub html: String,
    /// The plain-text part.
    pub text: String,
    /// Everything found; an error forbids to send it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Renders an issue for a reader, or for a specimen reader. The same bytes each time. An issue with faults is shown as
/// far as it can be printed, so that one sees what there is to mend.
pub async fn render(newsroom: &Newsroom, id: &IssueId, reader: Option<&EmailAddress>) -> Result<Rendered, AppError> {
    let checked = check::check_issue(newsroom, id).await?;
    match (checked.issue, checked.edition) {
        (Some(issue), Some(edition)) => fill(newsroom, issue, edition, checked.diagnostics, reader).await,
        _ => Err(AppError::Faulty(checked.diagnostics)),
    }
}

/// Fills an edition for a reader, or for a specimen reader.
pub(super) async fn fill(
    newsroom: &Newsroom,
    issue: Issue,
    edition: Edition,
    diagnostics: Vec<Diagnostic>,
    reader: Option<&EmailAddress>,
) -> Result<Rendered, AppError> {
    let delivery = delivery(newsroom, &issue.lists, issue.bears(&newsroom.config().zone), reader).await?;
    let (html, text) = parts(newsroom, &edition, &delivery)?;
    Ok(Rendered { issue, edition, delivery, html, text, diagnostics })
}

/// Both parts of an edition as a specimen reader gets them: HTML and text. The links for leaving are nobody's.
pub(super) async fn specimen(newsroom: &Newsroom, edition: &Edition, lists: &[ListId]) -> Result<(String, String), AppError> {
    parts(newsroom, edition, &delivery(newsroom, lists, newsroom.now(), None).await?)
}

fn parts(newsroom: &Newsroom, edition: &Edition, delivery: &Delivery) -> Result<(String, String), AppError> {
    let links = Links::new(&newsroom.keys()?, &edition.sender.base_url, delivery);
    let list = newsroom.config().lists.iter().find(|list| list.id == delivery.list).map_or("", |list| list.name.as_str());
    let fields = Fields {
        name: delivery.name.as_ref().map_or("", PersonName::as_str),
        address: delivery.address.as_str(),
        list,
        unsubscribe_url: &links.unsubscribe,
        preferences_url: &links.preferences,
    };
    let html = filled(&edition.html, &edition.mark, Medium::Html, &fields);
    Ok((html, filled(&edition.text, &edition.mark, Medium::Text, &fields)))
}

/// The whole message of what was rendered.
pub async fn message(newsroom: &Newsroom, rendered: &Rendered) -> Result<Vec<u8>, AppError> {
    Ok(super::send::composer(newsroom, &rendered.edition).await?.compose(&rendered.delivery)?.octets)
}

/// What a mailing to these lists would owe the reader. Its date is a given one, so that rendering twice gives the same
/// bytes.
async fn delivery(
    newsroom: &Newsroom,
    to: &[ListId],
    first_attempt_at: Timestamp,
    reader: Option<&EmailAddress>,
) -> Result<Delivery, AppError> {
    let lists = newsroom.store().lists().await?;
    let wanted = to.first().ok_or_else(|| AppError::Refused("the issue goes to no list".to_owned()))?;
    let (subscriber, address, name, format, list) = match reader {
        None => {
            let address = EmailAddress::parse("reader@example.org").map_err(|fault| AppError::Refused(fault.to_string()))?;
            (SubscriberId(0), address, PersonName::parse("Ann Reader").ok(), Format::Html, wanted.clone())
        }
        Some(address) => {
            let found = newsroom.store().dossier(address).await?.ok_or_else(|| AppError::Refused(format!("{address} is on no list")))?;
            let gets = |list: &&ListId| found.reader.subscriptions.iter().any(|on| on.list == **list && on.standing == Standing::Confirmed);
            let list = to.iter().find(gets).unwrap_or(wanted).clone();
            let subscriber = found.reader.subscriber;
            (subscriber.id, subscriber.address, subscriber.name, subscriber.format, list)
        }
    };
    let list_number = lists.iter().find(|tally| tally.list.id == list).map_or(0, |tally| tally.number);
    let provider = ProviderId::other();
    Ok(Delivery { mailing: MailingId(0), subscriber, address, name, list, format, list_number, provider, attempt: 1, first_attempt_at })
}
