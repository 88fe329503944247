//! One file per thing that a person or the clock may ask of a newsroom; the command line, the daemon and the web call nothing else.

pub mod account;
pub mod adopt;
pub mod approval;
pub mod archive;
pub mod check;
pub mod correction;
pub mod deliveries;
pub mod demo;
pub mod hold;
pub mod init;
pub mod letters;
pub mod mailings;
pub mod new;
pub mod notice;
pub mod proof;
pub mod render;
pub mod report;
pub mod schedule;
pub mod send;
pub mod status;
pub mod subscribers;
pub mod suggest;
pub mod telling;
pub mod tray;
pub mod turns;
