//! Measures the press side by side with others, and prints one table: `cargo bench --bench press`.
//!
//! The binary is a black box here: it works in a throw-away newsroom and sends to a sink that is a process of its own.
//! Compare the ratios, and those of one run only: what else the machine does moves every figure. It is no test: short
//! figures end well. It fails where a message was lost or came twice.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark is a program that prints")]

#[cfg(target_os = "linux")]
mod args;
#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod composing;
#[cfg(target_os = "linux")]
mod figures;
#[cfg(target_os = "linux")]
mod measuring;
#[cfg(target_os = "linux")]
mod newsroom;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod sink;
#[cfg(target_os = "linux")]
mod table;
#[cfg(target_os = "linux")]
mod yardsticks;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    report::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("the benchmark reads what Linux tells about processes; it does not run here");
}
