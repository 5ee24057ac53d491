//! The program: hands arguments and a snapshot of the environment to [`refund_desk::cli`].

use std::process::ExitCode;

use refund_desk::cli;
use refund_desk::config::Environ;

fn main() -> ExitCode {
    // The only place that reads the environment.
    let environ = Environ::new(std::env::vars_os());
    cli::main(std::env::args_os().collect(), environ)
}
