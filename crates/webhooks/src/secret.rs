//! Reads a webhook's secret from where the configuration says it is.

use std::fs::File;
use std::io::Read;

use config::SecretSource;

/// A file with more bytes is no secret.
const BYTES_MAX: u64 = 4096;

/// The secret, or why there is none. Read anew each time, so that a changed one counts at once.
pub fn read(source: &SecretSource) -> Result<Vec<u8>, String> {
    let (bytes, place) = match source {
        SecretSource::Env(name) => {
            let value = std::env::var_os(name).ok_or_else(|| format!("the variable {name} is not set"))?;
            (value.into_encoded_bytes(), format!("the variable {name}"))
        }
        SecretSource::File(path) => {
            let failed = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
            let mut bytes = Vec::new();
            let file = File::open(path).map_err(failed)?;
            file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
            if bytes.len() as u64 > BYTES_MAX {
                return Err(format!("{} has more than {BYTES_MAX} bytes", path.display()));
            }
            while bytes.last().is_some_and(|byte| b"\r\n".contains(byte)) {
                bytes.pop();
            }
            (bytes, path.display().to_string())
        }
    };
    if bytes.is_empty() {
        return Err(format!("{place} is empty"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_gives_its_text_without_the_line_end_and_nothing_is_no_secret() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let source = SecretSource::File(file.path().to_owned());
        assert!(read(&source).unwrap_err().ends_with("is empty"));
        file.write_all(b" two words \r\n").unwrap();
        assert_eq!(read(&source).unwrap(), b" two words ");
        file.write_all(&[b'x'; 5000]).unwrap();
        assert!(read(&source).unwrap_err().contains("more than 4096 bytes"));
        let none = SecretSource::File(file.path().join("none"));
        assert!(read(&none).unwrap_err().starts_with("cannot read "));
        let unset = SecretSource::Env("HOLDPOINT_NO_SUCH_SECRET".to_owned());
        assert_eq!(
            read(&unset).unwrap_err(),
            "the variable HOLDPOINT_NO_SUCH_SECRET is not set"
        );
    }
}
