//! The command line as it is typed; its help texts are the operators' first manual.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::dateline::IssueId;
use crate::mailing::fate::FateWord;
use crate::subscription::{EmailAddress, ListId, PersonName};

/// A newsletter press: from a Markdown file in a folder to the reader's inbox.
///
/// An issue is a file in `issues/`. `check` tells every fault of it, `render` shows it as a reader will see it, `send`
/// sends it, once, to every confirmed subscriber. Killed at any moment, `send` goes on where it was.
///
/// Exit codes: 0 all is well; 1 something is to be mended or is not done yet; 2 it could not run.
#[derive(Debug, Parser)]
#[command(name = "masthead", version, propagate_version = true, max_term_width = 100)]
pub(super) struct Cli {
    /// The newsroom's folder
    #[arg(short = 'C', long = "newsroom", value_name = "DIR", default_value = ".", global = true)]
    pub newsroom: PathBuf,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Everything that may be asked.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a newsroom in a folder
    Init(Init),
    /// Start an issue: a file with everything in its place
    New(New),
    /// Tell every fault of the issues that are not out yet
    Check(Check),
    /// Show an issue as one reader will get it
    Render(Render),
    /// Show an issue in the browser while it is being written
    Preview(super::preview::Preview),
    /// Articles of the archive that an issue could list as related, as lines to paste
    Suggest(super::suggest::Suggest),
    /// Show an issue to the editors, by mail, exactly as readers will get it
    Proof(super::editors::Proof),
    /// Say that an issue may go out as the editors were shown it
    Approve(super::editors::Approve),
    /// Keep an issue from going out until somebody says `resume`
    Hold(super::editors::Hold),
    /// Send an issue, or go on with a mailing that was broken off
    Send(Send),
    /// Look after the newsroom: watch the folder, keep the calendar, send what is due
    Serve(super::serve::Serve),
    /// Say that a database from elsewhere is to send from here
    Adopt,
    /// Stop a mailing, all mail to a provider, or a relay, until somebody says `resume`
    Pause(PauseArgs),
    /// Let go on what is paused, and let go what is held
    Resume(Scoped),
    /// End a mailing: who has not had the issue will not get it; of an issue that waits, nobody will
    Cancel(Cancel),
    /// Let those be tried again who were refused, or for whom patience ended
    Retry(Retry),
    /// When issues are due
    #[command(subcommand)]
    Schedule(super::schedule::ScheduleCommand),
    /// The newsroom at a glance, or one mailing by provider and reason
    Status(Status),
    /// Who got an issue, who did not, and why
    Deliveries(Deliveries),
    /// Readers in and out
    #[command(subcommand)]
    Subscribers(Subscribers),
    /// The lists and how many read them
    Lists(Listing),
    /// Issues that are out
    #[command(subcommand)]
    Archive(ArchiveCommand),
    /// Where everything is kept: moved from one engine to another
    #[command(subcommand)]
    Store(super::store::StoreCommand),
    /// See it all work, on a sample newsroom that is thrown away afterwards
    Demo(Demo),
    /// Write completions for a shell to standard output
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual page to standard output, or a page for each command into a folder
    Man {
        /// The folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// Make a newsroom.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  masthead -C news init --name \"Water Notes\" --from notes@example.org --base-url https://notes.example.org \\\n    --postal-address \"Water Office, 1 Mill Lane, Alder Ford\""
)]
pub(super) struct Init {
    /// The publication's name
    #[arg(long, default_value = "My Newsletter")]
    pub name: String,
    /// The sender's address
    #[arg(long, default_value = "editor@news.example.org")]
    pub from: String,
    /// The web site that links lead to
    #[arg(long, default_value = "https://news.example.org")]
    pub base_url: String,
    /// The time zone of the schedule
    #[arg(long, default_value = "UTC")]
    pub time_zone: String,
    /// The postal address at the foot of every mail, as the law wants it
    #[arg(long, default_value = "Street and number, town")]
    pub postal_address: String,
}

/// Start an issue.
#[derive(Debug, Args)]
pub(super) struct New {
    /// Its id, a month or a day and perhaps a word; the month after the latest issue if left out
    pub id: Option<IssueId>,
    /// Its title
    #[arg(long)]
    pub title: Option<String>,
    /// Make a folder, for an issue with images or reports of its own
    #[arg(long)]
    pub folder: bool,
}

/// Tell every fault.
#[derive(Debug, Args)]
#[command(after_help = "Errors stop an issue before anything is sent; warnings never do.")]
pub(super) struct Check {
    /// Which issues; all that are not out if left out
    pub ids: Vec<IssueId>,
    /// Ask nobody on the network: what is known of links and feeds is used, and none is tried
    #[arg(long)]
    pub offline: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What `render` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// The whole message
    Eml,
    /// The HTML part
    Html,
    /// The plain-text part
    Text,
    /// Both parts and what is known of them
    Json,
}

