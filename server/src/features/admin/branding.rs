//! The branding of the house: what it is called, how it looks, what it asks first.

mod change;

pub(super) use change::{BRANDING, Branding};

use std::collections::HashMap;

use api::admin::{AppSettings, ChangeAppSettings};

use super::{AdminError, error::FieldFault};

/// What a value must be.
enum Rule {
    /// So many characters, none of them a control character.
    Text {
        least: usize,
        most: usize,
    },
    OneOf(&'static [&'static str]),
    /// `#rrggbb`.
    Colour,
    /// An image as a data URL of so many characters at the most, or nothing.
    DataUrl {
        most: usize,
    },
}

struct Setting {
    key: &'static str,
    default: &'static str,
    rule: Rule,
}

const fn setting(key: &'static str, default: &'static str, rule: Rule) -> Setting {
    Setting { key, default, rule }
}

const ICONS: &[&str] = &["sparkles", "file", "bot", "book", "bolt", "compass"];
const THEMES: &[&str] = &["minimal", "gradient", "classic"];
const PROMPT: Rule = Rule::Text {
    least: 0,
    most: 180,
};

const SETTINGS: [Setting; 10] = [
    setting(
        "app_name",
        "RAG Assistant",
        Rule::Text {
            least: 1,
            most: 100,
        },
    ),
    setting("app_icon", "sparkles", Rule::OneOf(ICONS)),
    setting("theme_preset", "minimal", Rule::OneOf(THEMES)),
    setting("primary_color", "#2563EB", Rule::Colour),
    setting("accent_color", "#6366F1", Rule::Colour),
    setting("app_favicon", "", Rule::DataUrl { most: 200_000 }),
    setting(
        "welcome_message",
        "Ask your documents a question.",
        Rule::Text {
            least: 0,
            most: 255,
        },
    ),
    setting(
        "suggested_prompt_1",
        "Summarise the most important points.",
        PROMPT,
    ),
    setting(
        "suggested_prompt_2",
        "Which dates and deadlines are named?",
        PROMPT,
    ),
    setting(
        "suggested_prompt_3",
        "What do the documents disagree about?",
        PROMPT,
    ),
];

impl Rule {
    /// What is allowed, when `value` is not.
    fn refusal(&self, value: &str) -> Option<String> {
        match self {
            Self::Text { least, most } => {
                let fits = (*least..=*most).contains(&value.chars().count());
                let plain = !value.chars().any(char::is_control);
                (!(fits && plain)).then(|| {
                    format!("Must have {least} to {most} characters and no control characters")
                })
            }
            Self::OneOf(allowed) => (!allowed.contains(&value))
                .then(|| format!("Must be one of {}", allowed.join(", "))),
            Self::Colour => (!is_colour(value))
                .then(|| "Must be a colour in the form #rrggbb, such as #2563EB".to_owned()),
            Self::DataUrl { most } => (!is_image(value, *most)).then(|| {
                format!(
                    "Must be empty or an image as a data URL (data:image/…) of at most {most} \
                     characters without blanks, quotation marks and angle brackets"
                )
            }),
        }
    }
}

