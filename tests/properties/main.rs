//! Encoders and parsers against random input: what must hold whatever a person types.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod address;
mod audience;
mod compose;
mod feed;
mod form;
mod header;
mod manuscript;
mod query;
mod quoted_printable;
mod roll;
#[path = "../manuscripts/room.rs"]
#[allow(dead_code, reason = "the tables use the rest of it")]
mod room;
mod schedule;
mod token;
mod traffic;
