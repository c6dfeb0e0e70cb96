//! Themes are roles. Ground and text are the terminal's own; a colour only repeats what a glyph or
//! a word already says.

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Serialize};

/// What a piece of text is, not how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Plain,
    /// A heading or a total.
    Title,
    Ok,
    Warn,
    Bad,
    /// Something to follow: a link, the focus, a fact worth seeing.
    Info,
    Muted,
    Stale,
    Selection,
    Mark,
}

impl Role {
    /// Every role, for tests that walk them.
    pub const ALL: [Role; 10] = [
        Role::Plain,
        Role::Title,
        Role::Ok,
        Role::Warn,
        Role::Bad,
        Role::Info,
        Role::Muted,
        Role::Stale,
        Role::Selection,
        Role::Mark,
    ];
}

/// A way to show roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// For a dark ground, 256 colours.
    Dark,
    /// For a light ground, 256 colours.
    Light,
    /// The terminal's own 16 colours.
    #[default]
    #[value(name = "16")]
    #[serde(rename = "16")]
    Sixteen,
    /// Bright, bold and reversed.
    HighContrast,
    /// No colour at all: bold, underline, reverse.
    None,
}

impl Theme {
    /// Every theme.
    pub const ALL: [Theme; 5] = [
        Theme::Dark,
        Theme::Light,
        Theme::Sixteen,
        Theme::HighContrast,
        Theme::None,
    ];

    /// As it is named on the command line and in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Dark => "dark",
            Theme::Light => "light",
            Theme::Sixteen => "16",
            Theme::HighContrast => "high-contrast",
            Theme::None => "none",
        }
    }

    /// The theme of that name.
    pub fn named(name: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// How `role` looks.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        match role {
            Role::Plain => return plain,
            Role::Title | Role::Mark => return plain.add_modifier(Modifier::BOLD),
            Role::Selection if self == Theme::HighContrast => {
                return plain.add_modifier(Modifier::REVERSED | Modifier::BOLD);
            }
            Role::Selection => return plain.add_modifier(Modifier::REVERSED),
            _ => {}
        }
        match self {
            Theme::Dark => Self::indexed(role, [114, 221, 210, 117, 245]),
            Theme::Light => Self::indexed(role, [28, 130, 124, 25, 241]),
            Theme::Sixteen => Self::sixteen(role),
            Theme::HighContrast => Self::high_contrast(role),
            Theme::None => Self::uncoloured(role),
        }
    }

    /// Numbers of xterm's palette for ok, warn, bad, info and muted.
    fn indexed(role: Role, [ok, warn, bad, info, muted]: [u8; 5]) -> Style {
        let colour = |number| Style::new().fg(Color::Indexed(number));
        match role {
            Role::Ok => colour(ok),
            Role::Warn => colour(warn),
            Role::Bad => colour(bad),
            Role::Info => colour(info),
            Role::Stale => colour(muted).add_modifier(Modifier::ITALIC),
            _ => colour(muted),
        }
    }

    fn sixteen(role: Role) -> Style {
        let plain = Style::new();
        match role {
            Role::Ok => plain.fg(Color::Green),
            Role::Warn => plain.fg(Color::Yellow),
            Role::Bad => plain.fg(Color::Red),
            Role::Info => plain.fg(Color::Cyan),
            Role::Stale => plain.add_modifier(Modifier::DIM | Modifier::ITALIC),
            _ => plain.add_modifier(Modifier::DIM),
        }
    }

    fn high_contrast(role: Role) -> Style {
        let plain = Style::new();
        match role {
            Role::Ok => plain.fg(Color::LightGreen),
            Role::Warn => plain.fg(Color::LightYellow).add_modifier(Modifier::BOLD),
            Role::Bad => plain.fg(Color::LightRed).add_modifier(Modifier::REVERSED),
            Role::Info => plain
                .fg(Color::LightCyan)
                .add_modifier(Modifier::UNDERLINED),
            Role::Stale => plain.add_modifier(Modifier::UNDERLINED),
            _ => plain,
        }
    }

    fn uncoloured(role: Role) -> Style {
        let plain = Style::new();
        match role {
            Role::Warn => plain.add_modifier(Modifier::BOLD),
            Role::Bad => plain.add_modifier(Modifier::REVERSED),
            Role::Info => plain.add_modifier(Modifier::UNDERLINED),
            _ => plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colour of a number of xterm's palette from 16 on, as red, green and blue of 255.
    fn rgb(number: u8) -> [f64; 3] {
        if number >= 232 {
            let level = 8.0 + 10.0 * f64::from(number - 232);
            return [level; 3];
        }
        let at = number - 16;
        [at / 36, at / 6 % 6, at % 6].map(|step| match step {
            0 => 0.0,
            step => 55.0 + 40.0 * f64::from(step),
        })
    }

    fn luminance(rgb: [f64; 3]) -> f64 {
        let [red, green, blue] = rgb.map(|level| {
            let level = level / 255.0;
            if level <= 0.040_45 {
                level / 12.92
            } else {
                ((level + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(one: f64, other: f64) -> f64 {
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn colours_of_our_own_can_be_read_on_their_ground() {
        for (theme, ground) in [(Theme::Dark, [0.0; 3]), (Theme::Light, [255.0; 3])] {
            for role in Role::ALL {
                let Some(Color::Indexed(number)) = theme.style(role).fg else {
                    continue;
                };
                let ratio = contrast(luminance(rgb(number)), luminance(ground));
                assert!(ratio >= 4.5, "{theme:?} {role:?}: {ratio:.2}");
            }
        }
    }

    #[test]
    fn no_theme_paints_a_ground_or_blinks() {
        for theme in Theme::ALL {
            for role in Role::ALL {
                let style = theme.style(role);
                assert_eq!(style.bg, None);
                assert!(!style.add_modifier.contains(Modifier::SLOW_BLINK));
                if theme == Theme::None {
                    assert_eq!(style.fg, None, "{role:?}");
                }
                assert_ne!(style.fg, Some(Color::DarkGray), "bright black vanishes");
            }
        }
    }
}
