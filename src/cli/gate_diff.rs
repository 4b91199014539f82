//! `holdpoint gate diff`: what an operator would read in the console, as unified diffs, changed
//! values and facts.
//!
//! Into a pipe go the bytes as they are, for `patch` and other programs; on a terminal, and
//! wherever it is asked for, they are made visible.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use diff::json::{ChangedValues, changed_values};
use diff::summary::is_binary;
use diff::{DiffDocument, Folding, Limit, unified};
use domain::artifact::GateArtifact;
use domain::compare::{self, BaseChoice};
use domain::gate::Gate;
use domain::ids::{ArtifactPath, Digest, JobId};
use domain::job::JobRows;
use domain::operator::Surface;
use domain::refusal::Refusal;
use engine::Role;
use engine::client::Client;
use engine::said::PlacedComment;
use text::visible;
use wire::DifferenceDoc;

use console::media::{self, Media, MediaFact};
use console::view::plain;

use super::ask::{self, with_engine};
use super::global::GateArguments;
use super::global::GlobalArguments;
use super::output::{Output, Paint, note};
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::words::size;

/// What to compare, and how to tell it.
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    #[command(flatten)]
    gate: GateArguments,
    /// Compare with this instead of the given version, else the one last approved: approved,
    /// rejected, decided, attempt, given, seen (what you looked at before this version), none, or a
    /// version's sha256; of several files, those that have it
    #[arg(long, value_name = "WHICH")]
    base: Option<BaseChoice>,
    /// Only this file, by its name or path
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// Unchanged lines around every change: a number, or all
    #[arg(long, short = 'U', value_name = "LINES", default_value = "3", value_parser = lines)]
    lines: usize,
    /// Show what would act on a terminal as marks, into a pipe or file too; to be read, not applied
    #[arg(long)]
    visible: bool,
    /// List the changed values of JSON documents instead of lines
    #[arg(long)]
    values: bool,
    /// The former text on the left, the present one on the right; to be read, not applied
    #[arg(long, conflicts_with = "values")]
    side_by_side: bool,
    /// Columns for side by side: the terminal's, else 160
    #[arg(long, value_name = "COLUMNS", requires = "side_by_side", value_parser = clap::value_parser!(u16).range(40..=1000))]
    width: Option<u16>,
}

pub(super) const DIFF_HELP: &str = "\
Into a pipe or file go the bytes as they are, so that patch can apply them,
escape sequences too. On a terminal they are shown as visible marks; so they
are anywhere with --visible: for less, logs and chats. --values and
--side-by-side always show marks, --json escapes.

Examples:
  holdpoint gate diff j-17 script --lines all
  holdpoint gate diff j-17 script --base rejected > change.diff
  holdpoint gate diff j-17 script --base seen
  holdpoint gate diff j-17 script --visible | less
  holdpoint gate diff j-17 storyboard --values
  holdpoint gate diff j-17 script --side-by-side --width 120";

fn lines(text: &str) -> Result<usize, String> {
    if text == "all" {
        return Ok(usize::MAX);
    }
    text.parse().map_err(|_| "a number of lines, or all".to_owned())
}

/// The artifacts to show, each with the version to compare it with; none: nothing.
fn comparisons<'g>(
    rows: &JobRows,
    gate: &'g Gate,
    arguments: &DiffArguments,
    reader: &str,
) -> Result<Vec<(&'g GateArtifact, Option<Digest>)>, CommandError> {
    let chosen = chosen(gate, arguments.file.as_deref())?;
    compare::with_bases(rows, gate, chosen, arguments.base.as_ref(), reader).map_err(CommandError::from)
}

fn chosen<'g>(gate: &'g Gate, wanted: Option<&str>) -> Result<Vec<&'g GateArtifact>, CommandError> {
    let Some(wanted) = wanted else {
        return Ok(gate.artifacts.iter().collect());
    };
    let is_it = |artifact: &&GateArtifact| artifact.path.as_str() == wanted || artifact.path.file_name() == wanted;
    let found: Vec<_> = gate.artifacts.iter().filter(is_it).collect();
    if found.is_empty() {
        let names: Vec<_> = gate
            .artifacts
            .iter()
            .map(|artifact| artifact.path.file_name())
            .collect();
        return Err(CommandError::not_found(format!(
            "{wanted} is not under review; these are: {}",
            names.join(", ")
        )));
    }
    Ok(found)
}

/// One artifact's difference, as HTTP gives it, and what is told of a sound or a picture.
#[derive(Serialize)]
struct DiffDoc {
    #[serde(flatten)]
    difference: DifferenceDoc,
    /// Null for others.
    facts: Option<Vec<MediaFact>>,
}

