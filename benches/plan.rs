//! How long a patch takes to plan, each type, and to be derived from an edit: 1 kB to 10 MB, with
//! few and with many edits (issue 3, "Never slow"). Many are every tenth line or scene, at most as
//! many as a patch may list.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench fails by panicking"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use diff::lines::Limit;
use diff::{DiffDocument, unified};
use material::{EDITS, SIZES, scene_count, scene_id, script, storyboard};
use patch::{ArtifactFacts, Patch, derive};
use serde_json::{Value, json};

mod material;

const SCRIPT: ArtifactFacts<'static> = ArtifactFacts {
    path: "artifacts/script/script.md",
    kind: "script",
};
const STORYBOARD: ArtifactFacts<'static> = ArtifactFacts {
    path: "artifacts/storyboard/storyboard.json",
    kind: "storyboard",
};
/// A patch lists at most so many edits (PATCH_ITEMS_MAX).
const EDITS_MAX: usize = 1_000;

/// Edits spread evenly over what there is: a single one, or every tenth.
fn spread(count: usize, is_many: bool) -> impl Iterator<Item = usize> {
    let edits = if is_many { (count / 10).clamp(1, EDITS_MAX) } else { 1 };
    (0..edits).map(move |edit| edit * count / edits + count / edits / 2)
}

fn text_replace(count: usize, is_many: bool) -> Value {
    let replacements: Vec<Value> = spread(count, is_many)
        .map(|line| json!({ "old": format!("Line {line}: low tide"), "new": format!("Line {line}: high tide") }))
        .collect();
    json!({ "type": "text_replace", "replacements": replacements })
}

fn duration_adjust(count: usize, is_many: bool) -> Value {
    let adjustments: Vec<Value> = spread(count, is_many)
        .map(|scene| json!({ "beat_id": scene_id(scene), "duration": 21 }))
        .collect();
    json!({ "type": "duration_adjust", "beat_adjustments": adjustments })
}

fn json_patch(count: usize, is_many: bool) -> Value {
    let ops: Vec<Value> = spread(count, is_many)
        .map(|scene| json!({ "op": "replace", "path": format!("/scenes/{scene}/duration_ms"), "value": 21000 }))
        .collect();
    json!({ "type": "json_patch", "ops": ops })
}

fn unified_diff(old: &[u8], new: &[u8]) -> Value {
    let compared = DiffDocument::compare(Some(Arc::new(old.to_vec())), Arc::new(new.to_vec()), Limit::NONE);
    let diff = unified::write(&compared, "a/script.md", "b/script.md");
    json!({ "type": "unified_diff", "diff": String::from_utf8(diff).unwrap() })
}

/// Plans it again and again, as the live check does with every pause in typing.
fn plan(criterion: &mut Criterion, name: &str, label: &str, path: &str, bytes: &[u8], patch: Value) {
    // What is too large for a patch is not one.
    let Ok(patch) = Patch::from_value(patch) else { return };
    patch
        .plan(path, bytes)
        .unwrap_or_else(|error| panic!("{name} {label}: {error:?}"));
    let mut group = criterion.benchmark_group(format!("plan_{name}"));
    group.sample_size(10).throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function(BenchmarkId::from_parameter(label), |bencher| {
        bencher.iter(|| patch.plan(path, black_box(bytes)));
    });
    group.finish();
}

fn text_plans(criterion: &mut Criterion) {
    for (size, bytes) in SIZES {
        for (edits, every) in EDITS {
            let label = format!("{size}/{edits}");
            let is_many = edits == "many";
            let old = script(bytes, None);
            let lines = old
                .split(|byte| *byte == b'\n')
                .filter(|line| line.starts_with(b"Line"))
                .count();
            plan(
                criterion,
                "text_replace",
                &label,
                SCRIPT.path,
                &old,
                text_replace(lines, is_many),
            );
            let new = script(bytes, Some(every.min(bytes / 200)));
            plan(
                criterion,
                "unified_diff",
                &label,
                SCRIPT.path,
                &old,
                unified_diff(&old, &new),
            );
            if !is_many {
                let section = json!({ "type": "section_replace", "section_marker": "## Section 0", "new_section": "Other words.\n" });
                plan(criterion, "section_replace", &label, SCRIPT.path, &old, section);
            }
        }
    }
}

fn json_plans(criterion: &mut Criterion) {
    for (size, bytes) in SIZES {
        for (edits, _) in EDITS {
            let label = format!("{size}/{edits}");
            let old = storyboard(bytes, None);
            let (count, is_many) = (scene_count(&old), edits == "many");
            plan(
                criterion,
                "duration_adjust",
                &label,
                STORYBOARD.path,
                &old,
                duration_adjust(count, is_many),
            );
            plan(
                criterion,
                "json_patch",
                &label,
                STORYBOARD.path,
                &old,
                json_patch(count, is_many),
            );
        }
        let merge = json!({ "type": "merge_patch", "merge": { "title": "The reef" } });
        plan(
            criterion,
            "merge_patch",
            &format!("{size}/few"),
            STORYBOARD.path,
            &storyboard(bytes, None),
            merge,
        );
    }
}

fn level_plans(criterion: &mut Criterion) {
    for (size, bytes) in SIZES {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut sound = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut sound, spec).unwrap();
        for sample in 0..bytes / 2 {
            let phase = (sample / 2) as f64 * 220.0 * std::f64::consts::TAU / 48_000.0;
            writer.write_sample((phase.sin() * 9_000.0) as i16).unwrap();
        }
        writer.finalize().unwrap();
        let patch = json!({ "type": "level_adjust", "level_change_db": -3 });
        plan(
            criterion,
            "level_adjust",
            &format!("{size}/all"),
            "artifacts/audio/voice.wav",
            &sound.into_inner(),
            patch,
        );
    }
}

/// An edit becomes a patch: what the console does while somebody edits the artifact itself.
fn derived(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("derive");
    group.sample_size(10);
    for (size, bytes) in SIZES {
        for (edits, every) in EDITS {
            let every = Some(every.min(bytes / 200));
            for (name, artifact, old, new) in [
                ("script", SCRIPT, script(bytes, None), script(bytes, every)),
                (
                    "storyboard",
                    STORYBOARD,
                    storyboard(bytes, None),
                    storyboard(bytes, every),
                ),
            ] {
                if derive(artifact, &old, &new, Limit::NONE).is_err() {
                    println!("derive/{name}/{size}/{edits}: refused, no patch of 1 MiB makes it");
                }
                group.throughput(Throughput::Bytes(new.len() as u64));
                group.bench_function(
                    BenchmarkId::from_parameter(format!("{name}/{size}/{edits}")),
                    |bencher| {
                        bencher.iter(|| derive(artifact, black_box(&old), black_box(&new), Limit::NONE));
                    },
                );
            }
        }
    }
    group.finish();
}

criterion_group!(benches, text_plans, json_plans, level_plans, derived);
criterion_main!(benches);
