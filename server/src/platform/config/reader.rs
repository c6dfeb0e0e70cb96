//! Typed reading: every variable through its declaration, every problem collected.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use entities::Nanos;
use ipnet::IpNet;
use secrecy::SecretString;

use super::env::{EnvSource, Found, Layers};
use super::gate::SecretFile;
use super::problem::{Problem, Warning};
use super::variable::{Origin, Setting, Variable, WITHOUT_EFFECT};

/// The most characters of a wrong value that a message repeats.
const SHOWN_CHARS: usize = 60;

/// Why a value cannot be taken: what is wrong, and what would do.
pub(super) struct Malformed {
    pub(super) problem: String,
    pub(super) remedy: String,
}

impl Malformed {
    pub(super) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

/// Reads settings and remembers what was read, from where, and what was wrong.
pub(super) struct Reader<'s> {
    layers: Layers<'s>,
    source: &'s EnvSource,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
    settings: Vec<Setting>,
    secret_files: Vec<SecretFile>,
    secrets: Vec<SecretString>,
    broken: BTreeSet<String>,
}

/// What a reader leaves behind.
pub(super) struct Reading {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
    pub(super) settings: Vec<Setting>,
    /// Files that secrets were read from.
    pub(super) secret_files: Vec<SecretFile>,
    /// Every secret that is set.
    pub(super) secrets: Vec<SecretString>,
    /// Variables whose given value could not be taken and was replaced by the default.
    pub(super) broken: BTreeSet<String>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s EnvSource) -> Self {
        Self {
            layers: source.layers(),
            source,
            problems: Vec::new(),
            warnings: Vec::new(),
            settings: Vec::new(),
            secret_files: Vec::new(),
            secrets: Vec::new(),
            broken: BTreeSet::new(),
        }
    }

    pub(super) fn finish(mut self) -> Reading {
        for (name, instead) in WITHOUT_EFFECT {
            if self.layers.is_set(name) {
                self.warnings
                    .push(Warning::new(name, format!("has no effect: {instead}")));
            }
        }
        Reading {
            problems: self.problems,
            warnings: self.warnings,
            settings: self.settings,
            secret_files: self.secret_files,
            secrets: self.secrets,
            broken: self.broken,
        }
    }

    /// Puts the `.env` file, if the source has one, beneath the process environment.
    pub(super) fn read_dotenv(&mut self) {
        if let Some(path) = self.source.dotenv()
            && let Err(problem) = self.layers.read_dotenv(path)
        {
            self.problems.push(problem);
        }
    }

    /// The value in effect before anything is recorded, for what decides how to read the rest.
    pub(super) fn peek(&self, variable: &Variable) -> Option<String> {
        self.layers
            .find(variable)
            .ok()
            .flatten()
            .map(|found| found.text)
    }

    pub(super) fn problem(
        &mut self,
        variable: &Variable,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.broken.insert(variable.name.to_owned());
        self.problems
            .push(Problem::new(variable.name, problem, remedy));
    }

    pub(super) fn warning(&mut self, variable: &Variable, message: impl Into<String>) {
        self.warnings.push(Warning::new(variable.name, message));
    }

    fn find(&mut self, variable: &Variable) -> Option<Found> {
        match self.layers.find(variable) {
            Ok(found) => {
                self.record(variable, found.as_ref());
                if let Some(found) = &found {
                    self.warn_of_ignored_names(variable, found);
                }
                found
            }
            Err(problem) => {
                self.record(variable, None);
                self.broken.insert(variable.name.to_owned());
                self.problems.push(problem);
                None
            }
        }
    }

    fn warn_of_ignored_names(&mut self, variable: &Variable, found: &Found) {
        for name in self.layers.ignored(variable, found) {
            self.warnings.push(Warning::new(
                name,
                format!("is ignored, because {} is set to another value", found.name),
            ));
        }
    }

    fn record(&mut self, variable: &Variable, found: Option<&Found>) {
        let text = found.map_or(variable.default, |found| &found.text);
        if variable.secret
            && let Some(file) = found.and_then(|found| found.file.as_ref())
        {
            self.secret_files.push(SecretFile {
                variable: variable.name,
                path: file.path.clone(),
                world_readable: file.world_readable,
            });
        }
        if variable.secret && !text.is_empty() {
            self.secrets.push(SecretString::from(text));
        }
        let parted = without_password(text).filter(|_| !variable.secret);
        let shown = parted.map(|(address, password)| {
            self.secrets.push(SecretString::from(password));
            address
        });
        self.settings.push(Setting {
            name: variable.name,
            origin: found.map_or(Origin::Default, |found| found.origin),
            value: (!variable.secret && !text.is_empty())
                .then(|| shown.unwrap_or_else(|| text.to_owned())),
            secret_bytes: (variable.secret && !text.is_empty()).then_some(text.len()),
            secret: variable.secret,
            differs: text != variable.default,
        });
    }

    /// A value that may be absent, taken through `parse`.
    pub(super) fn optional<T>(
        &mut self,
        variable: &Variable,
        parse: impl Fn(&str) -> Result<T, Malformed>,
    ) -> Option<T> {
        let found = self.find(variable)?;
        match parse(&found.text) {
            Ok(value) => Some(value),
            Err(malformed) => {
                let problem = if variable.secret {
                    malformed.problem
                } else {
                    format!("{}, it is `{}`", malformed.problem, shown(&found.text))
                };
                self.broken.insert(variable.name.to_owned());
                self.problems
                    .push(Problem::new(found.name, problem, malformed.remedy));
                None
            }
        }
    }

    /// A value taken through `parse`; the declared default when it is absent or wrong.
    pub(super) fn value<T: Default>(
        &mut self,
        variable: &Variable,
        parse: impl Fn(&str) -> Result<T, Malformed>,
    ) -> T {
        self.optional(variable, &parse)
            .or_else(|| parse(variable.default).ok())
            .unwrap_or_default()
    }

    pub(super) fn text(&mut self, variable: &Variable) -> String {
        self.value(variable, |text| Ok(text.to_owned()))
    }

    pub(super) fn optional_text(&mut self, variable: &Variable) -> Option<String> {
        self.optional(variable, |text| Ok(text.to_owned()))
    }

    pub(super) fn secret(&mut self, variable: &Variable) -> Option<SecretString> {
        self.optional(variable, |text| Ok(SecretString::from(text)))
    }

    /// One on each line.
    pub(super) fn secrets(&mut self, variable: &Variable) -> Vec<SecretString> {
        let lines = |text: &str| {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            Ok(lines.map(SecretString::from).collect())
        };
        self.optional(variable, lines).unwrap_or_default()
    }

    pub(super) fn flag(&mut self, variable: &Variable) -> bool {
        self.value(variable, parse_flag)
    }

    /// Like `flag`, telling "not set" apart.
    pub(super) fn optional_flag(&mut self, variable: &Variable) -> Option<bool> {
        self.optional(variable, parse_flag)
    }

    pub(super) fn integer<T>(&mut self, variable: &Variable, allowed: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + std::fmt::Display + Default,
    {
        self.value(variable, |text| parse_integer(text, &allowed))
    }

    /// A duration given as a whole number of seconds.
    pub(super) fn seconds(
        &mut self,
        variable: &Variable,
        allowed: RangeInclusive<u64>,
    ) -> Duration {
        Duration::from_secs(self.integer(variable, allowed))
    }

    /// A size given in mebibytes, in bytes.
    pub(super) fn mebibytes(&mut self, variable: &Variable, allowed: RangeInclusive<u64>) -> u64 {
        self.integer(variable, allowed).saturating_mul(1024 * 1024)
    }

    /// A list given as comma-separated text or as a JSON array of strings.
    pub(super) fn list(&mut self, variable: &Variable) -> Vec<String> {
        self.value(variable, parse_list)
    }

    /// Dollars given as a decimal number.
    pub(super) fn dollars(&mut self, variable: &Variable) -> Option<Nanos> {
        self.optional(variable, parse_dollars)
    }

    /// Networks given as addresses or CIDR blocks.
    pub(super) fn networks(&mut self, variable: &Variable) -> Vec<IpNet> {
        let entries = self.list(variable);
        let mut networks = Vec::with_capacity(entries.len());
        for entry in entries {
            match parse_network(&entry) {
                Some(network) => networks.push(network),
                None => self.problem(
                    variable,
                    format!("Invalid {} entry `{}`", variable.name, shown(&entry)),
                    "Give addresses or CIDR blocks such as 10.0.0.0/8, separated by commas",
                ),
            }
        }
        networks
    }
}

