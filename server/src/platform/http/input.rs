//! What an operation reads: its body and its query, as types that describe themselves.

use poem::{Request, http::header};
use poem_openapi::types::Type;
use serde::de::DeserializeOwned;

use super::{
    body::Incoming,
    json,
    openapi::{Description, InputDescription},
    problem::{FieldError, Problem},
};

/// Something that can be read from a request and described in the API's description.
pub(crate) trait Input: Sized + Send + 'static {
    fn describe(description: &mut Description) -> InputDescription;

    fn read(
        request: &Request,
        body: Incoming,
    ) -> impl Future<Output = Result<Self, Problem>> + Send;
}

/// No body. One that is sent all the same is not read.
pub(crate) struct NoBody;

impl Input for NoBody {
    fn describe(_description: &mut Description) -> InputDescription {
        InputDescription::default()
    }

    async fn read(_request: &Request, _body: Incoming) -> Result<Self, Problem> {
        Ok(Self)
    }
}

/// A JSON body; as an answer, 200 with JSON.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + Type + Send + 'static> Input for Json<T> {
    fn describe(description: &mut Description) -> InputDescription {
        InputDescription::body("application/json", description.schema::<T>(), true)
    }

    async fn read(request: &Request, body: Incoming) -> Result<Self, Problem> {
        expect_json(request)?;
        let bytes = body.read().await?;
        if bytes.is_empty() {
            let missing = FieldError::new(&["body"], "Field required", "missing");
            return Err(Problem::invalid_fields(vec![missing]));
        }
        json::parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Type + Send + 'static> Input for Option<Json<T>> {
    fn describe(description: &mut Description) -> InputDescription {
        InputDescription::body("application/json", description.schema::<T>(), false)
    }

    async fn read(request: &Request, body: Incoming) -> Result<Self, Problem> {
        let bytes = body.read().await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        expect_json(request)?;
        json::parse(&bytes).map(Json).map(Some)
    }
}

/// The query's fields; unknown ones are ignored.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + Type + Send + 'static> Query<T> {
    fn parse(request: &Request) -> Result<Self, Problem> {
        json::parse_query(request.uri().query().unwrap_or_default()).map(Self)
    }
}

impl<T: DeserializeOwned + Type + Send + 'static> Input for Query<T> {
    fn describe(description: &mut Description) -> InputDescription {
        InputDescription::query(description.properties::<T>())
    }

    async fn read(request: &Request, _body: Incoming) -> Result<Self, Problem> {
        Self::parse(request)
    }
}

impl<T, B> Input for (Query<T>, B)
where
    T: DeserializeOwned + Type + Send + 'static,
    B: Input,
{
    fn describe(description: &mut Description) -> InputDescription {
        let query = InputDescription::query(description.properties::<T>());
        B::describe(description).and(query)
    }

    async fn read(request: &Request, body: Incoming) -> Result<Self, Problem> {
        let query = Query::parse(request)?;
        Ok((query, B::read(request, body).await?))
    }
}

/// JSON by its content type. None at all is taken for JSON, as simple clients send it.
fn expect_json(request: &Request) -> Result<(), Problem> {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        Ok(())
    } else {
        Err(Problem::unsupported_media_type(
            "Content-Type must be application/json",
        ))
    }
}
