//! How long a diff takes, and its first screen: 1 kB to 10 MB, with few and with many edits (GOALS
//! P14 to P16).

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use diff::lines::{Limit, diff_lines};
use diff::page::{Columns, Page, PagePosition};
use diff::{DiffDocument, Folding, json};
use material::{EDITS, SIZES, storyboard};
use text::{LineShape, visible_window};

mod material;

const SCREEN_ROWS: usize = 60;
const SCREEN_CELLS: usize = 120;

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
                        LineShape::default(),
                        &marks,
                        0..SCREEN_CELLS,
                    ));
                }
            });
        });
    }
}

/// One screen of lines laid out from the middle, from the end, and from another folding: what `v`,
/// `w`, `G` and `z` cost.
fn layout(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("layout");
    group.sample_size(20);
    for (name, old, new) in pairs() {
        let document = DiffDocument::compare(Some(Arc::new(old)), Arc::new(new), Limit::NONE);
        let whole = document.with_folding(Folding::Unfolded);
        let pages = [
            ("one_wrapped", &document, Columns::One(SCREEN_CELLS), true),
            ("two_wrapped", &document, Columns::Two(SCREEN_CELLS / 2), true),
            ("two_cut", &document, Columns::Two(SCREEN_CELLS / 2), false),
            ("whole_one_wrapped", &whole, Columns::One(SCREEN_CELLS), true),
            ("whole_two_wrapped", &whole, Columns::Two(SCREEN_CELLS / 2), true),
        ];
        for (shape, document, columns, wraps) in pages {
            let page = Page::new(document, columns, wraps, 0);
            let middle = PagePosition {
                row: page.row_count() / 2,
                line: 0,
            };
            group.bench_function(BenchmarkId::new(shape, &name), |bencher| {
                bencher.iter(|| page.lines(page.within(black_box(middle)), SCREEN_ROWS));
            });
            group.bench_function(BenchmarkId::new(format!("{shape}_end"), &name), |bencher| {
                bencher.iter(|| page.lines(page.last_top(black_box(SCREEN_ROWS)), SCREEN_ROWS));
            });
        }
        group.bench_function(BenchmarkId::new("unfold", &name), |bencher| {
            bencher.iter(|| document.with_folding(black_box(Folding::Unfolded)));
        });
        group.bench_function(BenchmarkId::new("fold", &name), |bencher| {
            bencher.iter(|| whole.with_folding(black_box(Folding::Context(3))));
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

criterion_group!(benches, lines, screen, layout, values);
criterion_main!(benches);
