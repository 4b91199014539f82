//! What a key costs the loop while a text is written: the reducer, and the frame that follows.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what is measured is real time, and a bench fails by panicking"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use console::editor::Editor;
use console::effect::Msg;
use console::input::{Code, KeyPress, TerminalInput};
use console::model::Model;
use console::model::compose::{Compose, Edited, Subject, Version};
use console::model::gate::GateView;
use console::model::prompt::Pin;
use console::session::Session;
use console::update::update;
use console::view;
use criterion::{Criterion, criterion_group, criterion_main};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::key::GateKey;
use domain::operator::{Operator, Surface, Via};
use domain::time::{Now, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const PASTED_BYTES: usize = 70_000;

fn session() -> Session {
    Session {
        operator: Operator {
            name: "bea".to_owned(),
            via: Via {
                surface: Surface::Console,
                login: "bea".to_owned(),
                uid: 1000,
                host: "ops1".to_owned(),
                ssh_client: None,
                peer: None,
                by_proxy: false,
                pid: 1,
            },
        },
        name: String::new(),
        server: None,
        place: String::new(),
        rights: domain::rights::Rights::default(),
        expires: None,
        gates: Default::default(),
        ahead_s: |_| 0,
        overdue_grace_s: 60,
        runs_dir: "runs".into(),
        is_read_only: false,
        is_restricted: false,
        newer: None,
        hint: None,
        has_colour: true,
        has_syntax: false,
        has_palette: false,
        has_true_colour: false,
        external_editor: None,
        open_at: None,
        offers: Default::default(),
    }
}

fn key() -> GateKey {
    GateKey {
        job_id: JobId::new("j-1").unwrap(),
        stage: StageName::new("script").unwrap(),
        attempt: 1,
    }
}

fn writing(text: &str) -> Model {
    let now = Now {
        utc: Timestamp::parse("2026-11-22T02:13:00Z").unwrap(),
        boot_us: 1_000_000_000,
        boot: domain::anchor::BootId::UNKNOWN,
    };
    let mut model = Model::new(session(), (120, 40), now);
    model.gate = Some(GateView::new(key(), "tides".to_owned(), 1));
    let pin = Pin {
        key: key(),
        digest: Digest::ZERO,
        label: "j-1 tides / script #1".to_owned(),
    };
    let path = ArtifactPath::new("artifacts/script/script.txt").unwrap();
    let subject = Subject::Artifact(Edited {
        base: Digest::ZERO,
        version: Version::Here(Arc::new(text.as_bytes().to_vec())),
        has_moved: false,
    });
    model.compose = Some(Compose::new(pin, path, subject, Editor::of_text(text), 1));
    model
}

fn lines(count: usize) -> String {
    (0..count)
        .map(|line| format!("line {line}: the tide returns on time, and nobody asks it to\n"))
        .collect()
}

fn type_all(model: &mut Model, text: &str) {
    for character in text.chars() {
        let code = if character == '\n' {
            Code::Enter
        } else {
            Code::Char(character)
        };
        black_box(update(model, Msg::Input(TerminalInput::Key(KeyPress::plain(code)))));
    }
}

fn timed(runs: u64, text: &str, mut act: impl FnMut(&mut Model)) -> Duration {
    let mut sum = Duration::ZERO;
    for _ in 0..runs {
        let mut model = writing(text);
        let start = Instant::now();
        act(&mut model);
        sum += start.elapsed();
    }
    sum
}

fn benches(criterion: &mut Criterion) {
    let pasted: String = lines(2000).chars().take(PASTED_BYTES).collect();
    let mut group = criterion.benchmark_group("compose");
    group.sample_size(10);
    group.bench_function("70 kB typed key by key", |bencher| {
        bencher.iter_custom(|runs| timed(runs, "", |model| type_all(model, &pasted)));
    });
    group.bench_function("70 kB in one paste", |bencher| {
        bencher.iter_custom(|runs| {
            timed(runs, "", |model| {
                black_box(update(model, Msg::Input(TerminalInput::Paste(pasted.clone()))));
            })
        });
    });
    let long = lines(5000);
    group.bench_function("200 keys in 5 000 lines", |bencher| {
        bencher.iter_custom(|runs| timed(runs, &long, |model| type_all(model, &pasted[..200])));
    });
    group.bench_function("a frame of 5 000 lines", |bencher| {
        let model = writing(&long);
        let area = Rect::new(0, 0, 120, 40);
        bencher.iter(|| view::draw(&model, area, black_box(&mut Buffer::empty(area))));
    });
    group.finish();
}

criterion_group!(compose, benches);
criterion_main!(compose);
