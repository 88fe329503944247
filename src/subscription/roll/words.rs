//! The words of rolls: how columns are named, and what stands in those that tell of consent.

pub(super) const ADDRESS: [&str; 7] = ["email", "e mail", "email address", "e mail address", "emailaddress", "subscriber email", "mail"];
pub(super) const NAME: [&str; 3] = ["name", "full name", "display name"];
pub(super) const FIRST_NAME: [&str; 4] = ["first name", "firstname", "fname", "given name"];
pub(super) const LAST_NAME: [&str; 5] = ["last name", "lastname", "lname", "surname", "family name"];
/// What stands in a column of formats for those who want no HTML.
pub(super) const PLAIN: [&str; 5] = ["text", "plain", "plain text", "text/plain", "text only"];
/// The best first: when they agreed, when they asked, when the row was made.
pub(super) const SINCE: [&str; 13] = [
    "since",
    "confirm time",
    "confirmed at",
    "subscription date",
    "subscribed at",
    "joined",
    "joined at",
    "date joined",
    "optin time",
    "created at",
    "creation date",
    "created",
    "entered",
];

/// What a column of consent tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A word for where the subscription stands.
    Word,
    /// Yes: confirmed; no: pending.
    Confirmed,
    /// Yes: confirmed; no: ended.
    Receives,
    /// Yes: ended; no: confirmed. Only where a tool lists nobody who did not agree.
    Stopped,
    /// Yes: ended; no: nothing, there may have been no consent to begin with.
    Gone,
    /// A time: confirmed; empty: nothing.
    ConfirmedAt,
    /// A time: ended; empty: nothing.
    GoneAt,
    /// The lists that a reader is on. On none: ended, whatever else the row says; else nothing.
    Lists,
}

pub(super) const SIGNS: [(&str, Sign); 26] = [
    ("standing", Sign::Word),
    ("status", Sign::Word),
    ("subscription status", Sign::Word),
    ("subscriber type", Sign::Word),
    ("confirmed", Sign::Confirmed),
    ("is confirmed", Sign::Confirmed),
    ("is this subscriber confirmed", Sign::Confirmed),
    ("subscribed", Sign::Receives),
    ("is subscribed", Sign::Receives),
    ("subscribed to emails", Sign::Receives),
    ("email disabled", Sign::Stopped),
    ("blacklisted", Sign::Gone),
    ("blocklisted", Sign::Gone),
    ("disabled", Sign::Gone),
    ("unsubscribed", Sign::Gone),
    ("is this subscriber blacklisted", Sign::Gone),
    ("is this account disabled?", Sign::Gone),
    ("confirm time", Sign::ConfirmedAt),
    ("confirmed at", Sign::ConfirmedAt),
    ("unsub time", Sign::GoneAt),
    ("clean time", Sign::GoneAt),
    ("deleted at", Sign::GoneAt),
    ("unsubscribed at", Sign::GoneAt),
    ("unsubscription date", Sign::GoneAt),
    ("ended at", Sign::GoneAt),
    ("list membership", Sign::Lists),
];

const PENDING: [&str; 5] = ["pending", "unconfirmed", "unactivated", "not confirmed", "waiting"];
const CONFIRMED: [&str; 9] = ["confirmed", "enabled", "subscribed", "active", "regular", "premium", "gifted", "trialed", "opted in"];
const GONE: [&str; 19] = [
    "unsubscribed",
    "disabled",
    "blocklisted",
    "blacklisted",
    "blocked",
    "cleaned",
    "bounced",
    "undeliverable",
    "complained",
    "removed",
    "deleted",
    "inactive",
    "spammy",
    "archived",
    "opted out",
    "churned",
    "churning",
    "suppressed",
    "unsubscribe",
];

/// What a column of consent says of a reader. A later one outweighs those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    Confirmed,
    Pending,
    /// Off this list.
    Ended,
    /// Left, bounced or complained elsewhere: off every list, for good.
    Gone,
}

/// A text that a column of consent should not have.
pub(super) struct Unclear;

/// What one cell says; `None` if it says nothing.
pub(super) fn read_sign(sign: Sign, text: &str) -> Result<Option<Said>, Unclear> {
    if text.is_empty() {
        return Ok(None);
    }
    let either = |yes, no| flag(text).map(|flag| if flag { yes } else { no }).ok_or(Unclear);
    match sign {
        Sign::Word => word(text).map(Some).ok_or(Unclear),
        Sign::Confirmed => either(Some(Said::Confirmed), Some(Said::Pending)),
        Sign::Receives => either(Some(Said::Confirmed), Some(Said::Gone)),
        Sign::Stopped => either(Some(Said::Gone), Some(Said::Confirmed)),
        Sign::Gone => either(Some(Said::Gone), None),
        Sign::ConfirmedAt => Ok(Some(Said::Confirmed)),
        Sign::GoneAt => Ok(Some(Said::Gone)),
        // What phpList writes in place of a name.
        Sign::Lists => Ok((text.eq_ignore_ascii_case("no lists")).then_some(Said::Ended)),
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" => Some(true),
        "0" | "false" | "f" | "no" | "n" => Some(false),
        _ => None,
    }
}

fn word(text: &str) -> Option<Said> {
    let word = fold(text);
    let among = |words: &[&str]| words.contains(&word.as_str());
    if word == "ended" {
        Some(Said::Ended)
    } else if among(&GONE) {
        Some(Said::Gone)
    } else if among(&PENDING) {
        Some(Said::Pending)
    } else if among(&CONFIRMED) {
        Some(Said::Confirmed)
    } else {
        None
    }
}

/// `CONFIRM_TIME`, `Confirm time` and `confirm-time` are one name.
pub(super) fn fold(name: &str) -> String {
    name.to_lowercase().replace(['_', '-'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}
