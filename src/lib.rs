//! Masthead: a newsletter press in one binary.
//!
//! Read the rooms in the order in which an issue walks through them:
//!
//! 1. [`intake`] reads the issues folder and hands over bytes;
//! 2. [`manuscript`] turns one file into front matter and a document tree, each node with its position;
//! 3. [`issue`] assembles the issue: number, date, featured article, sections, related items from the archive;
//! 4. [`edition`] renders and freezes it, with merge fields open;
//! 5. [`store`] keeps readers and ledger: who is owed what, and what became of it;
//! 6. [`mailing`] composes one message per reader and judges what the relay answered;
//! 7. [`traffic`] says how much of it may go where, and when;
//! 8. [`relay`] hands the message over.
//!
//! [`archive`] tells which articles that are out have to do with an issue.
//!
//! [`desk`] is where these are joined into the things that a person or the clock may ask for; [`cli`] only parses and
//! prints, and [`daemon`] asks by itself.
//! ARCHITECTURE.md tells why the walls stand where they do, and `tests/architecture.rs` keeps them there.

pub mod app;
pub mod archive;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod dateline;
pub mod desk;
pub mod diagnostic;
pub mod edition;
pub mod intake;
pub mod issue;
pub mod mailing;
pub mod manuscript;
pub mod relay;
pub mod schedule;
pub mod store;
pub mod subscription;
pub mod traffic;
pub mod web;
