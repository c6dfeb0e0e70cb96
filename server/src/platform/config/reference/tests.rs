use std::path::{Path, PathBuf};

use super::super::{Config, EnvSource};
use super::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn assert_current(name: &str, expected: &str) {
    let path = root().join(name);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, expected).unwrap();
    }
    let actual = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        actual == expected,
        "{name} is not what the table of settings says; run \
         `UPDATE_GENERATED=1 cargo test -p server config::reference` and commit it"
    );
}

#[test]
fn the_env_example_is_current() {
    assert_current(".env.example", &env_example());
}

#[test]
fn the_configuration_page_is_current() {
    assert_current("docs/configuration.md", &configuration_page());
}

#[test]
fn the_env_example_uncommented_is_the_defaults() {
    let uncommented = env_example().replace("\n#", "\n");
    let entries: Vec<(String, String)> = uncommented
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| {
            SECTIONS.iter().any(|section| {
                section
                    .variables
                    .iter()
                    .any(|variable| variable.name == *name)
            })
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(
        entries.len(),
        SECTIONS
            .iter()
            .map(|section| section.variables.len())
            .sum::<usize>()
    );
    let (config, _) = Config::load(&EnvSource::from_pairs(entries)).unwrap();
    assert!(config.masked().iter().all(|setting| !setting.differs));
}
