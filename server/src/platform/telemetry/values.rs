//! The values of a moment, read from the very page that `/metrics` shows: whoever reckons with them
//! agrees with Prometheus.

use super::Telemetry;

/// Every series with its value, as rendered.
pub(crate) struct Values(String);

/// One line of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Series<'a> {
    /// With `_bucket`, `_sum` and `_count` for parts of a histogram.
    pub(crate) name: &'a str,
    labels: &'a str,
    pub(crate) value: f64,
}

impl Telemetry {
    /// What `/metrics` would show now, without the figures of the operating system.
    pub(crate) fn values(&self) -> Values {
        Values(self.0.render.render())
    }

    /// As [`Telemetry::values`], with the figures of the operating system.
    pub(crate) fn values_with_process(&self) -> Values {
        Values(self.render())
    }
}

impl Values {
    /// Every series.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Series<'_>> {
        self.0.lines().filter_map(Series::read)
    }

    /// The sum over the series of this name.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.iter()
            .filter(|series| series.name == name)
            .map(|series| series.value)
            .sum()
    }
}

impl<'a> Series<'a> {
    fn read(line: &'a str) -> Option<Self> {
        if line.starts_with('#') {
            return None;
        }
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}')?),
            None => (series, ""),
        };
        Some(Self {
            name,
            labels,
            value: value.parse().ok()?,
        })
    }

    /// The value of a label. Values of ours need no escapes: they are templates, names and words.
    pub(crate) fn label(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.labels;
        while let Some((key, after)) = rest.split_once("=\"") {
            let (value, next) = after.split_once('"')?;
            if key.trim_start_matches(',') == name {
                return Some(value);
            }
            rest = next;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_with_its_labels() {
        let line =
            "http_requests_total{method=\"GET\",endpoint=\"/api/stores/{id}\",status=\"200\"} 17";
        let series = Series::read(line).unwrap();
        assert_eq!(series.name, "http_requests_total");
        assert_eq!(series.label("endpoint"), Some("/api/stores/{id}"));
        assert_eq!(series.label("status"), Some("200"));
        assert_eq!(series.label("tatus"), None);
        assert!((series.value - 17.0).abs() < f64::EPSILON);
        assert_eq!(Series::read("# HELP x y"), None);
        let plain = Series::read("binnacle_ready 1").unwrap();
        assert_eq!((plain.name, plain.label("le")), ("binnacle_ready", None));
    }

    #[test]
    fn what_was_counted_is_read_back() {
        let telemetry = Telemetry::new().unwrap();
        telemetry.feed_lost.add(["jobs"], 3);
        telemetry.feed_lost.add(["audit"], 4);
        let sum = telemetry.values().sum("binnacle_feed_lost_total");
        assert!((sum - 7.0).abs() < f64::EPSILON);
    }
}
