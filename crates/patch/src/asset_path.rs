//! Paths of assets: which file of the run directory one means, and how a storyboard writes it.

use super::closest::closest_name;
use super::error::PatchError;
use super::quote::{listed, quote};

/// How many files a refusal offers.
const CANDIDATES_MAX: usize = 50;

/// Why a path can name no file of the run directory (SPEC §10).
pub(super) fn fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("is empty");
    }
    if path.starts_with('/') || path.starts_with('\\') || path.get(1..2) == Some(":") {
        return Some("is absolute; paths begin in the run directory");
    }
    if path.chars().any(char::is_control) {
        return Some("holds a control character");
    }
    let mut parts = path.split(['/', '\\']);
    match parts.find(|part| matches!(*part, ".." | "." | "")) {
        Some("..") => Some("leads out with `..`; paths stay in the run directory"),
        Some(_) => Some("has an empty part or a `.`"),
        None => None,
    }
}

/// The files that a path can mean: the whole path, else the ends of longer ones.
pub(super) fn meant<'f>(files: &'f [String], path: &str) -> Vec<&'f str> {
    if let Some(file) = files.iter().find(|file| *file == path) {
        return vec![file];
    }
    files
        .iter()
        .map(String::as_str)
        .filter(|file| base_of(file, path).is_some())
        .collect()
}

/// What stands before a path that is the end of a longer one: `artifacts/assets/` before
/// `figure.svg`.
fn base_of<'f>(file: &'f str, path: &str) -> Option<&'f str> {
    file.strip_suffix(path).filter(|base| base.ends_with('/'))
}

/// An asset that is there, and how to write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asset {
    /// As the storyboard is to write it.
    pub(super) written: String,
    /// The file that is meant.
    pub(super) file: String,
    /// It lies elsewhere than the asset before it, so that it is written from the run directory on.
    pub(super) is_elsewhere: bool,
}

/// Finds the file that a path means where another asset, `present`, stood before: written in the
/// same manner.
pub(super) fn resolve(files: &[String], path: &str, present: Option<&str>) -> Result<Asset, PatchError> {
    let present_files = present.map_or(Vec::new(), |present| meant(files, present));
    // Where the present asset's file is known, so is the folder from which the storyboard's paths
    // begin.
    let base = match (present, present_files.as_slice()) {
        (Some(present), [file]) => base_of(file, present).or(Some("")),
        (_, _) => None,
    };
    let beside = base
        .map(|base| format!("{base}{path}"))
        .filter(|beside| files.contains(beside));
    let file = match (beside, meant(files, path).as_slice()) {
        (Some(beside), _) => beside,
        (None, [file]) => (*file).to_owned(),
        (None, []) => return Err(missing(files, path)),
        (None, several) => {
            return Err(
                PatchError::unfit(format!("{} could be {} files of this run", quote(path), several.len()))
                    .with_hint(format!("write one of {}", listed(several)))
                    .with_candidates(several.iter().map(|file| (*file).to_owned()).collect()),
            );
        }
    };
    let (written, is_elsewhere) = match base {
        Some(base) => match file.strip_prefix(base) {
            Some(rest) => (rest.to_owned(), false),
            None => (file.clone(), true),
        },
        None => (path.to_owned(), false),
    };
    Ok(Asset {
        written,
        file,
        is_elsewhere,
    })
}

fn missing(files: &[String], path: &str) -> PatchError {
    let error = PatchError::unfit(format!("there is no file {} in the run directory", quote(path)));
    if files.is_empty() {
        return error.with_hint("it holds no files at all");
    }
    // The ending is left out: every .svg would be a little like every other.
    let stem = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
    };
    let stems: Vec<String> = files.iter().map(|file| stem(file)).collect();
    let near = closest_name(stems.iter().map(String::as_str), &stem(path));
    let ending = |path: &str| path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let alike: Vec<String> = files
        .iter()
        .filter(|file| ending(file) == ending(path))
        .cloned()
        .collect();
    let is_near = |file: &&String| near == Some(stem(file).as_str());
    let mut near: Vec<String> = alike.iter().filter(is_near).cloned().collect();
    if near.is_empty() {
        near = files.iter().filter(is_near).cloned().collect();
    }
    let hint = match (near.as_slice(), alike.as_slice()) {
        ([], []) => "no file is like it".to_owned(),
        ([], alike) => format!("files of its kind are {}", listed(alike)),
        (near, _) => format!("closest is {}", listed(near)),
    };
    let mut candidates = near;
    candidates.extend(alike);
    candidates.truncate(CANDIDATES_MAX);
    error.with_hint(hint).with_candidates(candidates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<String> {
        [
            "artifacts/assets/b.svg",
            "artifacts/assets/figure.svg",
            "artifacts/audio/b.mp3",
            "input/b.svg",
            "logo.png",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn written(path: &str, present: Option<&str>) -> (String, bool) {
        let asset = resolve(&files(), path, present).unwrap();
        assert!(files().contains(&asset.file));
        (asset.written, asset.is_elsewhere)
    }

    #[test]
    fn an_asset_is_written_in_the_manner_of_the_one_before_it() {
        let plain = |text: &str| (text.to_owned(), false);
        assert_eq!(
            written("figure.svg", Some("b.mp3")),
            ("artifacts/assets/figure.svg".to_owned(), true)
        );
        assert_eq!(written("b.svg", Some("figure.svg")), plain("b.svg"));
        assert_eq!(written("artifacts/assets/b.svg", Some("figure.svg")), plain("b.svg"));
        assert_eq!(
            written("artifacts/assets/b.svg", Some("assets/figure.svg")),
            plain("assets/b.svg")
        );
        assert_eq!(
            written("assets/b.svg", Some("artifacts/assets/figure.svg")),
            plain("artifacts/assets/b.svg")
        );
        // The present asset is gone: its folder is not known.
        assert_eq!(written("assets/b.svg", Some("gone.svg")), plain("assets/b.svg"));
        assert_eq!(written("figure.svg", None), plain("figure.svg"));
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let refused = |path: &str| resolve(&files(), path, None).unwrap_err();
        let error = refused("figures.svg");
        assert_eq!(error.message, "there is no file `figures.svg` in the run directory");
        assert_eq!(error.hint.as_deref(), Some("closest is artifacts/assets/figure.svg"));
        assert_eq!(
            error.candidates.first().map(String::as_str),
            Some("artifacts/assets/figure.svg")
        );
        assert_eq!(
            refused("zzzz.mp3").hint.as_deref(),
            Some("files of its kind are artifacts/audio/b.mp3")
        );
        assert_eq!(refused("zzzz").hint.as_deref(), Some("no file is like it"));
        let error = refused("b.svg");
        assert_eq!(error.message, "`b.svg` could be 2 files of this run");
        assert_eq!(
            error.hint.as_deref(),
            Some("write one of artifacts/assets/b.svg and input/b.svg")
        );
        // No end of a name is a name.
        assert!(resolve(&files(), "ogo.png", None).is_err());
    }

    #[test]
    fn no_path_leads_out() {
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "./a",
            "a/",
            "..\\x",
            "C:\\x",
            "\\x",
            "a\nb",
            "a\u{0}",
        ] {
            assert!(fault(path).is_some(), "{path:?}");
        }
        for path in ["a", "a/b.svg", "low tide.svg", "..a/b..", "\u{e9}.png"] {
            assert_eq!(fault(path), None, "{path:?}");
        }
    }
}
