//! The program: hands arguments and a snapshot of the environment to [`refund_desk::cli`].

use std::process::ExitCode;

use refund_desk::cli;

fn main() -> ExitCode {
    // The only place that reads the environment.
    cli::main(std::env::args_os(), std::env::vars_os())
}
