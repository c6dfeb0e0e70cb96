//! A board as it is written, in `dashboards/boards`, and the JSON that Grafana reads.
//!
//! Written by hand are the questions; what every panel needs besides (ids, places, the data source,
//! matchers for the process) is added here, the same for all.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::metrics;

/// A board.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Board {
    pub(super) title: String,
    description: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    title: String,
    panels: Vec<Panel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Panel {
    #[serde(default = "timeseries")]
    kind: String,
    /// Of 24.
    width: u32,
    #[serde(default = "height")]
    height: u32,
    title: String,
    description: String,
    unit: String,
    decimals: Option<u32>,
    #[serde(default)]
    thresholds: BTreeMap<String, String>,
    #[serde(default)]
    runbooks: Vec<String>,
    queries: Vec<Query>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    expr: String,
    legend: String,
}

fn timeseries() -> String {
    "timeseries".to_owned()
}

fn height() -> u32 {
    8
}

impl Board {
    pub(super) fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Grafana's JSON of the board of this name.
    pub(super) fn json(&self, name: &str) -> Value {
        let mut place = Place::default();
        let panels: Vec<Value> = self
            .rows
            .iter()
            .flat_map(|row| {
                let head = json!({
                    "id": place.id(), "type": "row", "title": row.title, "collapsed": false,
                    "panels": [], "gridPos": place.put(24, 1),
                });
                let panels: Vec<Value> = row
                    .panels
                    .iter()
                    .map(|panel| panel.json(&mut place))
                    .collect();
                std::iter::once(head).chain(panels)
            })
            .collect();
        json!({
            "uid": format!("binnacle-{name}"),
            "title": self.title,
            "description": self.description,
            "tags": ["binnacle"],
            "editable": false,
            "graphTooltip": 1,
            "refresh": "30s",
            "schemaVersion": 39,
            "time": {"from": "now-6h", "to": "now"},
            "timezone": "utc",
            "links": [{
                "type": "dashboards", "tags": ["binnacle"], "title": "Boards", "asDropdown": true,
                "includeVars": true, "keepTime": true, "targetBlank": false,
            }],
            "templating": {"list": variables()},
            "panels": panels,
        })
    }
}

fn variables() -> Value {
    let of_label = |name: &str, label: &str, query: &str| {
        json!({
            "name": name, "label": label, "type": "query", "datasource": source(),
            "query": {"query": query, "refId": name}, "definition": query, "refresh": 2, "sort": 1,
            "multi": true, "includeAll": true, "allValue": ".+",
            "current": {"text": "All", "value": "$__all"},
        })
    };
    json!([
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1,
         "current": {}},
        of_label("job", "Job", "label_values(binnacle_build_info, job)"),
        of_label("instance", "Instance", "label_values(binnacle_build_info{job=~\"$job\"}, instance)"),
        {"name": "house", "label": "Address of the house", "type": "textbox", "query": "https://localhost",
         "current": {"text": "https://localhost", "value": "https://localhost"}},
    ])
}

fn source() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

/// Where the next panel goes, and its number.
#[derive(Default)]
struct Place {
    last_id: u32,
    left: u32,
    top: u32,
    tallest: u32,
}

impl Place {
    fn id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    fn put(&mut self, width: u32, height: u32) -> Value {
        if self.left + width > 24 {
            self.top += self.tallest;
            (self.left, self.tallest) = (0, 0);
        }
        let place = json!({"x": self.left, "y": self.top, "w": width, "h": height});
        self.left += width;
        self.tallest = self.tallest.max(height);
        place
    }
}

impl Panel {
    fn json(&self, place: &mut Place) -> Value {
        let instant = self.kind != "timeseries";
        let targets: Vec<Value> = self
            .queries
            .iter()
            .zip('A'..)
            .map(|(query, letter)| {
                json!({
                    "refId": letter, "datasource": source(), "expr": of_the_chosen(&query.expr),
                    "legendFormat": query.legend, "instant": instant, "range": !instant,
                    "format": if self.kind == "table" { "table" } else { "time_series" },
                })
            })
            .collect();
        let links: Vec<Value> = self
            .runbooks
            .iter()
            .map(|alert| {
                json!({
                    "title": format!("Runbook: {alert}"), "targetBlank": true,
                    "url": format!("${{house}}/runbooks/{alert}.md"),
                })
            })
            .collect();
        let mut defaults =
            json!({"unit": self.unit, "custom": self.custom(), "thresholds": self.steps()});
        if let Some(decimals) = self.decimals {
            defaults["decimals"] = decimals.into();
        }
        json!({
            "id": place.id(),
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": source(),
            "gridPos": place.put(self.width, self.height),
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": self.options(),
            "targets": targets,
            "links": links,
        })
    }

    fn custom(&self) -> Value {
        if self.kind == "timeseries" {
            json!({"drawStyle": "line", "fillOpacity": 8, "lineWidth": 1, "showPoints": "never", "spanNulls": false})
        } else {
            json!({})
        }
    }

    fn options(&self) -> Value {
        match self.kind.as_str() {
            "timeseries" => json!({
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }),
            "table" => json!({"showHeader": true}),
            "bargauge" => {
                json!({"orientation": "horizontal", "displayMode": "basic", "reduceOptions": {"calcs": ["lastNotNull"]}})
            }
            _ => {
                json!({"colorMode": "value", "graphMode": "none", "reduceOptions": {"calcs": ["lastNotNull"]}})
            }
        }
    }

    fn steps(&self) -> Value {
        let mut steps: Vec<(f64, &String)> = self
            .thresholds
            .iter()
            .map(|(from, color)| (from.parse().expect("a threshold is a number"), color))
            .collect();
        steps.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut steps: Vec<Value> = steps
            .into_iter()
            .map(|(from, color)| json!({"value": from, "color": color}))
            .collect();
        if let Some(first) = steps.first_mut() {
            // The first step reaches down without end.
            first["value"] = Value::Null;
        } else {
            steps.push(json!({"value": null, "color": "green"}));
        }
        json!({"mode": "absolute", "steps": steps})
    }
}

/// The expression, of the chosen processes alone. What rules record and what Prometheus says of
/// itself has no process.
fn of_the_chosen(expression: &str) -> String {
    const CHOSEN: &str = r#"job=~"$job", instance=~"$instance""#;
    let mut text = expression.to_owned();
    for place in metrics::places(expression).into_iter().rev() {
        let name = &expression[place.clone()];
        if name == "ALERTS" || name.contains(':') {
            continue;
        }
        if expression[place.end..].starts_with('{') {
            text.insert_str(place.end + 1, &format!("{CHOSEN}, "));
        } else {
            text.insert_str(place.end, &format!("{{{CHOSEN}}}"));
        }
    }
    text
}

#[test]
fn an_expression_is_narrowed_to_the_chosen_processes() {
    assert_eq!(
        of_the_chosen(r#"sum(rate(a{b="c"}[5m])) / d:e / max(f)"#),
        r#"sum(rate(a{job=~"$job", instance=~"$instance", b="c"}[5m])) / d:e / max(f{job=~"$job", instance=~"$instance"})"#
    );
}
