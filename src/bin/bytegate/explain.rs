//! `bytegate explain`: shows how bytes are parsed.

use crate::Failure;
use bytegate::testing::explain;
use std::io::Read;
use std::process::ExitCode;

pub(crate) fn run() -> Result<ExitCode, Failure> {
    let mut input = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut input)
        .map_err(|error| format!("cannot read standard input: {error}"))?;
    let explanation = explain(&input);
    crate::print(&explanation.to_string())?;
    Ok(if explanation.is_refused() {
        ExitCode::from(3)
    } else {
        ExitCode::SUCCESS
    })
}
