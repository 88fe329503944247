//! What the stories stand on: a newsroom to work in, real servers that misbehave on request, and readers who are not
//! easily pleased.

// Each story uses its part of this, none uses all; and a test binary has no outside to be reachable from.
#![allow(dead_code, unreachable_pub)]
// A server that cannot start fails its story at once.
#![allow(clippy::expect_used, clippy::unwrap_used)]

pub mod chance;
pub mod daemon;
pub mod demo;
pub mod disk;
pub mod holding;
pub mod later;
pub mod linter;
pub mod name_server;
pub mod newsroom;
pub mod pooler;
pub mod postfix;
pub mod postgres;
pub mod preview;
pub mod reading;
pub mod running;
pub mod served;
pub mod sink;
pub mod strait;
pub mod visitor;
pub mod web;
