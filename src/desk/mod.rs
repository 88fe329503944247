//! One file per thing that a person or the clock may ask of a newsroom; the command line and the web call nothing else.

pub mod account;
pub mod archive;
pub mod check;
pub mod deliveries;
pub mod demo;
pub mod feeds;
pub mod init;
pub mod letters;
pub mod links;
pub mod mailings;
pub mod new;
pub mod render;
pub mod report;
pub mod send;
pub mod status;
pub mod subscribers;
