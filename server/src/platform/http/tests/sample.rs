//! One operation of each kind, and callers with names.

use bytes::Bytes;
use chrono::DateTime;
use futures_util::{StreamExt, future::BoxFuture};
use poem::http::{HeaderValue, header};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::super::*;
use crate::platform::{
    auth::principal::{Principal, Role},
    limits::LimitClass,
};

#[derive(Debug, Serialize, Deserialize, Object)]
pub(super) struct Note {
    pub(super) title: String,
    pub(super) marks: Vec<Mark>,
}

#[derive(Debug, Serialize, Deserialize, Object)]
pub(super) struct Mark {
    pub(super) page: u32,
}

#[derive(Debug, Deserialize, Object)]
pub(super) struct Window {
    pub(super) limit: Option<u32>,
}

/// Tokens are `user:<id>`, `admin:<id>`, `auditor:<id>` and `inactive`.
pub(super) struct NamedTokens;

impl Identify for NamedTokens {
    fn identify<'a>(&'a self, token: Option<&'a str>) -> BoxFuture<'a, Identity> {
        Box::pin(async move {
            let Some(token) = token else {
                return Identity::Anonymous;
            };
            let role = match token.split_once(':') {
                Some(("user", _)) => Role::User,
                Some(("admin", _)) => Role::Admin,
                Some(("auditor", _)) => Role::Auditor,
                _ if token == "inactive" => {
                    return Identity::Refused(Problem::forbidden("User is inactive"));
                }
                _ => return Identity::Refused(Problem::unauthenticated("Invalid token")),
            };
            let id = token
                .split(':')
                .nth(1)
                .and_then(|id| id.parse().ok())
                .unwrap();
            Identity::Known(Principal {
                user_id: id,
                role,
                token_id: "t".to_owned(),
                session_id: None,
                expires_at: DateTime::UNIX_EPOCH,
            })
        })
    }
}

pub(super) fn families() -> Vec<Family> {
    vec![
        Family {
            prefix: "/api",
            dialect: Dialect::Detail,
            csrf: true,
            global_limit: GlobalLimit::All,
        },
        Family {
            prefix: "/social",
            dialect: Dialect::ProblemJson,
            csrf: false,
            global_limit: GlobalLimit::Exempt,
        },
        Family {
            prefix: "/metrics",
            dialect: Dialect::Error,
            csrf: false,
            global_limit: GlobalLimit::Exempt,
        },
        Family {
            prefix: "/health",
            dialect: Dialect::Detail,
            csrf: false,
            global_limit: GlobalLimit::PrefixOnly,
        },
    ]
}

struct DropNote(mpsc::UnboundedSender<&'static str>, &'static str);

impl Drop for DropNote {
    fn drop(&mut self) {
        let _ = self.0.send(self.1);
    }
}

pub(super) fn registry(dropped: &mpsc::UnboundedSender<&'static str>) -> Registry {
    let info = ApiInfo {
        title: "Test",
        version: "1",
        description: "",
    };
    let mut registry = Registry::new(info, families());
    mount_notes(&mut registry);
    mount_faults(&mut registry);
    mount_probes(&mut registry);
    mount_streams(&mut registry, dropped);
    registry
}

fn mount_notes(registry: &mut Registry) {
    registry.mount(
        Operation::get("/api/notes"),
        |_: Call<Member>, query: Query<Window>| async move {
            let count = query.0.limit.unwrap_or(1);
            Ok(Json(vec![format!("{count}")]))
        },
    );
    registry.mount(
        Operation::post("/api/notes").refuses(&[409]),
        |call: Call<Member>, Json(note): Json<Note>| async move {
            call.set_header(header::LOCATION, HeaderValue::from_static("/api/notes/1"));
            Ok(Status::<201, _>(Json(note)))
        },
    );
    registry.mount(
        Operation::get("/api/notes/{id}").path_parameter("id", "integer"),
        |call: Call<Member>, _: NoBody| async move {
            let id: i64 = call.path("id")?;
            if id == 1 {
                Ok(Json(id))
            } else {
                Err(Problem::not_found("Note not found"))
            }
        },
    );
    registry.mount(
        Operation::delete("/api/notes/{id}"),
        |_: Call<Admin>, _: NoBody| async move { Ok(NoContent) },
    );
    registry.mount(
        Operation::post("/api/admin/act").limit(LimitClass::AdminAction),
        |_: Call<Admin>, _: NoBody| async move { Ok(NoContent) },
    );
    registry.mount(
        Operation::get("/api/admin/view"),
        |_: Call<Auditor>, _: NoBody| async move { Ok(NoContent) },
    );
    registry.mount(
        Operation::post("/api/ask").limit(LimitClass::Chat),
        |call: Call<Member>, _: Option<Json<Note>>| async move {
            call.limit(LimitClass::Chat).await?;
            Ok(NoContent)
        },
    );
}

