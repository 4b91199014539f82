//! Where the configuration text comes from: the one place of the configuration that reads a file.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::node::CONFIG_BYTES_MAX;
use super::problem::Problem;
use super::{Config, Loaded, Starter};

/// A configuration text and where it came from.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigText {
    pub text: String,
    /// What messages call it: the path as given, or `embedded configuration`.
    pub origin: String,
    /// The file to watch; None for the embedded text.
    pub path: Option<PathBuf>,
}

/// Why a configuration file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// The file system refused.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said, in words.
        reason: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// Larger than any configuration.
    #[error("{} has more than {CONFIG_BYTES_MAX} bytes: that is no configuration", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Not UTF-8.
    #[error("{}:{line}: this line is not UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first line that is not, from 1.
        line: usize,
    },
}

impl ConfigFileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Read { source, .. } if source.kind() == ErrorKind::NotFound => {
                Some("name another file with --config, or none; holdpoint config path tells where one is looked for")
            }
            Self::Read { .. } => None,
            Self::TooLarge { .. } => Some("name another file with --config"),
            Self::NotText { .. } => Some("save the file as UTF-8"),
        }
    }
}

impl ConfigText {
    /// The text that is used where no file exists: gates come from outside, for any job and stage.
    pub fn embedded() -> Self {
        Self {
            text: Starter::Gates.text().to_owned(),
            origin: "embedded configuration".to_owned(),
            path: None,
        }
    }

    /// Reads the file that was named, which must exist; without one the first of the `usual` ones
    /// that is there, and the embedded text where none is.
    pub fn read(named: Option<&Path>, usual: &[PathBuf]) -> Result<Self, ConfigFileError> {
        let there = || usual.iter().map(PathBuf::as_path).find(|path| is_there(path));
        let Some(path) = named.or_else(there) else {
            return Ok(Self::embedded());
        };
        let text = read_text(path)?;
        Ok(Self {
            text,
            origin: path.display().to_string(),
            path: Some(path.to_owned()),
        })
    }

    /// [`Config::load`] of this text.
    pub fn load(&self) -> Result<Loaded, Vec<Problem>> {
        Config::load(&self.text, &self.origin)
    }
}

/// Whether something lies at this path. Asked of the entry itself, and only absence is absence: a link
/// to nowhere, or a directory that may not be entered, is a mistake to be told.
pub fn is_there(path: &Path) -> bool {
    use ErrorKind::{NotADirectory, NotFound};
    !matches!(path.symlink_metadata(), Err(error) if matches!(error.kind(), NotFound | NotADirectory))
}

fn read_text(path: &Path) -> Result<String, ConfigFileError> {
    let refused = |source: std::io::Error| {
        let known = [
            (ErrorKind::NotFound, "no such file"),
            (ErrorKind::PermissionDenied, "permission denied"),
            (ErrorKind::IsADirectory, "it is a directory"),
        ];
        let named = known.into_iter().find(|(kind, _)| *kind == source.kind());
        let reason = named.map_or_else(|| source.to_string(), |(_, reason)| reason.to_owned());
        ConfigFileError::Read {
            path: path.to_owned(),
            reason,
            source,
        }
    };
    let mut bytes = Vec::new();
    let limit = CONFIG_BYTES_MAX as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(refused)?;
    if bytes.len() > CONFIG_BYTES_MAX {
        return Err(ConfigFileError::TooLarge { path: path.to_owned() });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        ConfigFileError::NotText {
            path: path.to_owned(),
            line,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn a_named_file_must_exist_and_the_message_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("none.yaml");
        let Err(error) = ConfigText::read(Some(&path), &[]) else {
            panic!("read a file that is not there")
        };
        assert_eq!(
            error.to_string(),
            format!("cannot read {}: no such file", path.display())
        );
        assert!(error.hint().is_some());
        let Err(error) = ConfigText::read(Some(dir.path()), &[]) else {
            panic!("read a directory")
        };
        assert_eq!(
            error.to_string(),
            format!("cannot read {}: it is a directory", dir.path().display())
        );
    }

    #[test]
    fn a_file_is_read_and_called_by_the_name_it_was_given() {
        let file = file(b"gates: {script: {}}\n");
        let text = ConfigText::read(Some(file.path()), &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(text.text, "gates: {script: {}}\n");
        assert_eq!(text.origin, file.path().display().to_string());
        assert_eq!(text.path.as_deref(), Some(file.path()));
        assert!(text.load().is_ok());
    }

    #[test]
    fn the_first_of_the_usual_files_that_is_there_counts() {
        let dir = tempfile::tempdir().unwrap();
        let usual = ["a", "b", "c"].map(|name| dir.path().join(name));
        let read = |named: Option<&Path>| ConfigText::read(named, &usual).map_err(|error| error.to_string());
        assert_eq!(read(None).map(|text| text.path), Ok(None));
        for later in usual[1..].iter().rev() {
            File::create(later).unwrap();
            assert_eq!(read(None).map(|text| text.path), Ok(Some(later.clone())));
        }
        assert_eq!(read(Some(&usual[2])).map(|text| text.path), Ok(Some(usual[2].clone())));
        // A link to nowhere is no absent file, and the file behind it in the list must not count for it.
        std::os::unix::fs::symlink("nowhere", &usual[0]).unwrap();
        let shown = usual[0].display();
        assert_eq!(read(None).err(), Some(format!("cannot read {shown}: no such file")));
    }

    #[test]
    fn bytes_that_are_no_text_and_files_without_end_are_refused() {
        let latin1 = file(b"# fine\n# gr\xfc\xdfe\n");
        let Err(error) = ConfigText::read(Some(latin1.path()), &[]) else {
            panic!("read Latin-1")
        };
        assert_eq!(
            error.to_string(),
            format!("{}:2: this line is not UTF-8", latin1.path().display())
        );
        let Err(error) = ConfigText::read(Some(Path::new("/dev/zero")), &[]) else {
            panic!("read for ever")
        };
        assert!(matches!(error, ConfigFileError::TooLarge { .. }));
    }
}
