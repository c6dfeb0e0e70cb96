use std::path::{Path, PathBuf};

use super::{Telemetry, reference::metrics_page};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_metrics_page_is_current() {
    let (path, expected) = (root().join("docs/metrics.md"), metrics_page());
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == expected,
        "docs/metrics.md is not what the catalogue says; run \
         `UPDATE_GENERATED=1 cargo test -p server telemetry::` and commit it"
    );
}

/// The code of the server without blanks, its tests and the catalogue left out.
fn code(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                code(&path, text);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !matches!(&*name, "tests.rs" | "catalogue.rs")
        {
            let source = std::fs::read_to_string(&path).unwrap();
            text.extend(source.split_whitespace());
        }
    }
}

#[test]
fn every_metric_of_the_catalogue_is_recorded_somewhere() {
    let mut text = String::new();
    code(&root().join("server/src"), &mut text);
    let unrecorded: Vec<&str> = super::FIELDS
        .iter()
        .copied()
        .filter(|field| {
            let recorded = ["add", "increment", "set", "record"]
                .iter()
                .any(|act| text.contains(&format!(".{field}.{act}(")));
            !recorded && !text.contains(&format!("telemetry.{field}"))
        })
        .collect();
    assert_eq!(unrecorded, Vec::<&str>::new());
}

#[test]
fn names_follow_the_conventions_of_prometheus() {
    for declaration in super::DECLARATIONS {
        let name = declaration.name;
        let counter = matches!(declaration.kind, super::Kind::Counter);
        assert_eq!(counter, name.ends_with("_total"), "{name}");
        assert!(declaration.labels.len() <= 4, "{name}");
        assert!(!declaration.help.trim().is_empty(), "{name}");
    }
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "made-up"))]
fn a_value_that_is_not_declared_makes_no_series() {
    let telemetry = Telemetry::new().unwrap();
    telemetry.exports.increment(["made-up"]);
    let page = telemetry.render();
    assert!(page.contains("binnacle_exports_total{result=\"other\"} 1"));
}

#[test]
fn two_applications_in_one_process_count_apart() {
    let (one, other) = (Telemetry::new().unwrap(), Telemetry::new().unwrap());
    one.panics.increment([]);
    assert!(one.render().contains("binnacle_panics_total 1\n"));
    assert!(other.render().contains("binnacle_panics_total 0\n"));
}
