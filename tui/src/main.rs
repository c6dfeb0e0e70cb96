//! The admin console. It is still to be built; until then this program says where its subjects can
//! be seen and steered.

use std::io::{self, Write};

use clap::Parser;

const NOTICE: &str = "\
The admin console of Binnacle is not built yet.

It will show users, budgets, jobs, streams and the audit log of a running server on any terminal of
80x24 and more, and follow them as they change, with an admin's login over HTTP.

Until then, use the admin API: every route is described at /docs of a running server, such as
http://127.0.0.1:8000/docs, and in machine-readable form at /openapi.json.
";

/// The admin console of Binnacle: not built yet; says where the admin API is.
#[derive(Parser)]
#[command(name = "binnacle-tui", version)]
struct Arguments;

fn main() -> io::Result<()> {
    let Arguments = Arguments::parse();
    io::stdout().write_all(NOTICE.as_bytes())
}
