//! What the stories stand on: real servers of our own that misbehave on request.

// Each story uses its part of this, none uses all; and a test binary has no outside to be reachable from.
#![allow(dead_code, unreachable_pub)]
// A server that cannot start fails its story at once.
#![allow(clippy::expect_used, clippy::unwrap_used)]

pub mod sink;
