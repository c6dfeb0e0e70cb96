//! The fields of what users see, by the names of the form and the command.

use api::admin::{AppSettings, ChangeAppSettings};

/// What stands for nothing in a field that may be empty.
pub(super) const NOTHING: &str = "-";

/// A field of the branding.
pub(super) struct BrandingField {
    pub(super) name: &'static str,
    pub(super) read: fn(&AppSettings) -> &str,
    write: fn(&mut ChangeAppSettings, String),
    /// Whether it may be empty.
    pub(super) may_be_empty: bool,
}

macro_rules! field {
    ($name:literal, $field:ident, $may_be_empty:literal) => {
        BrandingField {
            name: $name,
            read: |settings| &settings.$field,
            write: |change, value| change.$field = Some(value),
            may_be_empty: $may_be_empty,
        }
    };
}

/// In the order of the form.
pub(super) static FIELDS: [BrandingField; 9] = [
    field!("name", app_name, false),
    field!("icon", app_icon, false),
    field!("preset", theme_preset, false),
    field!("primary", primary_color, false),
    field!("accent", accent_color, false),
    field!("welcome", welcome_message, true),
    field!("prompt1", suggested_prompt_1, true),
    field!("prompt2", suggested_prompt_2, true),
    field!("prompt3", suggested_prompt_3, true),
];

impl BrandingField {
    /// As the form begins: a dash where there is nothing.
    pub(super) fn initial(&self, settings: &AppSettings) -> String {
        match (self.read)(settings) {
            "" => NOTHING.to_owned(),
            text => text.to_owned(),
        }
    }

    /// What `typed` makes of it; `None` where that is what it was, or nothing was said.
    pub(super) fn changed(&self, settings: &AppSettings, typed: &str) -> Option<String> {
        let new = match typed {
            "" => return None,
            NOTHING if self.may_be_empty => "",
            text => text,
        };
        (new != (self.read)(settings)).then(|| new.to_owned())
    }
}

/// The changes of `typed`, by field, and the names of what changes.
pub(super) fn change<'a>(
    settings: &AppSettings,
    typed: impl Fn(&str) -> &'a str,
) -> (ChangeAppSettings, Vec<&'static str>) {
    let mut change = ChangeAppSettings::default();
    let mut names = Vec::new();
    for field in &FIELDS {
        if let Some(new) = field.changed(settings, typed(field.name)) {
            (field.write)(&mut change, new);
            names.push(field.name);
        }
    }
    (change, names)
}

/// The branding as it stands, or as it would be with what is typed.
pub(super) struct Branding {
    values: Vec<(&'static str, String, bool)>,
}

impl Branding {
    pub(super) fn new<'a>(
        settings: &AppSettings,
        typed: impl Fn(&str) -> Option<&'a str>,
    ) -> Branding {
        let values = FIELDS.iter().map(|field| {
            let new = typed(field.name).and_then(|typed| field.changed(settings, typed));
            let changed = new.is_some();
            let value = new.unwrap_or_else(|| (field.read)(settings).to_owned());
            (field.name, value, changed)
        });
        Branding {
            values: values.collect(),
        }
    }

    pub(super) fn text(&self, name: &str) -> &str {
        let mut values = self.values.iter();
        values
            .find(|(known, ..)| *known == name)
            .map_or("", |(_, value, _)| value.as_str())
    }

    /// Each field with its value, and whether that is not what is saved.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&'static str, &str, bool)> {
        let values = self.values.iter();
        values.map(|(name, value, changed)| (*name, value.as_str(), *changed))
    }
}
