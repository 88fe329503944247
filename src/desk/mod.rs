//! One file per thing that a person or the clock may ask of a newsroom; the command line and the web call nothing else.

pub mod account;
pub mod archive;
pub mod check;
pub mod deliveries;
pub mod demo;
pub mod init;
pub mod letters;
pub mod mailings;
pub mod new;
pub mod preview;
pub mod render;
pub mod report;
pub mod send;
pub mod status;
pub mod subscribers;
