//! Which files a run directory holds: what a patch may name (SPEC §6, `asset_substitute`) and an
//! editor may offer. Names only, no bytes.

use std::collections::VecDeque;

use super::error::Result;
use super::layout::{RunDir, entries};
use domain::ids::ArtifactPath;

/// The most files that are listed, those nearest to the run directory first; a run directory with
/// more is no material for a person.
pub(crate) const FILES_MAX: usize = 20_000;
/// How many directories deep is looked, which also ends every loop of mounts.
const DEPTH_MAX: usize = 16;

/// What holdpoint itself keeps beside a job's material.
const OWN: &[&str] = &["gates", "versions", "logs", "state.json", "events.jsonl"];

/// The paths of the regular files of a run directory, with `/` between parts, sorted. Left out:
/// holdpoint's own files, hidden files, symlinks, and names that no artifact could have.
pub fn list(run: &RunDir) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = VecDeque::from([(String::new(), 0)]);
    while let Some((directory, depth)) = waiting.pop_front() {
        let path = run.path().join(&directory);
        for entry in entries(&path)? {
            let entry = entry?;
            // Of the entry itself: a symlink is neither a file nor a directory here, so none leads
            // out.
            let Ok(kind) = entry.file_type() else { continue };
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                continue;
            };
            if name.starts_with('.') || (depth == 0 && OWN.contains(&name.as_str())) {
                continue;
            }
            let relative = if directory.is_empty() {
                name
            } else {
                format!("{directory}/{name}")
            };
            if ArtifactPath::new(&relative).is_err() {
                continue;
            }
            if kind.is_dir() && depth < DEPTH_MAX {
                waiting.push_back((relative, depth + 1));
            } else if kind.is_file() {
                found.push(relative);
            }
        }
        if found.len() >= FILES_MAX {
            found.truncate(FILES_MAX);
            break;
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::{RunsDir, versions};
    use domain::ids::JobId;

    #[test]
    fn what_stages_made_is_listed_and_nothing_else() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&JobId::new("j-17").unwrap());
        assert_eq!(list(&run).unwrap(), Vec::<String>::new(), "no job, no files");
        for directory in ["artifacts/assets/png", "gates", "logs", ".stage"] {
            run.make(directory).unwrap();
        }
        versions::keep(&run, b"kept").unwrap();
        fs::create_dir(temporary.path().join("elsewhere")).unwrap();
        let made = [
            "artifacts/assets/png/beach.png",
            "artifacts/assets/index.json",
            "heard.txt",
            "gates/script.json",
            "logs/script.1.log",
            "state.json",
            "events.jsonl",
            ".stage/x",
            "artifacts/assets/.write-1.tmp",
        ];
        for path in made {
            fs::File::create(run.path().join(path)).unwrap();
        }
        fs::File::create(temporary.path().join("elsewhere/secret")).unwrap();
        symlink(temporary.path().join("elsewhere"), run.path().join("artifacts/away")).unwrap();
        symlink(
            temporary.path().join("elsewhere/secret"),
            run.path().join("artifacts/assets/secret"),
        )
        .unwrap();
        assert_eq!(
            list(&run).unwrap(),
            [
                "artifacts/assets/index.json",
                "artifacts/assets/png/beach.png",
                "heard.txt"
            ]
        );
    }
}
