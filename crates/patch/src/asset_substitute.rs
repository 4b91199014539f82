//! `asset_substitute`: other assets for elements of a storyboard (SPEC §6).

use std::collections::HashSet;

use serde_json::{Value, json};

use super::PATCH_ITEMS_MAX;
use super::asset_path::{self, Asset};
use super::closest::closest_name;
use super::elements::{ASSET_FIELDS, AssetField, Elements};
use super::error::PatchError;
use super::json_document::JsonDocument;
use super::json_tree::read_artifact;
use super::lines::line_at;
use super::offers::{Asked, Named, Offer};
use super::patch_fields::PatchFields;
use super::plan::{Material, Planned, PlannedChanges};
use super::pointer::Pointer;
use super::quote::{counted, listed, listed_quoted, quote};
use super::type_doc::{Family, FieldDoc, Holds, Planner, Subject, TypeDoc, names};

pub(super) const TYPE: TypeDoc = TypeDoc {
    name: "asset_substitute",
    family: Family::Storyboard,
    applies_to: "storyboard JSON",
    description: "Gives elements of a storyboard other assets. An element is any object with an id in a list, such as a scene, a beat or a layer; its \
                  asset stands in asset_path, asset, image, path, file or src. The file must exist in the run directory; \
                  scene/element names one of several elements with the same id.",
    example: || {
        json!({
            "type": "asset_substitute",
            "substitutions": [{"element_id": "figure", "asset_path": "artifacts/assets/figure-2.svg"}],
        })
    },
    fields: &[FieldDoc::new(
        "substitutions",
        "[{element_id, asset_path}]",
        Holds::Items(SUBSTITUTION),
    )],
    template,
    edited_first: None,
    parse: |fields| Ok(Box::new(AssetSubstitute::parse(fields)?)),
};

const SUBSTITUTION: &[FieldDoc] = &[
    FieldDoc::new(
        "element_id",
        "the id of an element",
        Holds::Offered(|asked| Some(Offer::Texts(asked.contents.elements.clone()))),
    ),
    FieldDoc::new("asset_path", "a file of this run", Holds::Offered(assets)),
];

/// How many ids a refusal offers to choose from.
const CANDIDATES_MAX: usize = 50;

#[derive(Debug)]
struct AssetSubstitute {
    substitutions: Vec<Substitution>,
}

#[derive(Debug)]
struct Substitution {
    id_field: String,
    path_field: String,
    element_id: String,
    asset_path: String,
}

/// One field to be written.
struct Write {
    at: usize,
    pointer: Pointer,
    value: Value,
}

/// The first element with one asset, and that asset.
fn template(subject: &Subject<'_>) -> Option<Value> {
    let (text, root) = subject.tree()?;
    let first = Elements::of(text, &root).shown().into_iter().next()?;
    Some(json!({"substitutions": [{"element_id": first.id, "asset_path": first.asset}]}))
}

/// Files that could be an asset: those below `assets` first.
fn assets(asked: &Asked<'_>) -> Option<Offer> {
    let files = asked.files.iter().filter(|file| *file != asked.path);
    let mut files: Vec<Named> = files.map(|file| Named::new(file, "")).collect();
    files.sort_by_key(|file| file.text.split('/').all(|part| part != "assets"));
    Some(Offer::Texts(files))
}

impl AssetSubstitute {
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        let mut seen = HashSet::new();
        let substitutions = fields.items("substitutions", PATCH_ITEMS_MAX, |item| {
            let substitution = Substitution::parse(item)?;
            item.once("element_id", &mut seen, |id| {
                format!("element {id} is given an asset twice")
            })?;
            Ok(substitution)
        })?;
        Ok(Self { substitutions })
    }
}