fn shown(text: &str) -> String {
    let mut characters = text.chars();
    let mut head: String = characters.by_ref().take(SHOWN_CHARS).collect();
    if characters.next().is_some() {
        head.push('…');
    }
    head
}

pub(super) fn parse_flag(text: &str) -> Result<bool, Malformed> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(Malformed::new(
            "is not a yes or a no",
            "Use `true` or `false`",
        )),
    }
}

pub(super) fn parse_integer<T>(text: &str, allowed: &RangeInclusive<T>) -> Result<T, Malformed>
where
    T: FromStr + PartialOrd + std::fmt::Display,
{
    let remedy = || {
        format!(
            "Use a whole number from {} to {}",
            allowed.start(),
            allowed.end()
        )
    };
    match text.parse::<T>() {
        Ok(number) if allowed.contains(&number) => Ok(number),
        Ok(_) => Err(Malformed::new("is out of range", remedy())),
        Err(_) => Err(Malformed::new("is not a whole number in range", remedy())),
    }
}

pub(super) fn parse_list(text: &str) -> Result<Vec<String>, Malformed> {
    let entries: Vec<String> = if text.starts_with('[') {
        serde_json::from_str(text).map_err(|_| {
            Malformed::new(
                "is not a JSON array of strings",
                "Use `a,b` or `[\"a\",\"b\"]`",
            )
        })?
    } else {
        text.split(',').map(str::to_owned).collect()
    };
    Ok(entries
        .into_iter()
        .map(|entry| entry.trim().to_owned())
        .filter(|entry| !entry.is_empty())
        .collect())
}

/// The most that a dollar setting may be: what the contract's budget column holds.
const MAX_DOLLARS: f64 = 99_999_999.99;

pub(super) fn parse_dollars(text: &str) -> Result<Nanos, Malformed> {
    text.parse::<f64>()
        .ok()
        .filter(|dollars| (0.0..=MAX_DOLLARS).contains(dollars))
        .and_then(Nanos::from_usd)
        .ok_or_else(|| {
            Malformed::new(
                "is not an amount in dollars",
                "Use a decimal number from 0 to 99999999.99, without a currency sign",
            )
        })
}

fn parse_network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>()
        .ok()
        .map(|network| network.trunc())
        .or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

/// An address without the password that stands in it, and that password; a name alone counts as one.
fn without_password(text: &str) -> Option<(String, String)> {
    let mut url = url::Url::parse(text).ok().filter(url::Url::has_authority)?;
    let (password, masked) = match (url.password(), url.username()) {
        (Some(password), _) => (password.to_owned(), url.set_password(Some("***"))),
        (None, "") => return None,
        (None, name) => (name.to_owned(), url.set_username("***")),
    };
    masked.ok()?;
    Some((url.to_string(), password))
}