/// Show an issue.
#[derive(Debug, Args)]
#[command(after_help = "The same bytes each time: two runs can be compared.")]
pub(super) struct Render {
    /// Which issue
    pub id: IssueId,
    /// In which form
    #[arg(long, value_enum, default_value = "text")]
    pub to: Form,
    /// For which reader; a specimen reader if left out
    #[arg(long, value_name = "ADDRESS")]
    pub subscriber: Option<EmailAddress>,
    /// Into a folder instead of standard output
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Send an issue.
#[derive(Debug, Args)]
#[command(
    after_help = "An issue goes out once: when it has gone out, running this again sends nothing.\nPress Ctrl-C to stop after the messages in flight; run it again to go on."
)]
pub(super) struct Send {
    /// Which issue
    pub id: IssueId,
    /// Write what would go out as files, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where `--dry-run` writes
    #[arg(long, value_name = "DIR", default_value = "dry-run")]
    pub out: PathBuf,
    /// Send even though `publish_at` has not come
    #[arg(long)]
    pub now: bool,
    /// How long to stay for readers whose provider asked to be tried later, such as `2h`
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub wait: std::time::Duration,
    /// Also to readers of this list who joined after the mailing was opened; wants `--since`
    #[arg(long, value_name = "LIST", requires = "since")]
    pub list: Option<ListId>,
    /// Since when they joined: a date, or an instant such as `2026-11-22T09:00:00Z`
    #[arg(long, value_name = "DATE", requires = "list")]
    pub since: Option<String>,
    /// The report as JSON
    #[arg(long)]
    pub json: bool,
}

/// What a pause is about.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Scoped {
    /// The mailing of this issue
    pub id: Option<IssueId>,
    /// All mail to this provider, such as `google`
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// This relay
    #[arg(long, value_name = "NAME")]
    pub relay: Option<String>,
}

/// Stop for a while.
#[derive(Debug, Args)]
#[command(after_help = "A run at work notices within a second or two and ends with nothing in flight.")]
pub(super) struct PauseArgs {
    #[command(flatten)]
    pub whom: Scoped,
    /// Why, for whoever reads `status`
    #[arg(long, value_name = "WORDS", default_value = "an operator said so")]
    pub because: String,
}

/// End a mailing.
#[derive(Debug, Args)]
pub(super) struct Cancel {
    /// Which issue
    pub id: IssueId,
    /// It is meant
    #[arg(long)]
    pub yes: bool,
}

/// Try again.
#[derive(Debug, Args)]
#[command(after_help = "Addresses that do not exist are suppressed and stay so.")]
pub(super) struct Retry {
    /// Which issue
    pub id: IssueId,
    /// Those who were refused or expired
    #[arg(long, required = true)]
    pub failed: bool,
}

/// The newsroom, or a mailing.
#[derive(Debug, Args)]
pub(super) struct Status {
    /// Only the mailing of this issue, in full
    pub id: Option<IssueId>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// A listing with nothing to choose but its form.
#[derive(Debug, Args)]
pub(super) struct Listing {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Lines of the ledger.
#[derive(Debug, Args)]
#[command(after_help = "Fates: queued, claimed, submitting, accepted, deferred, refused, expired, withheld, doubtful.")]
pub(super) struct Deliveries {
    /// Which issue
    pub id: IssueId,
    /// Only those of this fate
    #[arg(long)]
    pub fate: Option<FateWord>,
    /// As CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// As JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// Readers in and out.
#[derive(Debug, Subcommand)]
pub(super) enum Subscribers {
    /// Enter one reader who asked for it
    Add {
        /// The address
        address: EmailAddress,
        /// The name
        #[arg(long)]
        name: Option<PersonName>,
        /// On which list; may be left out if there is only one
        #[arg(long)]
        list: Option<ListId>,
        /// Why one who is suppressed or erased may come back; kept with the consent, for good
        #[arg(long, value_name = "WHY", value_parser = super::subscribers::why)]
        lift: Option<String>,
    },
    /// Enter a whole roll: a CSV file, or the export of another tool
    #[command(
        after_help = "All of it or nothing: the roll is entered in one transaction. Nobody who left before is brought back.\nThe columns are found by their names: `email`, and if there are any `name` and `status`; `--map` names others.\nExports of Buttondown, Ghost, listmonk, Mailchimp, phpList and Substack are known by their columns. Who unsubscribed,\nbounced or complained there is suppressed here."
    )]
    Import(super::audience::ImportArgs),
    /// Make a list equal to a file: enter who is new, end who is not in it
    #[command(
        after_help = "One transaction, with a brake: where more than this part of the list would end, nothing is done. `--dry-run` shows\nwhat would happen. Nobody who left before is brought back."
    )]
    Sync(super::audience::SyncArgs),
    /// Write the readers to standard output; `import` takes the CSV back, with evidence and dates
    Export(super::audience::ExportArgs),
    /// Remove everything that tells of a person; only a keyed hash stays, which keeps the address from every roll
    Erase(super::audience::EraseArgs),
    /// Take a reader off a list, or off all
    Remove {
        /// The address
        address: EmailAddress,
        /// Off which list; all if left out
        #[arg(long)]
        list: Option<ListId>,
    },
    /// Everything that is known of one reader
    Show {
        /// The address
        address: EmailAddress,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Issues that are out.
#[derive(Debug, Subcommand)]
pub(super) enum ArchiveCommand {
    /// Bring in a folder of issues that went out before Masthead came; nothing is sent
    Import {
        /// The folder
        folder: PathBuf,
    },
    /// Write the public pages into a folder, for any web server
    Build(super::archive_build::Build),
    /// What is out, oldest first
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// See it all work.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Exit when everything is sent, instead of showing it in the browser
    #[arg(long)]
    pub once: bool,
    /// Where to show it
    #[arg(long, default_value = "127.0.0.1:8025", value_name = "ADDRESS")]
    pub listen: std::net::SocketAddr,
}

/// `90s`, `15m`, `2h`, `1 day`.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let wrong = || format!("`{text}` is no length of time; write it as `90s`, `15m` or `2h`");
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    length.try_into().map_err(|_| wrong())
}