fn is_colour(value: &str) -> bool {
    value.strip_prefix('#').is_some_and(|digits| {
        digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// Harmless as the value of an attribute, whoever writes it there.
fn is_image(value: &str, most: usize) -> bool {
    let harmless =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'<' | b'>');
    value.is_empty()
        || (value.len() <= most && value.starts_with("data:image/") && value.bytes().all(harmless))
}

fn given(change: ChangeAppSettings) -> [Option<String>; SETTINGS.len()] {
    [
        change.app_name,
        change.app_icon,
        change.theme_preset,
        change.primary_color,
        change.accent_color,
        change.app_favicon,
        change.welcome_message,
        change.suggested_prompt_1,
        change.suggested_prompt_2,
        change.suggested_prompt_3,
    ]
}

fn named(values: [String; SETTINGS.len()]) -> AppSettings {
    let [
        app_name,
        app_icon,
        theme_preset,
        primary_color,
        accent_color,
        app_favicon,
        welcome_message,
        suggested_prompt_1,
        suggested_prompt_2,
        suggested_prompt_3,
    ] = values;
    AppSettings {
        app_name,
        app_icon,
        theme_preset,
        primary_color,
        accent_color,
        app_favicon,
        welcome_message,
        suggested_prompt_1,
        suggested_prompt_2,
        suggested_prompt_3,
    }
}

/// The given settings, trimmed; or all that is wrong with them.
fn parse(change: ChangeAppSettings) -> Result<Vec<(&'static str, String)>, AdminError> {
    let (mut values, mut faults) = (Vec::new(), Vec::new());
    for (setting, value) in SETTINGS.iter().zip(given(change)) {
        let Some(value) = value else { continue };
        let value = value.trim();
        match setting.rule.refusal(value) {
            None => values.push((setting.key, value.to_owned())),
            Some(message) => faults.push(FieldFault {
                field: setting.key,
                message,
            }),
        }
    }
    if faults.is_empty() {
        Ok(values)
    } else {
        Err(AdminError::Fields(faults))
    }
}

fn merged(mut stored: HashMap<String, String>) -> AppSettings {
    named(SETTINGS.each_ref().map(|setting| {
        stored
            .remove(setting.key)
            .unwrap_or_else(|| setting.default.to_owned())
    }))
}

fn default_of(key: &str) -> &'static str {
    SETTINGS
        .iter()
        .find(|setting| setting.key == key)
        .map_or("", |setting| setting.default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: ChangeAppSettings) -> Vec<&'static str> {
        match parse(change) {
            Ok(_) => Vec::new(),
            Err(AdminError::Fields(faults)) => faults.iter().map(|fault| fault.field).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn the_defaults_keep_the_rules() {
        for setting in &SETTINGS {
            assert_eq!(
                setting.rule.refusal(setting.default),
                None,
                "{}",
                setting.key
            );
        }
    }

    #[test]
    fn each_field_goes_to_the_setting_of_its_name() {
        let change = SETTINGS.each_ref().map(|setting| setting.key.to_owned());
        let as_json = serde_json::to_value(named(change)).unwrap();
        for setting in &SETTINGS {
            assert_eq!(as_json[setting.key], setting.key);
        }
        let sent: ChangeAppSettings = serde_json::from_value(as_json).unwrap();
        let back = given(sent).map(Option::unwrap);
        assert_eq!(back, SETTINGS.each_ref().map(|setting| setting.key));
    }

    #[test]
    fn every_fault_is_named_at_once_with_what_is_allowed() {
        let change = ChangeAppSettings {
            app_name: Some("  ".to_owned()),
            app_icon: Some("anchor".to_owned()),
            theme_preset: Some("Minimal".to_owned()),
            primary_color: Some("2563EB".to_owned()),
            accent_color: Some("#12345g".to_owned()),
            app_favicon: Some("https://example.org/icon.png".to_owned()),
            welcome_message: Some("x".repeat(256)),
            suggested_prompt_1: Some("x".repeat(181)),
            suggested_prompt_2: Some("a\u{7}b".to_owned()),
            suggested_prompt_3: Some("fine".to_owned()),
        };
        let keys: Vec<&str> = SETTINGS[..9].iter().map(|setting| setting.key).collect();
        assert_eq!(faults(change), keys);
        let icon = Rule::OneOf(ICONS).refusal("anchor").unwrap();
        assert!(icon.contains("compass"), "{icon}");
    }

    #[test]
    fn the_bounds_themselves_are_allowed() {
        let change = ChangeAppSettings {
            app_name: Some("é".repeat(100)),
            accent_color: Some("#aBcDeF".to_owned()),
            app_favicon: Some(format!("data:image/png;base64,{}", "A".repeat(199_978))),
            welcome_message: Some("x".repeat(255)),
            suggested_prompt_1: Some(String::new()),
            ..ChangeAppSettings::default()
        };
        assert_eq!(faults(change), Vec::<&str>::new());
        for bad in [
            "data:text/html,x",
            "data:image/svg+xml,<svg>",
            "data:image/png, x",
        ] {
            assert!(!is_image(bad, 200_000), "{bad}");
        }
        assert!(!is_image(
            &format!("data:image/png,{}", "A".repeat(199_986)),
            200_000
        ));
    }
}