fn mount_faults(registry: &mut Registry) {
    registry.mount(
        Operation::get("/api/panic"),
        |call: Call<Anyone>, _: NoBody| async move {
            assert!(call.header("x-calm").is_some(), "a panic on purpose");
            Ok(NoContent)
        },
    );
    registry.mount(
        Operation::get("/api/fail"),
        |_: Call<Anyone>, _: NoBody| async move {
            Err::<NoContent, _>(Problem::internal("the vault is open"))
        },
    );
    registry.mount(
        Operation::get("/api/address"),
        |call: Call<Anyone>, _: NoBody| async move { Ok(Json(call.client_address().to_string())) },
    );
    registry.mount(
        Operation::post("/api/upload")
            .body_cap(Cap::Upload(1_000_000))
            .limit(LimitClass::Upload),
        upload,
    );
    registry.mount(
        Operation::post("/social/notes"),
        |_: Call<Anyone>, Json(note): Json<Note>| async move { Ok(Json(note)) },
    );
}

fn mount_probes(registry: &mut Registry) {
    registry.mount(
        Operation::get("/metrics").limit(LimitClass::Exempt),
        |_: Call<MetricsReader>, _: NoBody| async move { Ok(Raw::<PrometheusText>::new("up 1\n")) },
    );
    registry.mount(
        Operation::get("/health"),
        |_: Call<Anyone>, _: NoBody| async move {
            Ok(Checked {
                passed: false,
                body: true,
            })
        },
    );
    registry.mount(
        Operation::get("/health/live").limit(LimitClass::Exempt),
        |_: Call<Anyone>, _: NoBody| async move { Ok(Json(true)) },
    );
}

fn mount_streams(registry: &mut Registry, dropped: &mpsc::UnboundedSender<&'static str>) {
    registry.mount(
        Operation::get("/api/file"),
        |_: Call<Anyone>, _: NoBody| async move {
            let pieces = futures_util::stream::iter([Ok(Bytes::from_static(b"abc"))]);
            Ok(Download::new(
                "r\"e.pdf",
                "application/pdf",
                Some(3),
                pieces,
            ))
        },
    );
    registry.mount_with(Operation::get("/api/stream"), dropped.clone(), stream);
}

async fn upload(_: Call<Member>, mut form: Upload) -> Result<Json<Vec<String>>, Problem> {
    let mut seen = Vec::new();
    while let Some(mut field) = form.next_field().await? {
        if field.name() == "file" {
            let name = field.file_name().unwrap_or_default().to_owned();
            let kind = field.content_type().unwrap_or_default().to_owned();
            let mut size = 0;
            while let Some(piece) = field.chunk().await? {
                assert!(piece.len() <= 64 * 1024);
                size += piece.len();
            }
            seen.push(format!("{name} {kind} {size}"));
        } else if field.name() != "skip" {
            let name = field.name().to_owned();
            seen.push(format!("{name}={}", field.text(20).await?));
        }
    }
    Ok(Json(seen))
}

/// One event, then silence until the client leaves.
async fn stream(
    dropped: mpsc::UnboundedSender<&'static str>,
    _: Call<Anyone>,
    _: NoBody,
) -> Result<EventStream, Problem> {
    let note = DropNote(dropped, "stream");
    let first = futures_util::stream::iter([Bytes::from_static(b"data: {}\n\n")]);
    let silence = futures_util::stream::poll_fn(move |_| {
        let _held = &note;
        std::task::Poll::<Option<Bytes>>::Pending
    });
    Ok(EventStream::new(first.chain(silence))
        .header(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, no-transform"),
        )
        .header(header::CONNECTION, HeaderValue::from_static("keep-alive")))
}
