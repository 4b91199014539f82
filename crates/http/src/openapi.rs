//! The OpenAPI document, generated from the routes' own descriptions, and what holds for all of
//! them added once.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa::openapi::info::InfoBuilder;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApiBuilder};

use super::app::App;
use super::page;

const ABOUT: &str = "Start jobs, read what waits, decide. Every route but /healthz needs `Authorization: Bearer TOKEN`; the token's name \
                     is the decider, its role says what it opens: viewer reads, pipeline also starts jobs and opens gates, operator does \
                     everything. A GET never changes anything. Times are RFC 3339, digests SHA-256 in hexadecimal.";

/// The documents that are served, made once.
pub(crate) struct Documents {
    /// OpenAPI 3.1 as JSON.
    pub(crate) json: Vec<u8>,
    /// The same for people, as a plain page.
    pub(crate) page: String,
}

impl Documents {
    /// Completes what the routes say.
    pub(crate) fn new(api: OpenApi) -> Self {
        let mut document = serde_json::to_value(api).unwrap_or_default();
        complete(&mut document);
        Self {
            json: serde_json::to_vec_pretty(&document).unwrap_or_default(),
            page: page::render(&document),
        }
    }
}

/// What stands above the routes.
pub(crate) fn head() -> OpenApi {
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("holdpoint")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(ABOUT))
                .build(),
        )
        .components(Some(ComponentsBuilder::new().security_scheme("bearer", bearer).build()))
        .build()
}

/// Adds the refusals that any route may give, and who may come in.
fn complete(document: &mut Value) {
    document["security"] = json!([{ "bearer": [] }]);
    let schemas = &mut document["components"]["schemas"];
    schemas["Refused"] = json!({
        "type": "object",
        "description": "Why a request was not fulfilled.",
        "required": ["detail", "code"],
        "properties": {
            "detail": { "type": "string", "description": "The one fact that explains it." },
            "code": { "type": "string", "description": "The same as a word for programs." },
            "hint": { "type": "string", "description": "What to do." },
            "recall_until": { "type": "string", "description": "With the code `still_recallable`: until when the decision that is in the way may be taken back." },
        },
    });
    schemas["Unprocessable"] = json!({
        "type": "object",
        "description": "What was wrong with what was sent, every fault.",
        "required": ["detail", "code"],
        "properties": {
            "code": { "type": "string" },
            "detail": { "type": "array", "items": {
                "type": "object",
                "required": ["type", "loc", "msg", "input"],
                "properties": {
                    "type": { "type": "string" },
                    "loc": { "type": "array", "items": { "type": ["string", "integer"] } },
                    "msg": { "type": "string" },
                    "input": {},
                },
            } },
        },
    });
    refine(document);
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    // The router's mark for "the rest of the path" is no part of the name.
    *paths = std::mem::take(paths)
        .into_iter()
        .map(|(path, operations)| (path.replace("{*", "{"), operations))
        .collect();
    for (path, operations) in paths {
        let is_public = path.ends_with("/healthz") || path == "/docs";
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            if is_public {
                operation["security"] = json!([]);
                continue;
            }
            for (status, what, schema) in refusals(path, method != "get") {
                let answer = &mut operation["responses"][status];
                if answer.is_null() {
                    *answer = json!({
                        "description": what,
                        "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } },
                    });
                }
            }
        }
    }
}

/// The bytes of a file, in base64 without a bit too many (RFC 4648 §3.5).
const BASE64: &str = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";

/// Says what the routes' own descriptions have no words for: values of two kinds, and one field or the other.
fn refine(document: &mut Value) {
    let time = json!({ "type": "string", "format": "date-time" });
    let number = json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX });
    // An empty value counts as none.
    let none = json!({ "type": "string", "maxLength": 0 });
    let moments = [
        ("/api/v1/jobs", "before", json!({ "anyOf": [time, none] })),
        (
            "/api/v1/jobs/{id}/events",
            "since",
            json!({ "anyOf": [number, time, none] }),
        ),
    ];
    for (path, name, schema) in moments {
        let parameters = document["paths"][path]["get"]["parameters"].as_array_mut();
        for parameter in parameters.into_iter().flatten().filter(|one| one["name"] == name) {
            parameter["schema"] = schema.clone();
        }
    }
    // The same is done for every number.
    let operations = document["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(|paths| paths.values_mut());
    for operation in operations.filter_map(|path| path.get_mut("get")) {
        // Indexing would create a missing member, so `get_mut` is used.
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten().filter(|one| one["in"] == "query") {
            let schema = &mut parameter["schema"];
            if schema["type"].to_string().contains("integer") {
                schema["type"] = json!(["integer", "string"]);
                schema["maxLength"] = json!(0);
            }
        }
    }
    let expected = &mut document["components"]["schemas"]["Extension"]["properties"]["expect_deadline"];
    *expected = json!({ "description": expected["description"], "anyOf": [time, { "type": "null" }] });
    for file in ["File", "BaseFile"] {
        document["components"]["schemas"][file]["oneOf"] = json!([
            { "required": ["content"], "properties": { "content": { "type": "string" }, "content_base64": { "type": "null" } } },
            { "required": ["content_base64"], "properties": {
                "content": { "type": "null" },
                "content_base64": { "type": "string", "pattern": BASE64 },
            } },
        ]);
    }
    // Any text is looked at, and so is any JSON, which is YAML.
    document["paths"]["/api/v1/config/validate"]["post"]["requestBody"]["content"] =
        json!({ "application/yaml": { "schema": {} }, "application/json": { "schema": {} } });
}

fn refusals(path: &str, is_change: bool) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut all = vec![
        ("401", "No token, or one that opens nothing", "Refused"),
        ("403", "The token's role or its stages do not allow it", "Refused"),
        ("422", "What was sent is wrong", "Unprocessable"),
        ("429", "Too many requests: see Retry-After", "Refused"),
        ("503", "Not possible now", "Refused"),
    ];
    if path.contains("/{id}") {
        all.push(("404", "There is no such thing", "Refused"));
    }
    if is_change {
        all.push(("400", "The body did not arrive, or is empty", "Refused"));
        all.push(("408", "The body did not arrive in time", "Refused"));
        all.push(("415", "No JSON, from whoever a trusted proxy names", "Refused"));
        all.push((
            "409",
            "The state of things does not allow it: decided already, not paused, changed meanwhile, or a decision is not final yet: see Retry-After",
            "Refused",
        ));
        all.push(("413", "The body is too large", "Refused"));
    }
    all
}

/// The OpenAPI document.
#[utoipa::path(get, path = "/openapi.json", tag = "observe", responses((status = 200, description = "This document", content_type = "application/json", body = serde_json::Value)))]
pub(crate) async fn document(State(app): State<Arc<App>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], app.openapi.json.clone()).into_response()
}
