//! Reading the fields of JSON objects, one way for patches and for what comes in over HTTP: each
//! field by its type, each fault with its place. How a fault is worded is for who reads.

use std::marker::PhantomData;

use serde_json::{Map, Value};

/// Who reads.
pub trait FieldReader: Sized {
    /// What a field becomes that cannot be taken.
    type Fault;
    /// Whether `null` says the same as a field that is left out.
    const IS_NULL_NOTHING: bool;

    /// The fault of a field that is missing; `needed` says what should be there.
    fn missing(fields: &Fields<'_, Self>, key: &str, needed: &str) -> Self::Fault;
}

/// What a field can be read as.
pub trait FieldValue<'v, R: FieldReader>: Sized {
    /// What is asked for where it is missing.
    const NEEDED: &'static str = "a value";

    /// What it is where it is left out; none: it must be there.
    fn absent() -> Option<Self> {
        None
    }

    /// Reads what stands there.
    fn of(fields: &Fields<'v, R>, key: &str, value: &'v Value) -> Result<Self, R::Fault>;
}

impl<'v, R: FieldReader, T: FieldValue<'v, R>> FieldValue<'v, R> for Option<T> {
    fn absent() -> Option<Self> {
        Some(None)
    }

    fn of(fields: &Fields<'v, R>, key: &str, value: &'v Value) -> Result<Self, R::Fault> {
        T::of(fields, key, value).map(Some)
    }
}

/// An object, and where it stands in the document.
pub struct Fields<'v, R> {
    object: &'v Map<String, Value>,
    place: Vec<Value>,
    reader: PhantomData<R>,
}

impl<'v, R: FieldReader> Fields<'v, R> {
    /// An object at a place: names and positions from the document on.
    pub fn new(object: &'v Map<String, Value>, place: Vec<Value>) -> Self {
        Self {
            object,
            place,
            reader: PhantomData,
        }
    }

    /// An object in a list of this one.
    pub fn item(&self, key: &str, index: usize, object: &'v Map<String, Value>) -> Self {
        let mut place = self.place(key);
        place.push(index.into());
        Self::new(object, place)
    }

    /// The object itself.
    pub fn object(&self) -> &'v Map<String, Value> {
        self.object
    }

    /// Where a field of it stands.
    pub fn place(&self, key: &str) -> Vec<Value> {
        let mut place = self.place.clone();
        place.push(key.into());
        place
    }

    /// What a field holds, if it is there.
    pub fn get(&self, key: &str) -> Option<&'v Value> {
        let value = self.object.get(key);
        value.filter(|value| !(R::IS_NULL_NOTHING && value.is_null()))
    }

    /// Reads a field.
    pub fn read<T: FieldValue<'v, R>>(&self, key: &str) -> Result<T, R::Fault> {
        match self.get(key) {
            Some(value) => T::of(self, key, value),
            None => T::absent().ok_or_else(|| R::missing(self, key, T::NEEDED)),
        }
    }
}
