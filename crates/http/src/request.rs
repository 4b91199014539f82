//! Requests as structs: each field is read by its type, and every fault of all of them is told at
//! once.
//!
//! [`request!`] makes a struct, its schema and its reader from one telling. The fields are read as
//! those of a patch are (`patch::fields`). serde is not used for it: it stops at the first fault.

use serde_json::{Map, Value};

use domain::context::GateContext;
use domain::ids::{ArtifactPath, Digest, StageName};
use domain::time::Timestamp;
use patch::fields::{self, FieldReader, FieldValue};

use super::answer::{ApiError, FieldFault};
use super::body::Object;

/// A struct that is read from the fields of an object.
pub(crate) trait Request: Sized {
    /// Reads it; none where a fault was noted.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;
}

/// A request: `request! { struct Name { field: Type, … } }`, with a function behind `then` for faults that
/// lie between fields.
macro_rules! request {
    ($(#[$meta:meta])* struct $name:ident { $($(#[$inner:meta])* $field:ident: $kind:ty,)* } $(then $check:expr)?) => {
        #[derive(utoipa::ToSchema)]
        $(#[$meta])*
        pub(crate) struct $name { $($(#[$inner])* $field: $kind,)* }

        impl $crate::request::Request for $name {
            fn read(fields: &mut $crate::request::Fields<'_>) -> Option<Self> {
                $(let $field = fields.read(stringify!($field));)*
                $($check(fields);)?
                Some(Self { $($field: $field?,)* })
            }
        }
    };
}
pub(crate) use request;

/// Requests over HTTP are read.
pub(crate) enum Requests {}

impl FieldReader for Requests {
    type Fault = Vec<FieldFault>;
    const IS_NULL_NOTHING: bool = true;

    fn missing(fields: &fields::Fields<'_, Self>, key: &str, _needed: &str) -> Vec<FieldFault> {
        if fields.object().contains_key(key) {
            return fault(fields, key, "value_missing", "null is no value here");
        }
        let object = Value::Object(fields.object().clone());
        vec![FieldFault::new("missing", fields.place(key), "Field required", &object)]
    }
}

pub(crate) fn fault(
    fields: &fields::Fields<'_, Requests>,
    key: &str,
    kind: &str,
    msg: impl Into<String>,
) -> Vec<FieldFault> {
    let input = fields.object().get(key).unwrap_or(&Value::Null);
    vec![FieldFault::new(kind, fields.place(key), msg, input)]
}

/// An object that came in, and every fault of it that was noted.
pub(crate) struct Fields<'v> {
    of: fields::Fields<'v, Requests>,
    faults: Vec<FieldFault>,
}

impl<'v> Fields<'v> {
    /// Of a whole body.
    pub(crate) fn of(Object(object): &'v Object) -> Self {
        Self::at(fields::Fields::new(object, vec!["body".into()]))
    }

    fn at(of: fields::Fields<'v, Requests>) -> Self {
        let faults = Vec::new();
        Self { of, faults }
    }

    /// Notes a fault of a field.
    pub(crate) fn fault(&mut self, key: &str, kind: &str, msg: impl Into<String>) {
        self.faults.extend(fault(&self.of, key, kind, msg));
    }

    /// A field that is there and not null.
    pub(crate) fn any(&self, key: &str) -> Option<&'v Value> {
        self.of.get(key)
    }

    /// Notes that a field is missing, where it is.
    pub(crate) fn require(&mut self, key: &str) {
        if self.any(key).is_none() {
            self.faults.extend(Requests::missing(&self.of, key, ""));
        }
    }

    /// Reads a field; none where a fault was noted.
    pub(crate) fn read<T: FieldValue<'v, Requests>>(&mut self, key: &str) -> Option<T> {
        let read = self.of.read(key);
        read.map_err(|faults| self.faults.extend(faults)).ok()
    }

    /// The request, or every fault of it.
    pub(crate) fn finish<T: Request>(self) -> Result<T, ApiError> {
        self.all().map_err(|faults| ApiError::unprocessable(&faults))
    }

    fn all<T: Request>(mut self) -> Result<T, Vec<FieldFault>> {
        match T::read(&mut self) {
            Some(request) if self.faults.is_empty() => Ok(request),
            Some(_) | None => Err(self.faults),
        }
    }
}

/// Why a value is none of its kind: a word, and what would be right.
pub(crate) type Unfit = (&'static str, String);

impl<'v, T: Request> FieldValue<'v, Requests> for Vec<T> {
    fn of(fields: &fields::Fields<'v, Requests>, key: &str, value: &'v Value) -> Result<Self, Vec<FieldFault>> {
        let Value::Array(items) = value else {
            return Err(fault(fields, key, "list_type", "Input should be a list"));
        };
        let (mut all, mut faults) = (Vec::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            let read = match item.as_object() {
                Some(object) => Fields::at(fields.item(key, index, object)).all(),
                None => Err(fault(
                    fields,
                    key,
                    "dict_type",
                    format!("item {index} should be an object"),
                )),
            };
            match read {
                Ok(item) => all.push(item),
                Err(found) => faults.extend(found),
            }
        }
        if faults.is_empty() { Ok(all) } else { Err(faults) }
    }
}

/// What one value of JSON can be read as: the type, and how a value that is not null is read.
macro_rules! values {
    ($($kind:ty: $read:expr;)*) => {
        $(impl<'v> patch::fields::FieldValue<'v, $crate::request::Requests> for $kind {
            fn of(
                fields: &patch::fields::Fields<'v, $crate::request::Requests>,
                key: &str,
                value: &'v serde_json::Value,
            ) -> Result<Self, Vec<$crate::answer::FieldFault>> {
                let read: fn(&serde_json::Value) -> Result<Self, $crate::request::Unfit> = $read;
                read(value).map_err(|(kind, msg)| $crate::request::fault(fields, key, kind, msg))
            }
        })*
    };
}
pub(crate) use values;

values! {
    String: |value| text(value).map(str::to_owned);
    Value: |value| Ok(value.clone());
    Map<String, Value>: |value| {
        let object = value.as_object().cloned();
        object.ok_or_else(|| ("dict_type", "Input should be an object".to_owned()))
    };
    bool: |value| {
        let boolean = value.as_bool();
        boolean.ok_or_else(|| ("bool_type", "Input should be true or false".to_owned()))
    };
    u32: counting;
    StageName: |value| Self::new(text(value)?).map_err(|error| ("stage_name", error.to_string()));
    ArtifactPath: |value| Self::new(text(value)?).map_err(|error| ("artifact_path", error.to_string()));
    Digest: |value| Self::parse(text(value)?).map_err(|error| ("digest", error.to_string()));
    Timestamp: |value| {
        let time = Self::parse(text(value)?);
        time.ok_or_else(|| ("datetime", "Input should be an RFC 3339 time".to_owned()))
    };
}

impl<'v> FieldValue<'v, Requests> for GateContext {
    fn of(fields: &fields::Fields<'v, Requests>, key: &str, value: &'v Value) -> Result<Self, Vec<FieldFault>> {
        Self::read(value).map_err(|refusal| {
            let within = refusal.place.unwrap_or_default();
            let parts = within.split(['.', '[', ']']).filter(|part| !part.is_empty());
            let mut place = fields.place(key);
            place.extend(parts.map(|part| part.parse::<u64>().map_or_else(|_| Value::from(part), Value::from)));
            let hint = refusal.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            let msg = format!("{}{hint}", refusal.message);
            vec![FieldFault::new("context", place, msg, &Value::Null)]
        })
    }
}

/// A text.
pub(crate) fn text(value: &Value) -> Result<&str, Unfit> {
    value
        .as_str()
        .ok_or_else(|| ("string_type", "Input should be a valid string".to_owned()))
}

/// A number from 1: every number that a request holds counts something.
fn counting(value: &Value) -> Result<u32, Unfit> {
    // JSON knows one kind of number: 600.0 is a whole one.
    let whole = value.as_u64().or_else(|| whole_of(value.as_f64()?));
    let whole = whole.and_then(|number| u32::try_from(number).ok());
    whole.filter(|number| *number > 0).ok_or_else(|| {
        let msg = format!("Input should be a whole number from 1 to {}", u32::MAX);
        ("int_range", msg)
    })
}

/// The whole number that a floating-point one is, where it is one and exact.
fn whole_of(number: f64) -> Option<u64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && (0.0..=EXACT_MAX).contains(&number);
    is_whole.then_some(number as u64)
}
