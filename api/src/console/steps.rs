//! Readings at equal distances, some of which are missing.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// Readings, the oldest first; `null` where there was none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Steps(pub Vec<Option<f64>>);

impl Deref for Steps {
    type Target = [Option<f64>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl FromIterator<Option<f64>> for Steps {
    fn from_iter<I: IntoIterator<Item = Option<f64>>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

/// An array says of its items that they are optional, which a schema cannot; that they may be `null`
/// has to be written into it.
#[cfg(feature = "openapi")]
mod described {
    use std::borrow::Cow;

    use poem_openapi::{
        registry::{MetaSchema, MetaSchemaRef},
        types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
    };
    use serde_json::Value;

    use super::Steps;

    impl Type for Steps {
        const IS_REQUIRED: bool = true;
        type RawValueType = Self;
        type RawElementValueType = f64;

        fn name() -> Cow<'static, str> {
            "steps".into()
        }

        fn schema_ref() -> MetaSchemaRef {
            let item = MetaSchema {
                nullable: true,
                ..MetaSchema::new_with_format("number", "double")
            };
            MetaSchemaRef::Inline(Box::new(MetaSchema {
                items: Some(Box::new(MetaSchemaRef::Inline(Box::new(item)))),
                ..MetaSchema::new("array")
            }))
        }

        fn as_raw_value(&self) -> Option<&Self::RawValueType> {
            Some(self)
        }

        fn raw_element_iter<'a>(
            &'a self,
        ) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
            Box::new(self.iter().flatten())
        }
    }

    impl ParseFromJSON for Steps {
        fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
            let steps = Vec::<Option<f64>>::parse_from_json(value);
            steps.map(Self).map_err(ParseError::propagate)
        }
    }

    impl ToJSON for Steps {
        fn to_json(&self) -> Option<Value> {
            self.0.to_json()
        }
    }
}
