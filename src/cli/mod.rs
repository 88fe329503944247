//! Parses the command line, asks the desk, prints the answer, and says in the exit code how it went.

mod archive_build;
mod args;
mod audience;
mod demo;
mod editors;
mod links;
mod listing;
mod mailings;
mod newsroom;
mod preview;
mod schedule;
mod send;
mod serve;
mod status;
mod store;
mod subscribers;
mod suggest;
mod terminal;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser as _};

use crate::app::{AppError, Newsroom};
use crate::clock::{Clock, RehearsalClock, SystemClock};
use args::{ArchiveCommand, Cli, Command};
use terminal::Terminal;

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All is well: 0.
    Clean,
    /// Something is to be mended or is not done yet: 1.
    Findings,
}

/// Runs one command to its end.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let terminal = Terminal::detect();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(fault) => {
            let _ = fault.print();
            return ExitCode::from(u8::try_from(fault.exit_code()).unwrap_or(2));
        }
    };
    keep_log(if matches!(cli.command, Command::Serve(_)) { "info,notify=error" } else { "off" });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(fault) => {
            terminal.complain(&format!("could not start: {fault}"));
            return ExitCode::from(2);
        }
    };
    match runtime.block_on(dispatch(cli, &terminal)) {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        // Whoever reads our output has heard enough.
        Err(AppError::Io { cause, .. }) if cause.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(fault) => {
            if let AppError::Faulty(found) = &fault {
                terminal.findings(found);
            }
            terminal.complain(&fault.to_string());
            ExitCode::from(if fault.is_finding() { 1 } else { 2 })
        }
    }
}

/// The operator's log goes to standard error; `RUST_LOG` says how much of it, else `usual` does.
fn keep_log(usual: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| usual.into());
    // The press's library would tell every value that it prints, links and addresses among them (STANDARDS T7).
    let filter = "handlebars=warn".parse().into_iter().fold(filter, tracing_subscriber::EnvFilter::add_directive);
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}

async fn dispatch(cli: Cli, terminal: &Terminal) -> Result<Outcome, AppError> {
    let root = cli.newsroom;
    match cli.command {
        Command::Completions { shell } => {
            // Into memory first: the generator panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "masthead", &mut script);
            terminal.write(|out| out.write_all(&script))
        }
        Command::Man { out: None } => terminal.write(|out| clap_mangen::Man::new(Cli::command()).render(out)),
        Command::Man { out: Some(folder) } => manual(&folder),
        Command::Init(asked) => newsroom::init(&root, &asked, terminal),
        Command::Demo(asked) => demo::run(&asked, terminal).await,
        Command::Store(asked) => store::run(store::stores(&root)?, asked, terminal).await,
        command => {
            let environment = environment();
            let newsroom = Newsroom::open(&root, &environment, clock()).await?;
            terminal.findings(newsroom.warnings());
            match command {
                Command::Serve(_) => serve::run(newsroom, environment, terminal).await,
                Command::Preview(asked) => preview::run(newsroom, asked, terminal).await,
                Command::Archive(ArchiveCommand::Build(asked)) => archive_build::run(newsroom, asked, terminal).await,
                command => with_newsroom(command, &newsroom, terminal).await,
            }
        }
    }
}

/// The machine's clock, or in a rehearsal the one that a file sets.
fn clock() -> Arc<dyn Clock> {
    match std::env::var_os("MASTHEAD_CLOCK") {
        Some(file) => Arc::new(RehearsalClock(file.into())),
        None => Arc::new(SystemClock),
    }
}

/// The variables of the environment. A name that is not UTF-8 is none of ours; a value that is not is found to be wrong.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))).collect()
}

/// Writes a page for each command.
fn manual(folder: &Path) -> Result<Outcome, AppError> {
    std::fs::create_dir_all(folder).map_err(AppError::io("make the folder", folder))?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(AppError::io("write into", folder))?;
    Ok(Outcome::Clean)
}

async fn with_newsroom(command: Command, newsroom: &Newsroom, terminal: &Terminal) -> Result<Outcome, AppError> {
    match command {
        Command::New(asked) => newsroom::new(newsroom, asked, terminal).await,
        Command::Check(asked) => newsroom::check(newsroom, &asked, terminal).await,
        Command::Render(asked) => newsroom::render(newsroom, &asked, terminal).await,
        Command::Suggest(asked) => suggest::run(newsroom, &asked, terminal).await,
        Command::Proof(asked) => editors::proof(newsroom, &asked, terminal).await,
        Command::Approve(asked) => editors::approve(newsroom, &asked, terminal).await,
        Command::Hold(asked) => editors::hold(newsroom, asked, terminal).await,
        Command::Send(asked) => send::run(newsroom, asked, terminal).await,
        Command::Pause(asked) => mailings::pause(newsroom, asked, terminal).await,
        Command::Resume(asked) => mailings::resume(newsroom, asked, terminal).await,
        Command::Cancel(asked) => mailings::cancel(newsroom, asked, terminal).await,
        Command::Retry(asked) => mailings::retry(newsroom, asked, terminal).await,
        Command::Schedule(asked) => schedule::run(newsroom, &asked, terminal).await,
        Command::Adopt => serve::adopt(newsroom, terminal).await,
        Command::Status(asked) => status::run(newsroom, &asked, terminal).await,
        Command::Deliveries(asked) => listing::deliveries(newsroom, &asked, terminal).await,
        Command::Lists(asked) => listing::lists(newsroom, asked.json, terminal).await,
        Command::Archive(ArchiveCommand::Import { folder }) => listing::archive_import(newsroom, &folder, terminal).await,
        Command::Archive(ArchiveCommand::List { json }) => listing::archive(newsroom, json, terminal).await,
        Command::Subscribers(asked) => subscribers::run(newsroom, asked, terminal).await,
        Command::Init(_)
        | Command::Demo(_)
        | Command::Serve(_)
        | Command::Preview(_)
        | Command::Store(_)
        | Command::Archive(ArchiveCommand::Build(_))
        | Command::Completions { .. }
        | Command::Man { .. } => Ok(Outcome::Clean),
    }
}
