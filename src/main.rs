//! The door: everything else is in the library.

use std::process::ExitCode;

/// The system's own keeps what a look at a long archive took; this one gives it back, and a daemon rests for weeks.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    masthead::cli::run(std::env::args_os())
}
