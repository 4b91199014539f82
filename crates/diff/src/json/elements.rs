//! Which elements of two arrays are the same one.
// By index, one removed beat shows as a change of every later one. Elements that are objects with
// an id are paired by it; others by an alignment of their texts.

use std::collections::HashMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::value::{Members, Shape, shape};

/// What became of an element; places from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    Removed(usize),
    Added(usize),
    Both {
        old_at: usize,
        new_at: usize,
        is_moved: bool,
    },
}

// The names under which the known formats keep ids; others are found by their ending.
const ID_KEYS: [&str; 7] = ["id", "beat_id", "scene_id", "element_id", "uuid", "key", "name"];

// Beyond this many elements without ids, arrays are compared place by place: alignment has no limit
// of its own.
const ALIGNED_MAX: usize = 10_000;

/// The pairs of two arrays, and the ids that they were found by, as they are written; without any,
/// there are no ids.
pub(super) struct Pairs<'a> {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) old_ids: Vec<&'a str>,
    pub(crate) new_ids: Vec<&'a str>,
}

/// Pairs the elements: removed ones first, then the others in the order of the new array.
pub(super) fn pairs<'a>(old: &[&'a str], new: &[&'a str]) -> Pairs<'a> {
    by_id(old, new).unwrap_or_else(|| Pairs {
        pairs: by_text(old, new),
        old_ids: Vec::new(),
        new_ids: Vec::new(),
    })
}

fn by_id<'a>(old: &[&'a str], new: &[&'a str]) -> Option<Pairs<'a>> {
    let old_objects = objects(old)?;
    let new_objects = objects(new)?;
    let sample = new_objects.first().or(old_objects.first())?;
    let endings = sample.iter().map(|(key, _)| key).filter(|key| key.ends_with("_id"));
    let (old_ids, new_ids) = ID_KEYS
        .into_iter()
        .chain(endings)
        .find_map(|key| Some((ids(&old_objects, key)?, ids(&new_objects, key)?)))?;

    let places: HashMap<&str, usize> = old_ids.iter().enumerate().map(|(at, &id)| (id, at)).collect();
    let kept: HashMap<&str, ()> = new_ids.iter().map(|&id| (id, ())).collect();
    let removed = old_ids
        .iter()
        .enumerate()
        .filter(|(_, id)| !kept.contains_key(*id))
        .map(|(at, _)| Pair::Removed(at));
    let in_order = unmoved(new_ids.iter().filter_map(|id| places.get(id).copied()));
    let others = new_ids.iter().enumerate().map(|(new_at, id)| match places.get(id) {
        Some(&old_at) => Pair::Both {
            old_at,
            new_at,
            is_moved: in_order.binary_search(&old_at).is_err(),
        },
        None => Pair::Added(new_at),
    });
    let pairs = removed.chain(others).collect();
    Some(Pairs {
        pairs,
        old_ids,
        new_ids,
    })
}

fn objects<'a>(elements: &[&'a str]) -> Option<Vec<Members<'a>>> {
    let members = |element: &&'a str| match shape(element) {
        Shape::Object(members) => Some(members),
        Shape::Array(_) | Shape::Scalar | Shape::Ambiguous => None,
    };
    elements.iter().map(members).collect()
}

/// The ids under `key`, if every object has one, a text or a number, and no two the same.
fn ids<'a>(objects: &[Members<'a>], key: &str) -> Option<Vec<&'a str>> {
    let ids: Vec<&str> = objects.iter().map(|members| members.get(key)).collect::<Option<_>>()?;
    let is_id = |id: &&str| id.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit());
    let distinct: HashMap<&str, ()> = ids.iter().map(|&id| (id, ())).collect();
    (ids.iter().all(is_id) && distinct.len() == ids.len()).then_some(ids)
}

/// The largest set of old places that still stand in their order: the fewest elements are called
/// moved. Sorted.
fn unmoved(places: impl Iterator<Item = usize>) -> Vec<usize> {
    let places: Vec<usize> = places.collect();
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(places.len());
    for (at, place) in places.iter().enumerate() {
        let length = tails.partition_point(|&tail| places[tail] < *place);
        before.push(length.checked_sub(1).map(|last| tails[last]));
        match tails.get_mut(length) {
            Some(tail) => *tail = at,
            None => tails.push(at),
        }
    }
    let mut kept: Vec<usize> = std::iter::successors(tails.last().copied(), |&at| before[at])
        .map(|at| places[at])
        .collect();
    kept.reverse();
    kept
}

fn by_text(old: &[&str], new: &[&str]) -> Vec<Pair> {
    let both = |old_at, new_at| Pair::Both {
        old_at,
        new_at,
        is_moved: false,
    };
    if old.len().max(new.len()) > ALIGNED_MAX {
        return side_by_side(0..old.len(), 0..new.len()).collect();
    }
    let mut pairs = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        match op {
            DiffOp::Equal {
                old_index,
                new_index,
                len,
            } => {
                pairs.extend((0..len).map(|at| both(old_index + at, new_index + at)));
            }
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                pairs.extend(side_by_side(op.old_range(), op.new_range()));
            }
        }
    }
    pairs
}

/// Pairs what stands in the same place; the longer side's rest was removed or added.
fn side_by_side(old: std::ops::Range<usize>, new: std::ops::Range<usize>) -> impl Iterator<Item = Pair> {
    let shared = old.len().min(new.len());
    let both = (0..shared).map({
        let (old, new) = (old.start, new.start);
        move |at| Pair::Both {
            old_at: old + at,
            new_at: new + at,
            is_moved: false,
        }
    });
    both.chain((old.start + shared..old.end).map(Pair::Removed))
        .chain((new.start + shared..new.end).map(Pair::Added))
}
