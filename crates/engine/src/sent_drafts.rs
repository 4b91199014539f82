//! Drafts that an operator writes elsewhere, kept where everybody's are: colleagues see and adopt
//! them, whoever wrote where.
//!
//! Two consoles of one operator may write about the same gate. The text that was written later is
//! the draft, and no word of the other is lost: it is put aside, and whoever sent one of them is
//! told so.

use serde::{Deserialize, Serialize};

use domain::draft::{Discarded, Draft};
use domain::handover::{KeptMarks, MarkedGate};
use domain::refusal::Refusal;
use domain::time::Timestamp;
use runs::{RunsDir, drafts};

use super::client::{Caller, Client, Unread, Way, leaving};

/// The most drafts of one operator.
const DRAFTS_MAX: usize = 1_000;

/// What became of a draft that was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftKept {
    /// It is what is kept now. What another console of this operator had written meanwhile was put
    /// aside.
    Kept { aside: Option<Box<Draft>> },
    /// Another console has written later: that stays, and this one was put aside.
    Newer,
}

/// What an operator has written and marked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct OwnTexts {
    pub drafts: Vec<Draft>,
    pub marks: Vec<MarkedGate>,
    /// When that was changed last; none: that is not known.
    #[serde(default)]
    pub marked_at: Option<Timestamp>,
    /// What cannot be read.
    pub problems: Vec<String>,
}

impl Client {
    /// Keeps a draft of somebody's, or removes it where nothing is in it.
    pub async fn take_draft(&self, by: Option<Caller>, draft: Draft) -> Result<DraftKept, Unread> {
        if let Some(by) = &by {
            by.rights.allow_at(&by.operator.name, &draft.key.stage)?;
        }
        let now = self.read(|on| Ok(on.clock.now().utc)).await?;
        self.with_drafts(by, move |runs, operator| merge(runs, operator, draft, now))
            .await
    }

    /// Keeps what somebody has marked, where they may decide, unless they have marked something else
    /// since.
    pub async fn take_marks(
        &self,
        by: Option<Caller>,
        mut gates: Vec<MarkedGate>,
        written_at: Option<Timestamp>,
    ) -> Result<(), Unread> {
        if let Some(by) = &by {
            gates.retain(|gate| by.rights.allow_at(&by.operator.name, &gate.key.stage).is_ok());
        }
        let now = self.read(|on| Ok(on.clock.now().utc)).await?;
        let written_at = Some(written_at.unwrap_or(now));
        self.with_drafts(by, move |runs, operator| {
            let _alone = runs.lock_drafts(operator)?;
            if crate::kept_marks(runs, operator).written_at > written_at {
                return Ok(());
            }
            let by = operator.to_owned();
            // That nothing is marked any more is kept, too: older marks come late.
            let bytes = crate::marks_bytes(&KeptMarks { by, gates, written_at });
            refuse_large(Some(&bytes))?;
            Ok(runs.save_draft(operator, drafts::MARKS, Some(&bytes))?)
        })
        .await
    }

    /// What somebody has written and marked.
    pub async fn find_own_texts(&self, by: Option<Caller>) -> Result<OwnTexts, Unread> {
        self.with_drafts(by, |runs, operator| {
            let (drafts, problems) = read(runs.load_drafts(operator)?);
            let marks = crate::kept_marks(runs, operator);
            Ok(OwnTexts {
                drafts,
                marks: marks.gates,
                marked_at: marks.written_at,
                problems,
            })
        })
        .await
    }

    /// Works with the drafts of somebody on a thread of its own: they are flushed, and no question
    /// waits for that.
    async fn with_drafts<T: Send + 'static>(
        &self,
        by: Option<Caller>,
        work: impl FnOnce(&RunsDir, &str) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Unread> {
        let Way::Here { runs, .. } = &self.way else {
            return Err(leaving().into());
        };
        let (runs, by) = (
            runs.clone(),
            by.map_or_else(|| self.operator().clone(), |by| by.operator),
        );
        let done = tokio::task::spawn_blocking(move || work(&runs, &by.name)).await;
        Ok(done.unwrap_or_else(|_| Err(leaving()))?)
    }
}

/// The drafts, and why others are none.
pub(crate) fn read(kept: drafts::KeptDrafts) -> (Vec<Draft>, Vec<String>) {
    let (mut read, mut problems) = (Vec::new(), kept.problems);
    for (path, bytes) in kept.drafts {
        match serde_json::from_slice(&bytes) {
            Ok(draft) => read.push(draft),
            Err(error) => problems.push(format!("{} is no draft: {error}", path.display())),
        }
    }
    (read, problems)
}

