//! Histograms as Prometheus keeps them: cumulative counts under upper bounds.

/// Cumulative counts by upper bound, the last of which is infinite.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Buckets(Vec<(f64, f64)>);

/// Three percentiles in the histogram's unit; `None` without observations.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Quantiles {
    pub(crate) p50: Option<f64>,
    pub(crate) p95: Option<f64>,
    pub(crate) p99: Option<f64>,
}

impl Buckets {
    /// Adds one bucket of one series.
    pub(super) fn add(&mut self, le: &str, count: f64) {
        let bound = match le {
            "+Inf" => f64::INFINITY,
            finite => match finite.parse() {
                Ok(bound) => bound,
                Err(_) => return,
            },
        };
        match self
            .0
            .binary_search_by(|(known, _)| known.total_cmp(&bound))
        {
            Ok(place) => self.0[place].1 += count,
            Err(place) => self.0.insert(place, (bound, count)),
        }
    }

    /// What was observed since `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        let counts = self.0.iter().map(|(bound, count)| {
            let earlier = before
                .0
                .iter()
                .find(|(known, _)| known.total_cmp(bound).is_eq());
            let earlier = earlier.map_or(0.0, |(_, count)| *count);
            (*bound, (count - earlier).max(0.0))
        });
        Self(counts.collect())
    }

    /// How many observations there are.
    pub(super) fn total(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, count)| *count)
    }

    /// As Prometheus' `histogram_quantile`: linear between the bounds; beyond the last finite bound,
    /// that bound.
    pub(super) fn quantile(&self, quantile: f64) -> Option<f64> {
        let total = self.total();
        if total <= 0.0 {
            return None;
        }
        let rank = quantile * total;
        let place = self.0.iter().position(|(_, count)| *count >= rank)?;
        let (bound, count) = self.0[place];
        let (lower, below) = match place.checked_sub(1) {
            Some(previous) => self.0[previous],
            None => (0.0, 0.0),
        };
        if bound.is_infinite() {
            return Some(lower);
        }
        let inside = count - below;
        if inside <= 0.0 {
            return Some(bound);
        }
        Some(lower + (bound - lower) * (rank - below) / inside)
    }

    pub(super) fn quantiles(&self) -> Quantiles {
        Quantiles {
            p50: self.quantile(0.5),
            p95: self.quantile(0.95),
            p99: self.quantile(0.99),
        }
    }
}
