//! The elements of a storyboard: every object with an id that stands in a list, however deep, and
//! the asset that it shows.

use std::collections::{HashMap, HashSet};

use super::error::PatchError;
use super::json_tree::{Node, Shape};
use super::pointer::Pointer;
use super::quote::quote;
use super::storyboard::ID_FIELDS;

/// The fields that name an asset: a text, or an object that has one of them itself
/// (`"asset": {"path": …}`).
pub(super) const ASSET_FIELDS: [&str; 6] = ["asset_path", "asset", "image", "path", "file", "src"];

/// One object with an id.
#[derive(Debug)]
pub(super) struct Element<'t> {
    node: &'t Node,
    /// The element in which it lies, by its place among all.
    holder: Option<usize>,
    /// The steps from there.
    steps: Vec<String>,
    ids: Vec<String>,
}

impl Element<'_> {
    fn has_asset_field(&self) -> bool {
        let mut members = self.node.members().iter();
        members.any(|member| ASSET_FIELDS.contains(&member.key.as_str()))
    }
}

fn distinct_ids<'e>(elements: impl Iterator<Item = &'e Element<'e>>) -> Vec<&'e str> {
    let mut seen = HashSet::new();
    elements
        .filter_map(|element| element.ids.first())
        .map(String::as_str)
        .filter(|id| seen.insert(*id))
        .collect()
}

/// Where an element names its asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AssetField {
    /// The keys from the element on: one, or two for an object that holds the name.
    pub(super) keys: Vec<&'static str>,
    /// What it names now; none for `null`.
    pub(super) asset: Option<String>,
}

/// An element as a patch can name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShownAsset {
    pub(super) id: String,
    /// What it names now.
    pub(super) asset: String,
    /// In how many places of the document it stands.
    pub(super) places: usize,
}

/// All elements of a document.
#[derive(Debug)]
pub(super) struct Elements<'t> {
    text: &'t str,
    all: Vec<Element<'t>>,
    by_id: HashMap<String, Vec<usize>>,
}