struct Compared {
    base: Option<Arc<[u8]>>,
    now: Option<Arc<[u8]>>,
    /// What the former attempt was told.
    said: Vec<PlacedComment>,
}

/// Prints it.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, arguments: &DiffArguments) -> CommandResult {
    let wanted = &arguments.gate;
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let engine = session.open_existing(Role::Visitor)?;
    output.may_be_long();
    with_engine(engine, async |engine| {
        let rows = ask::job(engine, &wanted.job).await?;
        let Some(gate) = rows.newest_gate(&wanted.stage) else {
            return Err(Refusal::no_gate(&rows, &wanted.stage, None).into());
        };
        let mut documents = Vec::new();
        for (artifact, base) in comparisons(&rows, gate, arguments, &session.operator.name)? {
            let mut compared = read(engine, &wanted.job, artifact, base, arguments.base.is_some()).await?;
            if let Some(now) = &compared.now {
                compared.said = engine.said(&rows, gate, artifact).await?.placed(now);
            }
            let since = artifact.since_rejection_words(&session.operator.name);
            if let Some(since) = since.filter(|_| arguments.base.is_none() && !output.is_json) {
                note(&format!(
                    "{}: {since}   hint: --base rejected shows that",
                    artifact.path
                ));
            }
            if output.is_json {
                documents.push(document(artifact, &compared, base, arguments));
            } else {
                print(output, artifact, &compared, arguments)?;
            }
        }
        if output.is_json {
            output.document(&documents)?;
        }
        Ok(Exit::Done)
    })
    .await
}

async fn read(
    engine: &Client,
    job_id: &JobId,
    artifact: &GateArtifact,
    version: Option<Digest>,
    is_asked_for: bool,
) -> Result<Compared, CommandError> {
    let base = match version {
        Some(digest) => engine.version(job_id, digest).await?,
        None => None,
    };
    // The usual base may be gone: then everything is new. One that was asked for may not.
    if let (Some(version), None, true) = (version, &base, is_asked_for) {
        let message = format!("version {version} is not kept in job {job_id}");
        return Err(CommandError::not_found(message).hint("gate show --json names the versions of each artifact"));
    }
    let now = engine.on_disk(job_id, &artifact.path, Some(artifact.digest)).await?;
    let said = Vec::new();
    Ok(Compared { base, now, said })
}

fn compare(compared: &Compared, now: &[u8]) -> DiffDocument {
    let base = compared.base.as_ref().map(|base| Arc::new(base.to_vec()));
    // A diff that is piped into a program has to be exact, however long it takes.
    DiffDocument::compare(base, Arc::new(now.to_vec()), Limit::NONE)
}

fn is_any_binary(compared: &Compared) -> bool {
    [&compared.base, &compared.now]
        .into_iter()
        .flatten()
        .any(|bytes| is_binary(bytes))
}

fn values(compared: &Compared, now: &[u8]) -> Option<ChangedValues> {
    changed_values(compared.base.as_deref()?, now, Limit::NONE)
}

fn media(artifact: &GateArtifact, compared: &Compared, now: &[u8]) -> Option<Media> {
    media::look_at(artifact.path.as_str(), compared.base.as_deref(), now)
}

fn print_facts(output: &mut Output, media: Option<Media>) -> Result<(), CommandError> {
    for fact in media.iter().flat_map(Media::facts) {
        let before = if fact.before.is_empty() {
            String::new()
        } else {
            format!("{} -> ", fact.before)
        };
        output.line(&format!("  {:<10} {before}{}  {}", fact.name, fact.now, fact.change))?;
    }
    Ok(())
}

fn print_values(output: &mut Output, path: &ArtifactPath, values: &ChangedValues) -> Result<(), CommandError> {
    output.line(&format!("{path}: {} changed values", values.changes.len()))?;
    for change in &values.changes {
        let id = change.id.as_deref().map(|id| format!("  ({id})")).unwrap_or_default();
        output.line(&format!("  {change}{id}"))?;
    }
    if values.is_cut {
        note(&format!("{path}: there are more; the unified diff has all of them"));
    }
    Ok(())
}

