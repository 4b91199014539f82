//! Requests as structs: each field is read by its type, and every fault of all of them is told at
//! once.
//!
//! [`request!`] makes a struct, its schema and its reader from one telling. serde is not used for
//! it: it stops at the first fault.

use serde_json::{Map, Value};

use domain::ids::{ArtifactPath, Digest, StageName};
use domain::time::Timestamp;

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
                $(let $field = $crate::request::Field::read(fields, stringify!($field));)*
                $($check(fields);)?
                Some(Self { $($field: $field?,)* })
            }
        }
    };
}
pub(crate) use request;

/// An object that came in, and every fault of it that was noted.
pub(crate) struct Fields<'v> {
    object: &'v Value,
    loc: Vec<Value>,
    faults: Vec<FieldFault>,
}

impl<'v> Fields<'v> {
    /// Of a whole body.
    pub(crate) fn of(Object(object): &'v Object) -> Self {
        Self {
            object,
            loc: vec!["body".into()],
            faults: Vec::new(),
        }
    }

    fn loc(&self, key: &str) -> Vec<Value> {
        let mut loc = self.loc.clone();
        loc.push(key.into());
        loc
    }

    /// Notes a fault of a field.
    pub(crate) fn fault(&mut self, key: &str, kind: &str, msg: impl Into<String>) {
        let input = self.object.get(key).unwrap_or(&Value::Null);
        let fault = FieldFault::new(kind, self.loc(key), msg, input);
        self.faults.push(fault);
    }

    /// A field that is there and not null.
    pub(crate) fn any(&self, key: &str) -> Option<&'v Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// Notes a field that is missing.
    pub(crate) fn require(&mut self, key: &str) {
        if self.object.get(key).is_none() {
            let fault = FieldFault::new("missing", self.loc(key), "Field required", self.object);
            self.faults.push(fault);
        } else if self.any(key).is_none() {
            self.fault(key, "value_missing", "null is no value here");
        }
    }

    /// The request, or every fault of it.
    pub(crate) fn finish<T: Request>(mut self) -> Result<T, ApiError> {
        match T::read(&mut self) {
            Some(request) if self.faults.is_empty() => Ok(request),
            Some(_) | None => Err(ApiError::unprocessable(&self.faults)),
        }
    }
}

/// Why a value is none of its kind: a word, and what would be right.
pub(crate) type Unfit = (&'static str, String);

/// What one value of JSON can be read as.
pub(crate) trait FieldValue: Sized {
    /// Reads it; it is not null.
    fn of(value: &Value) -> Result<Self, Unfit>;
}

/// What a field can be: a value that must be there, or one that need not, or a list of objects.
pub(crate) trait Field: Sized {
    /// Reads it; none where a fault was noted.
    fn read(fields: &mut Fields<'_>, key: &str) -> Option<Self>;
}

impl<T: FieldValue> Field for Option<T> {
    fn read(fields: &mut Fields<'_>, key: &str) -> Option<Self> {
        match fields.any(key).map(T::of).transpose() {
            Ok(value) => Some(value),
            Err((kind, msg)) => {
                fields.fault(key, kind, msg);
                None
            }
        }
    }
}

impl<T: FieldValue> Field for T {
    fn read(fields: &mut Fields<'_>, key: &str) -> Option<Self> {
        fields.require(key);
        Field::read(fields, key)?
    }
}

impl<T: Request> Field for Option<Vec<T>> {
    fn read(fields: &mut Fields<'_>, key: &str) -> Option<Self> {
        match fields.any(key) {
            None => Some(None),
            Some(Value::Array(items)) => items_of(fields, key, items).map(Some),
            Some(_) => {
                fields.fault(key, "list_type", "Input should be a list");
                None
            }
        }
    }
}

impl<T: Request> Field for Vec<T> {
    fn read(fields: &mut Fields<'_>, key: &str) -> Option<Self> {
        fields.require(key);
        <Option<Self> as Field>::read(fields, key)?
    }
}

fn items_of<T: Request>(fields: &mut Fields<'_>, key: &str, items: &[Value]) -> Option<Vec<T>> {
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if !item.is_object() {
            fields.fault(key, "dict_type", format!("item {index} should be an object"));
            continue;
        }
        let mut loc = fields.loc(key);
        loc.push(index.into());
        let mut inner = Fields {
            object: item,
            loc,
            faults: Vec::new(),
        };
        all.extend(T::read(&mut inner));
        fields.faults.extend(inner.faults);
    }
    Some(all)
}

fn text(value: &Value) -> Result<&str, Unfit> {
    value
        .as_str()
        .ok_or_else(|| ("string_type", "Input should be a valid string".to_owned()))
}

impl FieldValue for String {
    fn of(value: &Value) -> Result<Self, Unfit> {
        text(value).map(str::to_owned)
    }
}

impl FieldValue for Value {
    fn of(value: &Value) -> Result<Self, Unfit> {
        Ok(value.clone())
    }
}

impl FieldValue for Map<String, Value> {
    fn of(value: &Value) -> Result<Self, Unfit> {
        let object = value.as_object().cloned();
        object.ok_or_else(|| ("dict_type", "Input should be an object".to_owned()))
    }
}

impl FieldValue for bool {
    fn of(value: &Value) -> Result<Self, Unfit> {
        let boolean = value.as_bool();
        boolean.ok_or_else(|| ("bool_type", "Input should be true or false".to_owned()))
    }
}

impl FieldValue for u32 {
    /// From 1: every number that a request holds counts something.
    fn of(value: &Value) -> Result<Self, Unfit> {
        // JSON knows one kind of number: 600.0 is a whole one.
        let whole = value.as_u64().or_else(|| whole_of(value.as_f64()?));
        let whole = whole.and_then(|number| Self::try_from(number).ok());
        whole.filter(|number| *number > 0).ok_or_else(|| {
            let msg = format!("Input should be a whole number from 1 to {}", Self::MAX);
            ("int_range", msg)
        })
    }
}

/// The whole number that a floating-point one is, where it is one and exact.
fn whole_of(number: f64) -> Option<u64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && (0.0..=EXACT_MAX).contains(&number);
    is_whole.then_some(number as u64)
}

impl FieldValue for StageName {
    fn of(value: &Value) -> Result<Self, Unfit> {
        Self::new(text(value)?).map_err(|error| ("stage_name", error.to_string()))
    }
}

impl FieldValue for ArtifactPath {
    fn of(value: &Value) -> Result<Self, Unfit> {
        Self::new(text(value)?).map_err(|error| ("artifact_path", error.to_string()))
    }
}

impl FieldValue for Digest {
    fn of(value: &Value) -> Result<Self, Unfit> {
        Self::parse(text(value)?).map_err(|error| ("digest", error.to_string()))
    }
}

impl FieldValue for Timestamp {
    fn of(value: &Value) -> Result<Self, Unfit> {
        let time = Self::parse(text(value)?);
        time.ok_or_else(|| ("datetime", "Input should be an RFC 3339 time".to_owned()))
    }
}
