//! The start-up gate: rules over the whole of the settings.
