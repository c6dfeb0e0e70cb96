//! The keys of the provider under the cursor, by their labels, and where it is used.

use api::console::{KeySlotState, Provider};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screens::View;
use crate::text::units;
use crate::text::width::{Align, fit};
use crate::theme::Role;
use crate::widgets::line::{self, Part};

pub(super) fn draw(provider: &Provider, area: Rect, buffer: &mut Buffer, view: &View) {
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
    let title = format!("{}: key slots (labels only)", provider.name);
    line::rule(buffer, line::row(left, 0), &title, view);
    for (row, slot) in (1..left.height).zip(&provider.slots) {
        let (role, state) = match slot.state {
            KeySlotState::InUse => (Role::Ok, "in use"),
            KeySlotState::Ready => (Role::Plain, "ready"),
            KeySlotState::Cooling => (Role::Warn, "cooling"),
        };
        let cools = slot
            .cools_until
            .map_or_else(String::new, |at| format!("  cools {}", view.until(at)));
        let parts: Vec<Part> = vec![
            (
                Role::Plain,
                format!(" {}", fit(&slot.label, 14, Align::Left)),
            ),
            (role, format!(" {state:<8}")),
            (
                Role::Plain,
                format!(
                    "{:>6} calls  {} limited{cools}",
                    units::count_i(slot.calls),
                    slot.limited
                ),
            ),
        ];
        line::parts(buffer, line::row(left, row), &parts, view);
    }
    line::rule(
        buffer,
        line::row(right, 0),
        &format!("{}: uses", provider.name),
        view,
    );
    for (row, used) in (1..right.height).zip(&provider.uses) {
        let model = used.model.as_deref().unwrap_or(units::UNKNOWN);
        let text = format!(" {} place {}  {model}", used.capability, used.place);
        line::text(buffer, line::row(right, row), &text, Role::Plain, view);
    }
}
