//! What editors drop, and what they are told: every finding by name and place, nothing lost, nothing that hurts.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::format_collect)]

mod bombs;
mod codes;
mod dropped;
mod faulty;
mod feeds;
mod hostile;
mod links;
mod lossless;
mod related;
mod room;
mod settings;
mod templates;
mod told;