impl Substitution {
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        fields.only(&names(SUBSTITUTION))?;
        let element_id = fields.filled("element_id")?;
        let asset_path: &str = fields.read("asset_path")?;
        if let Some(fault) = asset_path::fault(asset_path) {
            let message = format!("`asset_path` {} {fault}", quote(asset_path));
            return Err(PatchError::wrong_field(fields.path("asset_path"), message)
                .with_hint("write the path of a file of this run, such as artifacts/assets/figure.svg"));
        }
        Ok(Self {
            id_field: fields.path("element_id"),
            path_field: fields.path("asset_path"),
            element_id: element_id.to_owned(),
            asset_path: asset_path.to_owned(),
        })
    }

    /// The elements that are meant, each with its one asset field. The same element may stand in
    /// many scenes, as long as all show the same.
    fn targets(
        &self,
        material: &Material<'_>,
        text: &str,
        elements: &Elements<'_>,
    ) -> Result<Vec<(usize, AssetField)>, PatchError> {
        let named = elements.named(&self.element_id);
        if named.is_empty() {
            return Err(self.not_found(material, elements));
        }
        let mut found = Vec::new();
        for at in &named {
            let fields = elements.asset_fields(*at)?;
            match fields.as_slice() {
                [] => {}
                [field] => found.push((*at, field.clone())),
                several => {
                    let line = line_at(text, elements.offset(*at));
                    let names: Vec<String> = several.iter().map(|field| field.keys.join(".")).collect();
                    return Err(PatchError::unfit(format!(
                        "element {} (line {line}) names its asset in {} fields: {}",
                        quote(&self.element_id),
                        names.len(),
                        listed(&names)
                    ))
                    .at_artifact_line(line)
                    .with_hint("json_patch can set the one that is meant")
                    .with_candidates(names));
                }
            }
        }
        let Some((_, first)) = found.first() else {
            return Err(self.no_asset(text, elements, &named));
        };
        if found.iter().any(|(_, field)| field.asset != first.asset) {
            let names: Vec<String> = found.iter().map(|(at, _)| elements.full_id(*at)).collect();
            return Err(PatchError::unfit(format!(
                "element {} stands {} times in {}, with different assets",
                quote(&self.element_id),
                names.len(),
                quote(material.path)
            ))
            .with_hint(format!("say which: {}", listed_quoted(&names)))
            .with_candidates(names.into_iter().take(CANDIDATES_MAX).collect()));
        }
        Ok(found)
    }

    fn not_found(&self, material: &Material<'_>, elements: &Elements<'_>) -> PatchError {
        let ids = elements.ids();
        let what = if ids.is_empty() {
            "no elements with an id".to_owned()
        } else {
            listed_quoted(&ids)
        };
        let error = PatchError::unfit(format!(
            "element {} not found; {} has {what}",
            quote(&self.element_id),
            quote(material.path)
        ));
        let error = match closest_name(ids.iter().copied(), &self.element_id) {
            Some(near) => error.with_hint(format!("did you mean {}?", quote(near))),
            None => error.with_hint("element_id is the id of an object in a list, such as a scene, a beat or a layer"),
        };
        error.with_candidates(ids.iter().take(CANDIDATES_MAX).map(|id| (*id).to_owned()).collect())
    }

    fn no_asset(&self, text: &str, elements: &Elements<'_>, named: &[usize]) -> PatchError {
        let line = named.first().map_or(1, |at| line_at(text, elements.offset(*at)));
        let inside: Vec<String> = elements
            .inside(named)
            .into_iter()
            .filter(|at| elements.asset_fields(*at).is_ok_and(|fields| !fields.is_empty()))
            .map(|at| elements.full_id(at))
            .take(CANDIDATES_MAX)
            .collect();
        let error = PatchError::unfit(format!(
            "element {} (line {line}) names no asset",
            quote(&self.element_id)
        ))
        .at_artifact_line(line);
        if inside.is_empty() {
            return error.with_hint(format!(
                "an asset is a text in one of {}; json_patch can add it",
                listed(&ASSET_FIELDS)
            ));
        }
        error
            .with_hint(format!("in it are {}", listed_quoted(&inside)))
            .with_candidates(inside)
    }
}

/// What the new asset brings with it that the operator did not write.
fn consequences(
    substitution: &Substitution,
    files: &[String],
    present: Option<&str>,
    asset: &Asset,
    times: usize,
) -> Vec<String> {
    let id = quote(&substitution.element_id);
    let mut out = Vec::new();
    if times > 1 {
        out.push(format!("{id} stands in {}: all get the asset", counted(times, "place")));
    }
    if asset.is_elsewhere {
        let present = present.map(quote).unwrap_or_default();
        out.push(format!(
            "{} lies in another folder than {present}, and is written from the run directory on",
            quote(&asset.file)
        ));
    }
    let Some(present) = present else { return out };
    if asset_path::meant(files, present).is_empty() {
        out.push(format!(
            "{id} named {} before, which is no file of this run",
            quote(present)
        ));
    }
    let ending = |path: &str| path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    if let (Some(before), Some(after)) = (ending(present), ending(&asset.file))
        && before != after
    {
        out.push(format!("{id} had an asset of kind .{before}; the new one is .{after}"));
    }
    out
}

impl Planner for AssetSubstitute {
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError> {
        let text = material.text()?;
        let root = read_artifact(material.path, text)?;
        let elements = Elements::of(text, &root);
        let files = material.surroundings.files;
        let mut writes: Vec<Write> = Vec::new();
        let mut told = Vec::new();
        let mut taken = HashSet::new();
        for substitution in &self.substitutions {
            let targets = substitution
                .targets(material, text, &elements)
                .map_err(|error| error.at_field(substitution.id_field.clone()))?;
            let present = targets.first().and_then(|(_, field)| field.asset.clone());
            let present = present.as_deref();
            let asset = asset_path::resolve(files, &substitution.asset_path, present)
                .map_err(|error| error.at_field(substitution.path_field.clone()))?;
            if present == Some(asset.written.as_str()) {
                told.push(format!(
                    "{} shows {} already",
                    quote(&substitution.element_id),
                    quote(&asset.written)
                ));
                continue;
            }
            told.extend(consequences(substitution, files, present, &asset, targets.len()));
            for (at, field) in targets {
                if !taken.insert(at) {
                    let message = format!(
                        "{} and an earlier id both mean {}",
                        quote(&substitution.element_id),
                        quote(&elements.full_id(at))
                    );
                    return Err(PatchError::unfit(message).at_field(substitution.id_field.clone()));
                }
                writes.push(Write {
                    at,
                    pointer: elements.pointer(at, &field),
                    value: Value::from(asset.written.as_str()),
                });
            }
        }
        writes.sort_by_key(|write| write.at);
        let mut document = JsonDocument::new(text, &root);
        let mut changes = PlannedChanges::default();
        for write in &writes {
            let target = document.find(&write.pointer)?;
            document.set(target.id, &write.value, &target.place, &mut changes)?;
        }
        Ok(Planned::new(document.finished(material.path)?, changes, told))
    }
}

#[cfg(test)]
mod tests;
