//! The whole of the charge under the cursor: lists round, this does not.

use api::console::LedgerEntry;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screens::View;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::line::{self, Part};

/// Lines that it needs: the rule, the money, the links.
pub(super) const HEIGHT: u16 = 3;

pub(super) fn draw(entry: &LedgerEntry, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(
        buffer,
        line::row(area, 0),
        &format!("Charge {}", entry.id),
        view,
    );
    let mut money = vec![
        ("exactly", units::money_exact(entry.amount_nanos)),
        ("provider", or_unknown(entry.provider.as_ref())),
        ("model", or_unknown(entry.model.as_ref())),
    ];
    if let Some(tokens) = entry.tokens_in {
        money.push(("in", units::count_i(tokens)));
    }
    if let Some(tokens) = entry.tokens_out {
        money.push(("out", units::count_i(tokens)));
    }
    if let (Some(units), Some(unit)) = (entry.units, &entry.unit) {
        money.push((unit.as_str(), units::count_i(units)));
    }
    facts(&money, line::row(area, 1), buffer, view);
    let user = entry
        .user_id
        .map_or_else(|| "erased".to_owned(), |id| id.to_string());
    let mut links = vec![("user", user)];
    if let Some(job) = &entry.job_id {
        links.push(("job", job.clone()));
    }
    let named = [
        ("stream", &entry.stream_id),
        ("hold", &entry.hold_id),
        ("trace", &entry.trace_id),
    ];
    for (name, id) in named {
        if let Some(id) = id {
            links.push((name, id.clone()));
        }
    }
    facts(&links, line::row(area, 2), buffer, view);
}

fn or_unknown(text: Option<&String>) -> String {
    text.cloned().unwrap_or_else(|| units::UNKNOWN.to_owned())
}

fn facts(facts: &[(&str, String)], area: Rect, buffer: &mut Buffer, view: &View) {
    let mut parts: Vec<Part> = Vec::new();
    for (name, value) in facts {
        let before = if parts.is_empty() {
            " ".to_owned()
        } else {
            format!(" {} ", view.glyphs.dot)
        };
        parts.push((Role::Muted, format!("{before}{name} ")));
        parts.push(line::plain(value.clone()));
    }
    line::parts(buffer, area, &parts, view);
}