fn print(
    output: &mut Output,
    artifact: &GateArtifact,
    compared: &Compared,
    arguments: &DiffArguments,
) -> Result<(), CommandError> {
    let path = &artifact.path;
    let Some(now) = &compared.now else {
        note(&format!(
            "{path} is missing from the run directory; under review is {}",
            artifact.digest
        ));
        return Ok(());
    };
    let digest = Digest::of(now);
    if digest != artifact.digest {
        note(&format!(
            "{path} is not what is under review ({}): it is now {digest}",
            artifact.digest.short()
        ));
    }
    if is_any_binary(compared) {
        let base = match &compared.base {
            Some(base) => format!("{}, {}", size(base.len() as u64), Digest::of(base).short()),
            None => "new".to_owned(),
        };
        output.line(&format!(
            "Binary {path}: {base} -> {}, {}",
            size(now.len() as u64),
            digest.short()
        ))?;
        return print_facts(output, media(artifact, compared, now));
    }
    if arguments.values {
        let Some(values) = values(compared, now) else {
            note(&format!(
                "{path} is no JSON with a base: it has no list of changed values"
            ));
            return Ok(());
        };
        print_values(output, path, &values)?;
        return print_said(output, path, &compared.said);
    }
    let difference = compare(compared, now);
    if arguments.side_by_side {
        return print_side_by_side(output, path, (&difference, &compared.said), arguments);
    }
    let diff = unified::write_with_context(&difference, path.as_str(), path.as_str(), arguments.lines);
    if !output.is_terminal && !arguments.visible {
        // What patch is given has nothing in it that is not the diff's.
        for placed in &compared.said {
            note(&place_and_words(path, placed));
        }
        return output.raw(&diff);
    }
    print_visible(output, path, &diff, &compared.said)
}

/// A unified diff, with what was said below its lines; about lines that it leaves out, after it.
fn print_visible(
    output: &mut Output,
    path: &ArtifactPath,
    diff: &[u8],
    said: &[PlacedComment],
) -> Result<(), CommandError> {
    let mut lines = unified::NewLines::default();
    let mut left: Vec<_> = said.to_vec();
    // Not `lines()`: a carriage return is part of what changed, and so is a byte that is no UTF-8.
    for line in diff.split_inclusive(|byte| *byte == b'\n') {
        let paint = paint(line, lines.is_in_hunk());
        output.paint(paint)?;
        for span in visible(line.strip_suffix(b"\n").unwrap_or(line)) {
            output.raw(span.text.as_bytes())?;
        }
        if paint.is_some() {
            output.paint(None)?;
        }
        output.raw(b"\n")?;
        let now = lines.of(line);
        let (here, others) = left.into_iter().partition(|placed| now == Some(placed.beside()));
        left = others;
        let here: Vec<PlacedComment> = here;
        for placed in &here {
            output.block("  ; ", &placed.words())?;
        }
    }
    print_said(output, path, &left)
}

/// The colour of a line of a unified diff.
fn paint(line: &[u8], is_in_hunk: bool) -> Option<Paint> {
    match (line.first()?, is_in_hunk) {
        (b'@', _) => Some(Paint::Place),
        (b'+', true) => Some(Paint::Added),
        (b'-', true) => Some(Paint::Removed),
        (b'+' | b'-', false) => Some(Paint::Head),
        (_, _) => None,
    }
}

/// What was said, each with its line.
fn print_said(output: &mut Output, path: &ArtifactPath, said: &[PlacedComment]) -> Result<(), CommandError> {
    for placed in said {
        output.block("  ; ", &place_and_words(path, placed))?;
    }
    Ok(())
}

/// `script.txt:12: #2 ana: wrong unit`
fn place_and_words(path: &ArtifactPath, placed: &PlacedComment) -> String {
    format!("{}:{}: {}", path.file_name(), placed.beside() + 1, placed.words())
}

/// Columns where there is no terminal to ask.
const COLUMNS: u16 = 160;

fn print_side_by_side(
    output: &mut Output,
    path: &ArtifactPath,
    (difference, said): (&DiffDocument, &[PlacedComment]),
    arguments: &DiffArguments,
) -> Result<(), CommandError> {
    let of_terminal = || output.size.map(|(columns, _)| columns);
    let columns = arguments.width.or_else(of_terminal).unwrap_or(COLUMNS);
    let folding = if arguments.lines == usize::MAX {
        Folding::Unfolded
    } else {
        Folding::Context(arguments.lines)
    };
    let lines = difference.diff();
    output.line(&format!("{path}  +{} -{}", lines.added, lines.removed))?;
    plain::side_by_side(&difference.with_folding(folding), said, columns, |line| {
        output.line(line)
    })
}

fn document(artifact: &GateArtifact, compared: &Compared, base: Option<Digest>, arguments: &DiffArguments) -> DiffDoc {
    let (former, now) = (compared.base.as_deref(), compared.now.as_deref());
    let said = compared.said.iter().map(|placed| (placed.said.clone(), placed.at));
    let difference = DifferenceDoc::of(artifact, base, former, now, arguments.lines).with_comments(said);
    let media = now
        .filter(|_| difference.is_binary)
        .and_then(|now| media(artifact, compared, now));
    DiffDoc {
        facts: media.map(|media| media.facts()),
        difference,
    }
}
