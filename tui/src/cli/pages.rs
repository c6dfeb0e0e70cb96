//! Completions for shells, and manual pages: made from the command line itself.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{CliError, Exit, exit};

/// The manual's chapter of programs.
const SECTION: &str = "1";

/// What is read besides the command line.
const VARIABLES: [(&str, &str); 6] = [
    ("BINNACLE_SERVER", "the server, instead of a context"),
    (
        "BINNACLE_TOKEN",
        "a token of this run, instead of a sign\\-in",
    ),
    ("BINNACLE_TOKEN_FILE", "a file with that token"),
    ("NO_COLOR", "no colours"),
    (
        "XDG_CONFIG_HOME",
        "where binnacle/tui.toml is, the file of contexts",
    ),
    (
        "XDG_DATA_HOME",
        "where binnacle/credentials is, the file of tokens",
    ),
];

/// `completions` and `man`.
pub(super) fn commands() -> [Command; 2] {
    [
        Command::new("completions")
            .about("prints completions for a shell")
            .arg(
                Arg::new("shell")
                    .required(true)
                    .value_parser(value_parser!(Shell)),
            ),
        Command::new("man")
            .about("prints the manual page of the program, or of one of its commands")
            .arg(
                Arg::new("command")
                    .value_name("COMMAND")
                    .num_args(0..)
                    .help("such as: users list"),
            )
            .arg(
                Arg::new("dir")
                    .long("dir")
                    .value_name("FOLDER")
                    .value_parser(value_parser!(PathBuf))
                    .conflicts_with("command")
                    .help("writes the pages of all commands there instead"),
            ),
    ]
}

/// Prints one of them.
pub(super) fn run(name: &str, matches: &ArgMatches) -> Result<Exit, CliError> {
    let mut command = super::command();
    if name == "man" {
        // `help` of every command says what its page says.
        command = command.disable_help_subcommand(true);
        command.build();
        return manual(&command, matches);
    }
    if let Some(shell) = matches.get_one::<Shell>("shell") {
        clap_complete::generate(*shell, &mut command, "binnacle-tui", &mut io::stdout());
    }
    Ok(Exit::Done)
}

fn manual(program: &Command, matches: &ArgMatches) -> Result<Exit, CliError> {
    if let Some(folder) = matches.get_one::<PathBuf>("dir") {
        let count = write_all(program, None, folder)?;
        exit::tell(&format!("{count} pages in {}", folder.display()));
        return Ok(Exit::Done);
    }
    let (mut shown, mut above) = (program, None);
    for word in matches.get_many::<String>("command").into_iter().flatten() {
        above = Some(name(shown));
        shown = shown
            .find_subcommand(word)
            .ok_or_else(|| CliError::Usage(format!("{} has no command {word:?}", name(shown))))?;
    }
    io::stdout().write_all(&page(shown, above.as_deref())?)?;
    Ok(Exit::Done)
}

/// `binnacle-tui-users-list`.
fn name(command: &Command) -> String {
    let name = command.get_display_name();
    name.unwrap_or_else(|| command.get_name()).to_owned()
}

/// Writes the page of a command and of those below it; how many these are.
fn write_all(command: &Command, above: Option<&str>, folder: &Path) -> io::Result<usize> {
    let name = name(command);
    let path = folder.join(format!("{name}.{SECTION}"));
    std::fs::write(path, page(command, above)?)?;
    let mut below = command.get_subcommands();
    below.try_fold(1, |count, command| {
        Ok(count + write_all(command, Some(&name), folder)?)
    })
}

/// A manual page, with how the program may end.
fn page(command: &Command, above: Option<&str>) -> io::Result<Vec<u8>> {
    // The codes have a section of their own.
    let man = Man::new(command.clone().after_help(None).after_long_help(None));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    writeln!(page, ".SH \"EXIT STATUS\"")?;
    for (code, meaning) in exit::codes() {
        writeln!(page, ".TP\n\\fB{code}\\fR\n{meaning}")?;
    }
    writeln!(page, ".SH ENVIRONMENT")?;
    for (variable, meaning) in VARIABLES {
        writeln!(page, ".TP\n\\fB{variable}\\fR\n{meaning}")?;
    }
    if let Some(above) = above {
        writeln!(page, ".SH \"SEE ALSO\"\n\\fB{above}\\fR({SECTION})")?;
    }
    Ok(page)
}
