//! The API's description and a page to read it in.

use std::sync::{Arc, OnceLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use poem::http::{HeaderValue, header};
use poem_openapi::OpenApiService;
use sha2::{Digest, Sha256};

use super::{
    call::Call,
    guard::Anyone,
    input::NoBody,
    operation::Operation,
    problem::Problem,
    registry::{MountError, Registry},
    reply::{Html, JsonText, Raw},
};
use crate::platform::limits::LimitClass;

/// The page and the policy under which exactly its own scripts run.
struct Page {
    html: Bytes,
    policy: HeaderValue,
}

/// Mounts `/openapi.json` and `/docs` as the last operations, so that the document has all.
///
/// # Errors
///
/// When a type's schema cannot be written as JSON.
pub(super) fn mount(registry: &mut Registry) -> Result<(), MountError> {
    let document: Arc<OnceLock<Bytes>> = Arc::default();
    let page: Arc<OnceLock<Page>> = Arc::default();

    let served = document.clone();
    registry.mount(
        Operation::get("/openapi.json")
            .summary("The description of this API (OpenAPI 3)")
            .tag("docs")
            .limit(LimitClass::Exempt),
        move |_call: Call<Anyone>, _: NoBody| {
            let document = served.get().cloned().unwrap_or_default();
            async move { Ok(Raw::<JsonText>::new(document)) }
        },
    );

    let shown = document.clone();
    registry.mount(
        Operation::get("/docs")
            .summary("This API on a page")
            .tag("docs")
            .limit(LimitClass::Exempt),
        move |call: Call<Anyone>, _: NoBody| {
            // Made on the first visit: it is a megabyte and a half that most processes never show.
            let document = shown.get().map(Bytes::as_ref).unwrap_or_default();
            let page = page.get_or_init(|| Page::new(document));
            call.set_header(header::CONTENT_SECURITY_POLICY, page.policy.clone());
            let html = page.html.clone();
            async move { Ok::<_, Problem>(Raw::<Html>::new(html)) }
        },
    );

    let text = registry.openapi().map_err(MountError::Description)?;
    // The cell was made above and nothing else can have filled it.
    let _ = document.set(Bytes::from(text));
    Ok(())
}

impl Page {
    fn new(document: &[u8]) -> Self {
        let document = String::from_utf8_lossy(document);
        // `<` cannot end the script element that the document stands in.
        let document = document.replace('<', "\\u003c");
        let empty = OpenApiService::new((), "", "");
        let assignment = |spec: &str| format!("let spec = {spec};");
        let html = empty
            .swagger_ui_html()
            .replacen(&assignment(&empty.spec()), &assignment(&document), 1)
            .replacen("<title>Swagger UI</title>", "<title>API</title>", 1);
        let policy = policy(&html);
        Self {
            html: Bytes::from(html),
            policy,
        }
    }
}

/// Swagger UI draws with inline styles and icons in `data:` URLs; scripts run by their hash alone.
fn policy(html: &str) -> HeaderValue {
    let mut hashes = String::new();
    for script in inline_scripts(html) {
        hashes.push_str(" 'sha256-");
        hashes.push_str(&STANDARD.encode(Sha256::digest(script)));
        hashes.push('\'');
    }
    let text = format!(
        "default-src 'none'; script-src{hashes}; style-src 'unsafe-inline'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (_, script) = rest.split_once('>')?;
        script.split_once("</script>").map(|(script, _)| script)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_carries_the_document_and_its_policy_names_its_two_scripts() {
        let document = br#"{"info":{"title":"</script><b>"}}"#;
        let page = Page::new(document);
        let html = std::str::from_utf8(&page.html).unwrap();
        assert!(html.contains(r#"let spec = {"info":{"title":"\u003c/script>\u003cb>"}};"#));
        assert_eq!(inline_scripts(html).count(), 2);
        let policy = page.policy.to_str().unwrap();
        assert_eq!(policy.matches("sha256-").count(), 2);
        assert!(!policy.contains("script-src 'unsafe-inline'"));
    }
}
