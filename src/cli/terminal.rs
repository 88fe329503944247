//! Standard output for answers, standard error for everything said beside them.

use std::io::{self, IsTerminal as _, Write};

use serde::Serialize;

use super::Outcome;
use crate::app::AppError;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::print::{self, Style};

/// Where a command prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    style: Style,
    attended: bool,
}

#[allow(clippy::unused_self, reason = "who prints needs a terminal, even where today's printing asks nothing of it")]
impl Terminal {
    /// What is there: a person with colours, a person without, or a program.
    pub(super) fn detect() -> Self {
        let attended = io::stderr().is_terminal();
        let coloured = attended && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100);
        Self { style: Style { coloured, width }, attended }
    }

    /// Whether a person watches.
    pub(super) fn is_attended(&self) -> bool {
        self.attended
    }

    /// Writes an answer to standard output.
    pub(super) fn write(&self, answer: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Outcome, AppError> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        answer(&mut out).and_then(|()| out.flush()).map_err(AppError::io("write to", "standard output"))?;
        Ok(Outcome::Clean)
    }

    /// Writes an answer as one JSON document.
    pub(super) fn json(&self, answer: &impl Serialize) -> Result<Outcome, AppError> {
        self.write(|out| {
            serde_json::to_writer_pretty(&mut *out, answer)?;
            writeln!(out)
        })
    }

    /// Says something beside the answer.
    pub(super) fn say(&self, words: &str) {
        let _ = writeln!(io::stderr().lock(), "{words}");
    }

    /// Says why it could not be done.
    pub(super) fn complain(&self, words: &str) {
        self.say(&format!("masthead: {words}"));
    }

    /// Draws findings under the lines that they are about.
    pub(super) fn findings(&self, found: &[Diagnostic]) {
        if !found.is_empty() {
            let _ = write!(io::stderr().lock(), "{}", print::drawn(found, self.style));
        }
    }
}
