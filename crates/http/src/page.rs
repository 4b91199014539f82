//! The documentation page: the OpenAPI document for people, in one plain page that needs nothing
//! else.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::app::App;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
                     code,pre{font-family:ui-monospace,monospace}h2{margin-top:2.5rem;border-bottom:1px solid #999}\
                     h3{margin-top:2rem}table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;vertical-align:top;text-align:left}\
                     @media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8bf}}";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A text of a document, made safe.
fn text_of(value: &Value, key: &str) -> String {
    escaped(value[key].as_str().unwrap_or_default())
}

/// A schema in a few words, with a link where it has a name.
fn kind_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = escaped(reference.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    if let Some(any) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let kinds: Vec<_> = any.iter().map(kind_of).collect();
        return kinds.join(" or ");
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).map(escaped).collect();
        return words.join(" | ");
    }
    match &schema["type"] {
        Value::Array(kinds) => {
            let kinds: Vec<_> = kinds.iter().filter_map(Value::as_str).map(escaped).collect();
            kinds.join(" or ")
        }
        Value::String(kind) if kind == "array" => format!("list of {}", kind_of(&schema["items"])),
        Value::String(kind) => escaped(kind),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "any JSON".to_owned(),
    }
}

fn fields(page: &mut String, schema: &Value) {
    let Some(properties) = schema["properties"].as_object() else {
        let _ = write!(page, "<p>{}</p>", kind_of(schema));
        return;
    };
    let required: Vec<_> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    page.push_str("<table><tr><th>field<th>is<th>");
    for (name, property) in properties {
        let needed = if required.contains(&name.as_str()) {
            ""
        } else {
            " (may be missing)"
        };
        let _ = write!(
            page,
            "<tr><td><code>{}</code><td>{}{needed}<td>{}",
            escaped(name),
            kind_of(property),
            text_of(property, "description")
        );
    }
    page.push_str("</table>");
}

fn operation(page: &mut String, method: &str, path: &str, operation: &Value) {
    let _ = write!(
        page,
        "<h3><code>{} {}</code></h3>",
        method.to_uppercase(),
        escaped(path)
    );
    let _ = write!(
        page,
        "<p>{} {}</p>",
        text_of(operation, "summary"),
        text_of(operation, "description")
    );
    let parameters = operation["parameters"].as_array();
    if let Some(parameters) = parameters.filter(|parameters| !parameters.is_empty()) {
        page.push_str("<table><tr><th>parameter<th>in<th>");
        for parameter in parameters {
            let (name, place) = (text_of(parameter, "name"), text_of(parameter, "in"));
            let _ = write!(
                page,
                "<tr><td><code>{name}</code><td>{place}<td>{}",
                text_of(parameter, "description")
            );
        }
        page.push_str("</table>");
    }
    let content = |value: &Value| {
        value["content"]
            .as_object()
            .and_then(|content| content.values().next().cloned())
    };
    if let Some(body) = content(&operation["requestBody"]) {
        let _ = write!(page, "<p>Body: {}</p>", kind_of(&body["schema"]));
    }
    page.push_str("<table><tr><th>status<th>body<th>");
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let kind = content(answer).map_or(String::new(), |content| kind_of(&content["schema"]));
        let _ = write!(
            page,
            "<tr><td>{}<td>{kind}<td>{}",
            escaped(status),
            text_of(answer, "description")
        );
    }
    page.push_str("</table>");
}

/// The page of a whole document.
pub(crate) fn render(document: &Value) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>holdpoint over HTTP</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style><h1>holdpoint over HTTP</h1><p>{}</p>\
         <p>The same for programs: <code>GET /openapi.json</code>, with a token.</p><h2>Routes</h2>",
        text_of(&document["info"], "description")
    );
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, described) in operations.as_object().into_iter().flatten() {
            operation(&mut page, method, path, described);
        }
    }
    page.push_str("<h2>Documents</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let name = escaped(name);
        let _ = write!(
            page,
            "<h3 id=\"{name}\">{name}</h3><p>{}</p>",
            text_of(schema, "description")
        );
        fields(&mut page, schema);
    }
    page.push_str("</html>");
    page
}

/// The documentation, for people.
#[utoipa::path(get, path = "/docs", tag = "observe", responses((status = 200, description = "A page of HTML", content_type = "text/html", body = String)))]
pub(crate) async fn docs(State(app): State<Arc<App>>) -> Response {
    (
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        app.openapi.page.clone(),
    )
        .into_response()
}
