//! How long a diff takes, and its first screen: 1 kB to 10 MB, with few and with many edits (GOALS P14 to P16).

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use holdpoint::diff::lines::{Limit, diff_lines};
use holdpoint::diff::text::{Shape, visible_window};
use holdpoint::diff::{DiffDocument, json};

const SIZES: [(&str, usize); 4] = [
    ("1kB", 1_000),
    ("100kB", 100_000),
    ("1MB", 1_000_000),
    ("10MB", 10_000_000),
];
const EDITS: [(&str, usize); 2] = [("few", 2_000), ("many", 10)];
const SCREEN_ROWS: usize = 60;
const SCREEN_CELLS: usize = 120;

/// A storyboard of about `bytes` bytes. One scene in `edited` has another duration; some of those are gone.
fn storyboard(bytes: usize, edited: Option<usize>) -> Vec<u8> {
    let mut text = String::from("{\n  \"scenes\": [\n");
    for scene in 0.. {
        let is_edited = edited.is_some_and(|every| scene % every == every / 2);
        if is_edited && scene % 3 == 0 {
            continue;
        }
        if text.len() > bytes {
            break;
        }
        let duration = if is_edited { 19_000 } else { 1_000 * (scene * 7 % 11) };
        let caption = ["low tide", "the reef at dawn", "10–12 km of salt wind"][scene % 3];
        text.push_str(&format!(
            "    {{\n      \"id\": \"scene_{scene:06}\",\n      \"duration_ms\": {duration},\n      \"caption\": \"{caption}\"\n    }},\n"
        ));
    }
    text.push_str("    {}\n  ]\n}");
    text.into_bytes()
}

fn pairs() -> impl Iterator<Item = (String, Vec<u8>, Vec<u8>)> {
    SIZES.into_iter().flat_map(|(size, bytes)| {
        EDITS.into_iter().map(move |(edits, every)| {
            (
                format!("{size}/{edits}"),
                storyboard(bytes, None),
                storyboard(bytes, Some(every.min(bytes / 200))),
            )
        })
    })
}

fn lines(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("diff_lines");
    group.sample_size(10);
    for (name, old, new) in pairs() {
        group.throughput(Throughput::Bytes((old.len() + new.len()) as u64));
        group.bench_function(BenchmarkId::from_parameter(&name), |bencher| {
            bencher.iter(|| diff_lines(black_box(&old), black_box(&new), Limit::NONE));
        });
    }
}

/// One screen from the middle of a finished diff, words marked.
fn screen(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("screen");
    for (name, old, new) in pairs() {
        let document = DiffDocument::compare(Some(Arc::new(old)), Arc::new(new), Limit::NONE);
        let middle = document.row_count() / 2;
        group.bench_function(BenchmarkId::from_parameter(&name), |bencher| {
            bencher.iter(|| {
                for row in document.rows(middle..middle + SCREEN_ROWS) {
                    let marks = document.word_marks(&row);
                    black_box(visible_window(
                        document.row_text(&row),
                        Shape::default(),
                        &marks,
                        0..SCREEN_CELLS,
                    ));
                }
            });
        });
    }
}

fn values(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("changed_values");
    group.sample_size(10);
    for (name, old, new) in pairs() {
        group.bench_function(BenchmarkId::from_parameter(&name), |bencher| {
            bencher.iter(|| json::changed_values(black_box(&old), black_box(&new), Limit::NONE));
        });
    }
}

criterion_group!(benches, lines, screen, values);
criterion_main!(benches);
