//! The tools whose exports are known, by the columns that only they write.

use std::fmt;

use super::words::fold;

/// A tool whose exports we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// buttondown.com
    Buttondown,
    /// ghost.org
    Ghost,
    /// listmonk.app
    Listmonk,
    /// mailchimp.com
    Mailchimp,
    /// This program's own `subscribers export`.
    Masthead,
    /// phplist.org
    PhpList,
    /// substack.com
    Substack,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Buttondown => "Buttondown",
            Self::Ghost => "Ghost",
            Self::Listmonk => "listmonk",
            Self::Mailchimp => "Mailchimp",
            Self::Masthead => "Masthead",
            Self::PhpList => "phpList",
            Self::Substack => "Substack",
        })
    }
}

/// What gives a tool away, and what its exports must then have.
struct Trait {
    tool: Tool,
    /// Groups of columns; where all of any group are there, the tool wrote the file.
    marks: &'static [&'static [&'static str]],
    /// Columns without which its file does not tell who left, as the tool spells them.
    needs: &'static [&'static str],
}

const TRAITS: [Trait; 7] = [
    Trait { tool: Tool::Masthead, marks: &[&["email", "list", "channel", "evidence"]], needs: &["status"] },
    Trait {
        tool: Tool::Buttondown,
        marks: &[&["subscriber type"], &["secondary id", "metadata"], &["subscription date", "creation date"]],
        needs: &["subscriber_type"],
    },
    Trait {
        tool: Tool::Ghost,
        marks: &[&["subscribed to emails"], &["complimentary plan"], &["stripe customer id"]],
        needs: &["subscribed_to_emails"],
    },
    Trait { tool: Tool::Listmonk, marks: &[&["uuid", "attributes"]], needs: &["status"] },
    Trait { tool: Tool::Mailchimp, marks: &[&["optin time"], &["member rating"], &["leid", "euid"]], needs: &["CONFIRM_TIME"] },
    Trait {
        tool: Tool::PhpList,
        marks: &[&["is this subscriber confirmed"], &["is this subscriber blacklisted"], &["did this subscriber manually confirm"]],
        needs: &["Is this subscriber confirmed", "Is this subscriber blacklisted"],
    },
    Trait { tool: Tool::Substack, marks: &[&["active subscription"]], needs: &["email_disabled"] },
];

/// The tool that wrote a file with these columns, folded; and which of its columns of consent the file has lost.
pub(super) fn recognise(columns: &[String]) -> Option<(Tool, Option<&'static str>)> {
    let has = |wanted: &&str| columns.iter().any(|name| name == wanted);
    let known = TRAITS.iter().find(|known| known.marks.iter().any(|group| group.iter().all(has)))?;
    let lost = if is_of_departures(known.tool, columns) { None } else { known.needs.iter().find(|wanted| !has(&fold(wanted).as_str())) };
    Some((known.tool, lost.copied()))
}

/// Whether the file is one of those in which Mailchimp lists nobody but who left or could not be reached.
pub(super) fn is_of_departures(tool: Tool, columns: &[String]) -> bool {
    tool == Tool::Mailchimp && columns.iter().any(|name| name.starts_with("unsub ") || name.starts_with("clean "))
}