fn merge(runs: &RunsDir, operator: &str, mut draft: Draft, now: Timestamp) -> Result<DraftKept, Refusal> {
    let (name, upon) = (draft.file_name(), draft.upon.take());
    draft.by = Some(operator.to_owned());
    let bytes = (!draft.is_empty()).then(|| json(&draft));
    refuse_large(bytes.as_deref())?;
    let _alone = runs.lock_drafts(operator)?;
    let put_aside = |draft: &Draft| {
        let (draft, discarded_at) = (draft.clone(), now);
        let discarded = Discarded { discarded_at, draft };
        let bytes = json(&discarded);
        runs.put_aside(operator, &discarded.file_name(), &bytes, Discarded::oldest_us(now))
    };
    let former = match runs.load_draft(operator, &name)? {
        None if runs.count_drafts(operator)? >= DRAFTS_MAX => {
            return Err(Refusal::invalid(format!("{operator} has {DRAFTS_MAX} drafts already"))
                .with_hint("send or discard some of them"));
        }
        None => None,
        Some(bytes) => match serde_json::from_slice::<Draft>(&bytes) {
            Ok(former) => Some(former),
            Err(_) => {
                // No word is lost because it cannot be read here.
                let aside = format!("{}.{name}", now.micros());
                runs.put_aside(operator, &aside, &bytes, Discarded::oldest_us(now))?;
                None
            }
        },
    };
    let other = former.filter(|former| former.written_at != upon && !former.says_the_same(&draft));
    if other.as_ref().is_some_and(|other| other.written_at > draft.written_at) {
        if !draft.is_empty() {
            put_aside(&draft)?;
        }
        return Ok(DraftKept::Newer);
    }
    if let Some(other) = &other {
        put_aside(other)?;
    }
    runs.save_draft(operator, &name, bytes.as_deref())?;
    let aside = other.map(Box::new);
    Ok(DraftKept::Kept { aside })
}

/// What could not be read again is not kept.
fn refuse_large(bytes: Option<&[u8]>) -> Result<(), Refusal> {
    let size_bytes = bytes.map_or(0, |bytes| bytes.len() as u64);
    if size_bytes <= drafts::DRAFT_BYTES_MAX {
        return Ok(());
    }
    let most = drafts::DRAFT_BYTES_MAX;
    Err(Refusal::invalid(format!("what you typed has {size_bytes} bytes"))
        .with_hint(format!("at most {most} are kept")))
}

/// Drafts are text and numbers: they always have a JSON form.
fn json(text: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use domain::gate::Verdict;

    use super::*;

    fn draft(note: &str, written_at: i64, upon: Option<i64>) -> Draft {
        let key = r#"{"job_id": "j-1", "stage": "script", "attempt": 1}"#;
        let mut draft = Draft::new(serde_json::from_str(key).unwrap());
        draft.set_note(Verdict::Reject, note.to_owned());
        draft.written_at = Some(Timestamp::from_micros(written_at));
        draft.upon = upon.map(Timestamp::from_micros);
        draft
    }

    #[test]
    fn the_later_text_is_kept_and_the_other_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        let send = |note: &str, written_at, upon| {
            let now = Timestamp::from_micros(9_000 + written_at);
            merge(&runs, "ana", draft(note, written_at, upon), now).unwrap()
        };
        let kept = || {
            let (drafts, _) = read(runs.load_drafts("ana").unwrap());
            drafts.into_iter().map(|draft| draft.rejection).collect::<Vec<_>>()
        };
        let aside = || {
            let all = runs.load_discarded("ana", 0).unwrap().drafts;
            all.iter()
                .map(|(_, bytes)| serde_json::from_slice::<Discarded>(bytes).unwrap().draft.rejection)
                .collect::<Vec<_>>()
        };
        let plain = DraftKept::Kept { aside: None };
        assert_eq!(send("one", 1, None), plain);
        assert_eq!(send("one two", 2, Some(1)), plain);
        // The same once more, as its answer was lost.
        assert_eq!(send("one two", 2, Some(1)), plain);
        assert_eq!((kept(), aside()), (vec!["one two".to_owned()], vec![]));
        // Another console has not seen it.
        let DraftKept::Kept { aside: Some(other) } = send("mine", 3, Some(1)) else {
            panic!("{:?}", kept());
        };
        assert_eq!(other.rejection, "one two");
        assert_eq!((kept(), aside()), (vec!["mine".to_owned()], vec!["one two".to_owned()]));
        assert_eq!(send("", 2, Some(1)), DraftKept::Newer);
        assert_eq!(kept(), ["mine"]);
        assert_eq!(send("", 4, Some(3)), plain);
        assert!(kept().is_empty());
        // What cannot be read here is not written over.
        runs.save_draft("ana", "j-1.script.1.json", Some(b"of a newer version"))
            .unwrap();
        assert_eq!(send("last", 5, None), plain);
        assert_eq!(kept(), ["last"]);
        assert_eq!(runs.load_discarded("ana", 0).unwrap().drafts.len(), 2);
    }

    #[test]
    fn what_is_too_large_or_one_too_many_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        let large = "a".repeat(drafts::DRAFT_BYTES_MAX as usize);
        let refused = merge(&runs, "ana", draft(&large, 1, None), Timestamp::from_micros(1)).unwrap_err();
        assert_eq!(refused.hint.as_deref(), Some("at most 67108864 are kept"));
        merge(&runs, "ana", draft("one", 1, None), Timestamp::from_micros(1)).unwrap();
        // Those that are too large to be read are as many.
        let place = runs.path().join(".drafts/ana");
        for number in 1..DRAFTS_MAX {
            let file = std::fs::File::create(place.join(format!("j-2.script.{number}.json"))).unwrap();
            file.set_len(drafts::DRAFT_BYTES_MAX + 1).unwrap();
        }
        let mut other = draft("two", 2, None);
        other.key.attempt = 2;
        let refused = merge(&runs, "ana", other, Timestamp::from_micros(2)).unwrap_err();
        assert_eq!(refused.message, "ana has 1000 drafts already");
        merge(&runs, "ana", draft("one more", 2, Some(1)), Timestamp::from_micros(2)).unwrap();
    }
}
