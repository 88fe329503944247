//! The newcomer's first minute: the sample newsroom, set up in a folder of its own and driven through the real chain.

use std::fs;
use std::path::Path;

use super::archive;
use super::rolls::{self, Asked};
use crate::app::{AppError, Newsroom};
use crate::config::CONFIG_PATH;
use crate::dateline::IssueId;
use crate::subscription::ListId;

/// The sample newsroom, file by file.
const SAMPLE: &[(&str, &[u8])] = &[
    (CONFIG_PATH, include_bytes!("../../config/masthead.toml")),
    (SUBSCRIBERS, include_bytes!("../../config/subscribers.csv")),
    ("issues/back/2026-04.md", include_bytes!("../../issues/back/2026-04.md")),
    ("issues/back/2026-06.md", include_bytes!("../../issues/back/2026-06.md")),
    ("issues/back/2026-09.md", include_bytes!("../../issues/back/2026-09.md")),
    ("issues/back/2026-10.md", include_bytes!("../../issues/back/2026-10.md")),
    ("issues/2026-11/issue.md", include_bytes!("../../issues/2026-11/issue.md")),
    ("issues/2026-11/farm-well.png", include_bytes!("../../issues/2026-11/farm-well.png")),
    ("issues/2026-11/well-survey.pdf", include_bytes!("../../issues/2026-11/well-survey.pdf")),
];

const SUBSCRIBERS: &str = "config/subscribers.csv";

/// The issue that the sample newsroom has ready.
pub const ISSUE: &str = "2026-11";

/// Where the sample newsroom's relay puts its mail.
pub const OUTBOX: &str = "outbox";

/// Writes the sample newsroom into a folder.
pub fn unpack(folder: &Path) -> Result<(), AppError> {
    for (path, octets) in SAMPLE {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(AppError::io("make the folder", parent))?;
        }
        fs::write(&path, octets).map_err(AppError::io("write", &path))?;
    }
    Ok(())
}

/// What stands in the newsroom before its issue is sent.
#[derive(Debug)]
pub struct Stocked {
    /// Back issues in the archive.
    pub back_issues: usize,
    /// What became of the roll.
    pub import: rolls::Import,
    /// The issue to send.
    pub issue: IssueId,
}

/// Fills the archive and the list of the sample newsroom.
pub async fn stock(newsroom: &Newsroom) -> Result<Stocked, AppError> {
    let wrong = |fault: &dyn std::fmt::Display| AppError::Refused(format!("the sample newsroom is faulty: {fault}"));
    let back = archive::import(newsroom, &newsroom.root().join("issues/back")).await?;
    let list: ListId = "general".parse().map_err(|fault| wrong(&fault))?;
    let import =
        rolls::import(newsroom, Asked { file: newsroom.root().join(SUBSCRIBERS), list: Some(list), ..Asked::default() }, |_, _| {}).await?;
    let issue = ISSUE.parse().map_err(|fault| wrong(&fault))?;
    Ok(Stocked { back_issues: back.issues.len(), import, issue })
}