impl<'t> Elements<'t> {
    /// Finds them, in the order of the text.
    pub(super) fn of(text: &'t str, root: &'t Node) -> Self {
        let mut all = Vec::new();
        collect(text, root, None, &mut Vec::new(), &mut all);
        let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, element) in all.iter().enumerate() {
            for id in &element.ids {
                let places = by_id.entry(id.clone()).or_default();
                if places.last() != Some(&at) {
                    places.push(at);
                }
            }
        }
        Self { text, all, by_id }
    }

    /// The elements that an id means: by one of their own ids, or as `scene/element` by that of the
    /// element around it as well.
    pub(super) fn named(&self, id: &str) -> Vec<usize> {
        if let Some(found) = self.by_id.get(id) {
            return found.clone();
        }
        let splits = id.match_indices('/').map(|(at, _)| at);
        let mut found = Vec::new();
        for at in splits {
            let (Some(outer), Some(inner)) = (id.get(..at), id.get(at + 1..)) else {
                continue;
            };
            let inner = self.by_id.get(inner).map_or(&[][..], Vec::as_slice);
            found.extend(inner.iter().copied().filter(|at| self.is_within(*at, outer)));
        }
        found
    }

    fn is_within(&self, at: usize, outer: &str) -> bool {
        let holder = self.all.get(at).and_then(|element| element.holder);
        let holder = holder.and_then(|holder| self.all.get(holder));
        holder.is_some_and(|holder| holder.ids.iter().any(|id| id == outer))
    }

    /// The element's id, behind that of the element around it where there is one:
    /// `scene_000/figure`.
    pub(super) fn full_id(&self, at: usize) -> String {
        let own = |at: usize| self.all.get(at).and_then(|element| element.ids.first());
        let holder = self.all.get(at).and_then(|element| element.holder);
        let id = own(at).cloned().unwrap_or_default();
        match holder.and_then(own) {
            Some(holder) => format!("{holder}/{id}"),
            None => id,
        }
    }

    /// The ids of all elements that name an asset, each once; of all elements where none does.
    pub(super) fn ids(&self) -> Vec<&str> {
        let with_asset = distinct_ids(self.all.iter().filter(|element| element.has_asset_field()));
        if with_asset.is_empty() {
            distinct_ids(self.all.iter())
        } else {
            with_asset
        }
    }

    /// The elements with one clear asset, as a patch can name them: one that shows the same asset
    /// in many places once, by its id alone.
    pub(super) fn shown(&self) -> Vec<ShownAsset> {
        let mut shown: Vec<(usize, ShownAsset)> = Vec::new();
        let mut first: HashMap<&str, usize> = HashMap::new();
        let mut differing: HashSet<&str> = HashSet::new();
        for (at, element) in self.all.iter().enumerate() {
            let (Ok(fields), Some(id)) = (self.asset_fields(at), element.ids.first()) else {
                continue;
            };
            let [AssetField { asset: Some(asset), .. }] = fields.as_slice() else {
                continue;
            };
            let earlier = first.get(id.as_str()).and_then(|index| shown.get_mut(*index));
            if let Some((_, earlier)) = earlier {
                if earlier.asset == *asset {
                    earlier.places += 1;
                } else {
                    differing.insert(id);
                }
            }
            first.entry(id).or_insert(shown.len());
            let (id, asset) = (id.clone(), asset.clone());
            shown.push((at, ShownAsset { id, asset, places: 1 }));
        }
        let mut named = HashSet::new();
        let clear = shown.into_iter().filter_map(|(at, mut element)| {
            if differing.contains(element.id.as_str()) {
                element.id = self.full_id(at);
                element.places = 1;
            }
            named.insert(element.id.clone()).then_some(element)
        });
        clear.collect()
    }

    /// The elements that lie in any of these.
    pub(super) fn inside(&self, outer: &[usize]) -> Vec<usize> {
        let outer: HashSet<usize> = outer.iter().copied().collect();
        let mut is_inside = vec![false; self.all.len()];
        let mut found = Vec::new();
        // Elements come before the elements inside them.
        for (at, element) in self.all.iter().enumerate() {
            let is_held = element
                .holder
                .is_some_and(|holder| outer.contains(&holder) || is_inside.get(holder) == Some(&true));
            if is_held && let Some(mark) = is_inside.get_mut(at) {
                *mark = true;
                found.push(at);
            }
        }
        found
    }

    /// Where the element stands in the text.
    pub(super) fn offset(&self, at: usize) -> usize {
        self.all.get(at).map_or(0, |element| element.node.span.start)
    }

    /// The fields that name an asset; those that are `null` only where no other does.
    pub(super) fn asset_fields(&self, at: usize) -> Result<Vec<AssetField>, PatchError> {
        let Some(element) = self.all.get(at) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for field in ASSET_FIELDS {
            let Some(value) = element
                .node
                .get(self.text, &format!("element {}", quote(&self.full_id(at))), field)?
            else {
                continue;
            };
            self.look(vec![field], value, &mut found);
            if let Shape::Object(_) = value.shape {
                for inner in ASSET_FIELDS {
                    if let Some(value) = value.get(self.text, field, inner)? {
                        self.look(vec![field, inner], value, &mut found);
                    }
                }
            }
        }
        let named: Vec<AssetField> = found.iter().filter(|field| field.asset.is_some()).cloned().collect();
        Ok(if named.is_empty() { found } else { named })
    }

    fn look(&self, keys: Vec<&'static str>, value: &Node, found: &mut Vec<AssetField>) {
        let asset = value.as_text(self.text);
        if asset.is_some() || value.raw(self.text) == "null" {
            found.push(AssetField { keys, asset });
        }
    }

    /// The pointer to a field of an element.
    pub(super) fn pointer(&self, at: usize, field: &AssetField) -> Pointer {
        let mut chain = Vec::new();
        let mut next = Some(at);
        while let Some(element) = next.and_then(|at| self.all.get(at)) {
            chain.push(&element.steps);
            next = element.holder;
        }
        let steps = chain.into_iter().rev().flatten().cloned();
        Pointer::of(steps.chain(field.keys.iter().map(|key| (*key).to_owned())).collect())
    }
}

fn collect<'t>(
    text: &'t str,
    node: &'t Node,
    holder: Option<usize>,
    steps: &mut Vec<String>,
    all: &mut Vec<Element<'t>>,
) {
    for member in node.members() {
        if matches!(member.value.shape, Shape::Object(_) | Shape::Array(_)) {
            steps.push(member.key.clone());
            collect(text, &member.value, holder, steps, all);
            steps.pop();
        }
    }
    for (index, item) in node.items().iter().enumerate() {
        let ids = ids_of(text, item);
        steps.push(index.to_string());
        if ids.is_empty() {
            collect(text, item, holder, steps, all);
        } else {
            all.push(Element {
                node: item,
                holder,
                steps: steps.clone(),
                ids,
            });
            collect(text, item, Some(all.len() - 1), &mut Vec::new(), all);
        }
        steps.pop();
    }
}

/// The ids of an object, the surest first. A number can be an id too.
fn ids_of(text: &str, node: &Node) -> Vec<String> {
    let of = |field: &&str| {
        let member = node.members().iter().find(|member| member.key == **field)?;
        let number = || member.value.as_number(text).map(str::to_owned);
        member.value.as_text(text).or_else(number)
    };
    ID_FIELDS.iter().filter_map(of).collect()
}
