//! The rules of Grafana's dashboard-linter, for whom has no Grafana at hand.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{boards, metrics};
use crate::architecture::source::{expect_none, root};

/// Units that the boards use, as Grafana spells them.
const UNITS: [&str; 9] = [
    "short",
    "s",
    "bytes",
    "Bps",
    "ops",
    "reqps",
    "cps",
    "percentunit",
    "currencyUSD",
];

/// Functions between which a counter must stand.
const OF_COUNTERS: [&str; 3] = ["rate(", "increase(", "irate("];

#[test]
fn boards_pass_the_linter() {
    let mut breaches = Vec::new();
    for (name, board) in boards::all() {
        let mut complaints = of_the_board(&board);
        for panel in boards::panels(&board) {
            let title = panel["title"].as_str().unwrap_or_default();
            complaints.extend(
                of_a_panel(panel)
                    .into_iter()
                    .map(|text| format!("{title}: {text}")),
            );
        }
        breaches.extend(complaints.into_iter().map(|text| format!("{name}: {text}")));
    }
    expect_none("Boards pass the linter", breaches);
}

fn of_the_board(board: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut demand = |holds: bool, text: &str| {
        if !holds {
            complaints.push(text.to_owned());
        }
    };
    demand(board["editable"] == false, "uneditable-dashboard");
    demand(
        board["title"]
            .as_str()
            .is_some_and(|title| title.starts_with("Binnacle: ")),
        "its title",
    );
    demand(
        board["description"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "its description",
    );
    let variables = board["templating"]["list"].as_array().expect("variables");
    let variable = |name: &str| variables.iter().find(|variable| variable["name"] == name);
    let source = variable("datasource").unwrap_or(&Value::Null);
    demand(
        source["type"] == "datasource"
            && source["query"] == "prometheus"
            && source["label"] == "Data source",
        "template-datasource-rule",
    );
    for (name, label) in [("job", "Job"), ("instance", "Instance")] {
        let variable = variable(name).unwrap_or(&Value::Null);
        demand(
            variable["type"] == "query"
                && variable["label"] == label
                && variable["multi"] == true
                && variable["allValue"] == ".+"
                && variable["datasource"]["uid"] == "${datasource}",
            &format!("template-{name}-rule"),
        );
        demand(
            variable["refresh"] == 2,
            "template-on-time-change-reload-rule",
        );
        let query = variable["query"]["query"].as_str().unwrap_or_default();
        demand(
            query.starts_with("label_values(binnacle_build_info"),
            "template-label-promql-rule",
        );
    }
    let ids: Vec<u64> = board["panels"]
        .as_array()
        .expect("panels")
        .iter()
        .filter_map(|panel| panel["id"].as_u64())
        .collect();
    let unique: BTreeSet<&u64> = ids.iter().collect();
    demand(unique.len() == ids.len(), "panel ids are not unique");
    complaints
}

fn of_a_panel(panel: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut demand = |holds: bool, text: &str| {
        if !holds {
            complaints.push(text.to_owned());
        }
    };
    let text = |field: &str| panel[field].as_str().unwrap_or_default();
    demand(
        !text("title").is_empty(),
        "panel-title-description-rule: no title",
    );
    demand(
        text("description").ends_with('.'),
        "panel-title-description-rule: no sentence",
    );
    demand(
        panel["datasource"]["uid"] == "${datasource}",
        "panel-datasource-rule",
    );
    let unit = panel["fieldConfig"]["defaults"]["unit"]
        .as_str()
        .unwrap_or_default();
    demand(UNITS.contains(&unit), "panel-units-rule");
    let targets = panel["targets"].as_array().expect("targets");
    demand(!targets.is_empty(), "panel-no-targets-rule");
    for link in panel["links"].as_array().expect("links") {
        let url = link["url"].as_str().unwrap_or_default();
        let page = url.strip_prefix("${house}/").unwrap_or(url);
        demand(
            root().join("docs").join(page).exists(),
            "a link to a runbook that is not there",
        );
    }
    complaints.extend(targets.iter().flat_map(of_a_target));
    complaints
}

fn of_a_target(target: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut demand = |holds: bool, text: &str| {
        if !holds {
            complaints.push(text.to_owned());
        }
    };
    let expression = target["expr"].as_str().unwrap_or_default();
    demand(
        !target["legendFormat"]
            .as_str()
            .unwrap_or_default()
            .is_empty(),
        "no legend",
    );
    demand(
        target["datasource"]["uid"] == "${datasource}",
        "panel-datasource-rule of a target",
    );
    for place in metrics::places(expression) {
        let name = &expression[place.clone()];
        if name == "ALERTS" || name.contains(':') {
            continue;
        }
        let selector = expression[place.end..]
            .split('}')
            .next()
            .unwrap_or_default();
        demand(selector.contains(r#"job=~"$job""#), "target-job-rule");
        demand(
            selector.contains(r#"instance=~"$instance""#),
            "target-instance-rule",
        );
        let counts =
            name.ends_with("_total") || name.ends_with("_bucket") || name.ends_with("_count");
        let within = OF_COUNTERS
            .iter()
            .any(|function| expression[..place.start].ends_with(function));
        demand(!counts || within, "target-counter-agg-rule");
    }
    for range in expression
        .split('[')
        .skip(1)
        .filter_map(|rest| rest.split(']').next())
    {
        let whole = expression.contains("increase(") && range == "$__range";
        demand(
            range == "$__rate_interval" || whole,
            "target-rate-interval-rule",
        );
    }
    complaints
}
