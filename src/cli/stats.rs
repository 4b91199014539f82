//! `holdpoint stats`: how gates were decided, counted from the record.

use clap::Args;

use domain::context::LabelFilter;
use domain::figures::{FigureCounts, Figures, LABELS_TOLD_MAX, RecordFilter};
use domain::gate::Verdict;
use domain::ids::StageName;
use domain::operator::Surface;
use domain::time::Timestamp;
use text::words::duration;
use wire::FiguresDoc;

use super::ask::with_engine;
use super::global::GlobalArguments;
use super::listing::{self, ListingArguments, field, since_at};
use super::output::{Output, note};
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::table::Table;

/// What the help says besides.
pub(crate) const HELP: &str = "\
MEDIAN and P90 are the times from opening to decision that half and nine of ten
decisions did not exceed. SEEN counts decisions of which some person was shown
all of the change, HOLDS timers that a person stopped on purpose. Times are in
seconds with --json and --csv, and have three digits. A decision counts under
each label of its gate; the 50 labels with the most decisions are told.

All is counted from the record: old records, which stand outside the chain, are
not in it.";

/// Which part of the record.
#[derive(Debug, Args)]
pub(crate) struct RecordArguments {
    /// Only this person's decisions; `timer` for the timer's
    // Not `--operator`: that says in whose name a command runs.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only this stage's
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// Only of gates with this label, or with any value of a key; may be repeated
    #[arg(long = "label", value_name = "KEY[=VALUE]", value_parser = LabelFilter::parse)]
    labels: Vec<LabelFilter>,
    /// Only from then on: 2026-07-14, RFC 3339, or how long ago: 30d, 12h
    #[arg(long, value_name = "TIME", value_parser = listing::since)]
    since: Option<String>,
}

impl RecordArguments {
    /// The same as a filter.
    pub(crate) fn filter(self, now: Timestamp) -> Result<RecordFilter, CommandError> {
        let since = since_at(self.since.as_ref(), now)?;
        Ok(RecordFilter {
            stage: self.stage,
            operator: self.by,
            labels: self.labels,
            since,
            ..RecordFilter::default()
        })
    }
}

/// Which decisions of a list.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    record: RecordArguments,
    /// Only these
    #[arg(long, value_enum)]
    verdict: Option<VerdictArgument>,
    /// Only the timer's
    #[arg(long, conflicts_with = "by_person")]
    by_timer: bool,
    /// Only those of persons
    #[arg(long)]
    by_person: bool,
    #[command(flatten)]
    pub(crate) listing: ListingArguments,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum VerdictArgument {
    Approved,
    Rejected,
}

impl ListArguments {
    /// The same as a filter.
    pub(crate) fn filter(self, now: Timestamp) -> Result<RecordFilter, CommandError> {
        let verdict = self.verdict.map(|verdict| match verdict {
            VerdictArgument::Approved => Verdict::Approve,
            VerdictArgument::Rejected => Verdict::Reject,
        });
        let is_by_timer = (self.by_timer || self.by_person).then_some(self.by_timer);
        Ok(RecordFilter {
            verdict,
            is_by_timer,
            ..self.record.filter(now)?
        })
    }
}

/// What is counted, and how it is printed.
#[derive(Debug, Args)]
pub(crate) struct StatsArguments {
    #[command(flatten)]
    record: RecordArguments,
    /// Print comma-separated values, a line for each group and name
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

const COLUMNS: [&str; 12] = [
    "group",
    "name",
    "decisions",
    "approved",
    "rejected",
    "recalled",
    "by_timer",
    "seen_wholly",
    "patched",
    "holds",
    "median_s",
    "p90_s",
];

/// Counts and prints them.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, arguments: StatsArguments) -> CommandResult {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let is_csv = arguments.csv;
    let filter = arguments.record.filter(session.now())?;
    let since = filter.since;
    let figures = match session.open_list()? {
        None => {
            session.note_no_jobs();
            Figures::default()
        }
        Some(engine) => with_engine(engine, async |engine| Ok(engine.figures(filter).await?)).await?,
    };
    if output.is_json {
        output.document(&FiguresDoc::of(&figures, since))?;
        return Ok(Exit::Done);
    }
    match is_csv {
        true => csv(output, &figures)?,
        false => tables(output, &figures)?,
    }
    let (_, left_out) = figures.labels();
    if left_out > 0 {
        output.flush()?;
        note(&format!(
            "Left out: {left_out} more labels, with fewer decisions than these {LABELS_TOLD_MAX}   hint: --label KEY=VALUE tells of one"
        ));
    }
    Ok(Exit::Done)
}

fn csv(output: &mut Output, figures: &Figures) -> Result<(), CommandError> {
    output.line(&COLUMNS.join(","))?;
    let optional = |seconds: Option<u64>| seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
    for (group, name, counts) in figures.rows() {
        let numbers = [
            counts.decisions(),
            counts.approved,
            counts.rejected,
            counts.recalled,
            counts.by_timer,
            counts.seen_wholly,
            counts.patched,
            counts.holds,
        ];
        let numbers = numbers.map(|number| number.to_string()).join(",");
        let (median, p90) = (optional(counts.median_s()), optional(counts.p90_s()));
        output.line(&format!("{group},{},{numbers},{median},{p90}", field(name)))?;
    }
    for (kind, times) in &figures.patches {
        output.line(&format!("patch,{},{times},,,,,,{times},,,", field(kind)))?;
    }
    Ok(())
}

fn row(name: &str, counts: &FigureCounts) -> Vec<String> {
    let all = counts.decisions();
    let share = |part: u64| match all {
        0 => String::new(),
        all => format!("{part} ({}%)", (part * 100 + all / 2) / all),
    };
    let time = |seconds: Option<u64>| seconds.map(duration).unwrap_or_default();
    vec![
        name.to_owned(),
        all.to_string(),
        share(counts.rejected),
        share(counts.by_timer),
        share(counts.seen_wholly),
        share(counts.patched),
        counts.holds.to_string(),
        time(counts.median_s()),
        time(counts.p90_s()),
    ]
}

fn tables(output: &mut Output, figures: &Figures) -> Result<(), CommandError> {
    let heads = [
        "DECISIONS",
        "REJECTED",
        "TIMER",
        "SEEN",
        "PATCHED",
        "HOLDS",
        "MEDIAN",
        "P90",
    ];
    let table = |head: &str| Table::new(&[&[head][..], &heads].concat());
    let mut all = table("ALL");
    if figures.all.decisions() + figures.all.holds > 0 {
        all.row(row("all", &figures.all));
    }
    all.print(output, "Nothing was decided yet")?;
    for (group, head) in [
        ("stage", "STAGE"),
        ("operator", "OPERATOR"),
        ("label", "LABEL"),
        ("day", "DAY"),
    ] {
        let mut one = table(head);
        let rows: Vec<_> = figures.rows().filter(|(of, ..)| *of == group).collect();
        if rows.is_empty() {
            continue;
        }
        output.line("")?;
        rows.iter().for_each(|(_, name, counts)| one.row(row(name, counts)));
        one.print(output, "")?;
    }
    if !figures.patches.is_empty() {
        output.line("")?;
        let mut patches = Table::new(&["PATCH", "DECISIONS"]);
        for (kind, times) in &figures.patches {
            patches.row(vec![kind.clone(), times.to_string()]);
        }
        patches.print(output, "")?;
    }
    Ok(())
}
