//! The provider under the cursor: its keys by their labels, its uses, how fast it is.

use api::console::{BreakerState, KeySlot, KeySlotState, Percentiles, Provider};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screens::View;
use crate::text::units;
use crate::text::width::{Align, fit};
use crate::theme::Role;
use crate::widgets::line::{self, Part};

/// From this width on the keys and the rest stand side by side.
const WIDE: u16 = 100;

pub(super) fn draw(provider: &Provider, area: Rect, buffer: &mut Buffer, view: &View) {
    let name = &provider.name;
    let keys = format!("{name}: key slots (labels only)");
    let rest = format!("{name}: uses and speed");
    if area.width >= WIDE {
        let half = area.width / 2;
        let left = Rect {
            width: half.saturating_sub(1),
            ..area
        };
        let right = Rect {
            x: area.x + half,
            width: area.width - half,
            ..area
        };
        line::rule(buffer, line::row(left, 0), &keys, view);
        draw_keys(provider, 1, left, buffer, view);
        line::rule(buffer, line::row(right, 0), &rest, view);
        draw_rest(provider, 1, right, buffer, view);
    } else {
        line::rule(buffer, line::row(area, 0), &keys, view);
        let keys = draw_keys(provider, 1, area, buffer, view);
        draw_rest(provider, keys, area, buffer, view);
    }
}

/// Draws from a line on; the line after the last is the answer.
fn draw_keys(provider: &Provider, from: u16, area: Rect, buffer: &mut Buffer, view: &View) -> u16 {
    if provider.slots.is_empty() {
        let text = " it needs no key";
        line::text(buffer, line::row(area, from), text, Role::Muted, view);
        return from + 1;
    }
    let mut row = from;
    for slot in &provider.slots {
        if row >= area.height {
            break;
        }
        line::parts(buffer, line::row(area, row), &key(slot, view), view);
        row += 1;
    }
    row
}

fn key(slot: &KeySlot, view: &View) -> Vec<Part> {
    let (role, state) = match slot.state {
        KeySlotState::InUse => (Role::Ok, "in use"),
        KeySlotState::Ready => (Role::Plain, "ready"),
        KeySlotState::Cooling => (Role::Warn, "cooling"),
    };
    let mut parts = vec![
        line::plain(format!(" {}", fit(&slot.label, 16, Align::Left))),
        (role, format!(" {state:<8}")),
        line::plain(format!("{:>6} calls", units::count_i(slot.calls))),
    ];
    let limited = if slot.limited > 0 {
        (Role::Warn, format!("{:>4}x 429", slot.limited))
    } else {
        line::plain(" ".repeat(9))
    };
    parts.push(limited);
    if let Some(at) = slot.cools_until {
        parts.push((Role::Warn, format!("  cools {}", view.until(at))));
    }
    parts
}

fn draw_rest(provider: &Provider, from: u16, area: Rect, buffer: &mut Buffer, view: &View) {
    let mut rows: Vec<Vec<Part>> = breaker(provider, view).into_iter().collect();
    if provider.simulated {
        let text = " latency is simulated: nothing here is of a model".to_owned();
        rows.push(vec![(Role::Warn, text)]);
    }
    let live = view.live(Role::Plain);
    for (of, times) in [
        ("calls", &provider.latency_ms),
        ("first token", &provider.first_token_ms),
    ] {
        rows.push(vec![
            (Role::Muted, format!(" {of:<12}")),
            (live, percentiles(times)),
        ]);
    }
    for used in &provider.uses {
        let model = used.model.as_deref().unwrap_or(units::UNKNOWN);
        let text = format!(" {} place {}  {model}", used.capability, used.place);
        rows.push(vec![line::plain(text)]);
    }
    for (row, parts) in (from..area.height).zip(rows) {
        line::parts(buffer, line::row(area, row), &parts, view);
    }
}

/// `p50 1.9s p95 4.8s p99 6.7s`.
fn percentiles(times: &Percentiles) -> String {
    let ms = |value: Option<f64>| {
        value.map_or_else(
            || units::UNKNOWN.to_owned(),
            |ms| units::duration_ms(units::whole(ms)),
        )
    };
    format!(
        "p50 {} p95 {} p99 {}",
        ms(times.p50),
        ms(times.p95),
        ms(times.p99)
    )
}

/// Why calls do not all go through, and until when.
fn breaker(provider: &Provider, view: &View) -> Option<Vec<Part>> {
    let mut text = match provider.state {
        BreakerState::Closed => return None,
        BreakerState::Open => " breaker open: calls are refused".to_owned(),
        BreakerState::HalfOpen => " breaker half-open: one call tries it".to_owned(),
    };
    let role = if provider.state == BreakerState::Open {
        Role::Bad
    } else {
        Role::Warn
    };
    if let Some(at) = provider.half_open_at {
        text = format!("{text}, one tries in {}", view.until(at));
    }
    if let Some(error) = &provider.last_error {
        text = format!("{text}; last error {}", error.class);
    }
    Some(vec![(role, text)])
}
