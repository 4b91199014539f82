//! Whether an answer is what the OpenAPI document says of it: the part of JSON Schema that the
//! document uses.

use serde_json::Value;

use crate::support::client::{Client, Reply};

/// A client whose every answer is held against the document.
pub struct Shapes {
    client: Client,
    document: Value,
}

impl Shapes {
    pub fn of(client: &Client) -> Self {
        let document = client.get("/openapi.json").expect(200);
        assert!(
            document["openapi"].as_str().unwrap().starts_with("3.1"),
            "{}",
            document["openapi"]
        );
        for operations in document["paths"].as_object().unwrap().values() {
            for operation in operations.as_object().unwrap().values() {
                let parameters = operation.get("parameters");
                assert!(parameters.is_none_or(Value::is_array), "{operation}");
            }
        }
        let client = client.clone();
        Self { client, document }
    }

    #[track_caller]
    pub fn get(&self, path: &str, status: u16) -> Value {
        let reply = self.client.get(path);
        self.check("GET", path, &reply);
        reply.expect(status)
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value, status: u16) -> Value {
        let reply = self.client.post(path, body);
        self.check("POST", path, &reply);
        reply.expect(status)
    }

    /// The path as the document has it.
    #[track_caller]
    fn template(&self, path: &str) -> &Value {
        let path = path.split('?').next().unwrap_or(path);
        let fits = |template: &str| {
            let steps: Vec<_> = template.split('/').collect();
            let taken: Vec<_> = path.splitn(steps.len(), '/').collect();
            let fits = |(step, taken): (&&str, &&str)| step == taken || step.starts_with('{');
            let is_one = template.ends_with("{path}") || path.split('/').count() == steps.len();
            is_one && steps.len() == taken.len() && steps.iter().zip(&taken).all(fits)
        };
        let templates = self.document["paths"].as_object().unwrap().iter();
        let found = templates.filter(|(template, _)| fits(template));
        let nearest = found.min_by_key(|(template, _)| template.matches('{').count());
        nearest.unwrap_or_else(|| panic!("{path} is not described")).1
    }

    /// Panics unless the answer is described, and is as described.
    #[track_caller]
    pub fn check(&self, method: &str, path: &str, reply: &Reply) {
        let answers = &self.template(path)[method.to_lowercase()]["responses"];
        let answer = &answers[reply.status.to_string()];
        assert!(
            !answer.is_null(),
            "{method} {path}: {} is not described: {reply:?}",
            reply.status
        );
        let schema = &answer["content"]["application/json"]["schema"];
        if !schema.is_null() {
            self.fits(schema, &reply.json(), &format!("{method} {path}"));
        }
    }

    fn named<'s>(&'s self, schema: &'s Value) -> &'s Value {
        match schema["$ref"].as_str() {
            Some(name) => &self.document["components"]["schemas"][name.rsplit('/').next().unwrap()],
            None => schema,
        }
    }

    #[track_caller]
    fn fits(&self, schema: &Value, value: &Value, at: &str) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap();
            let schema = &self.document["components"]["schemas"][name];
            assert!(schema.is_object(), "{at}: there is no {name}");
            return self.fits(schema, value, &format!("{at} {name}"));
        }
        if let Some(any) = schema["oneOf"].as_array() {
            // Of several shapes the one whose fields are all there.
            let is_of = |one: &&Value| {
                let required = self.named(one)["required"].as_array();
                let has = |field: &Value| !value[field.as_str().unwrap()].is_null() || field == "job_stage";
                one["type"] != "null" && required.is_none_or(|required| required.iter().all(has))
            };
            let of_kind = any.iter().find(is_of).or(any.iter().find(|one| one["type"] != "null"));
            if !value.is_null() {
                self.fits(of_kind.unwrap(), value, at);
            }
            return;
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.fits(part, value, at);
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
            _ => return,
        };
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let is_it = kinds.contains(&kind) || (kind == "integer" && kinds.contains(&"number"));
        assert!(is_it, "{at}: {value} is not {kinds:?}");
        for key in schema["required"].as_array().into_iter().flatten() {
            assert!(
                !value[key.as_str().unwrap()].is_null() || value.get(key.as_str().unwrap()).is_some(),
                "{at}: no {key}"
            );
        }
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(key) {
                self.fits(property, value, &format!("{at}.{key}"));
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.fits(&schema["items"], item, &format!("{at}[]"));
        }
    }
}
