//! The environment of a stage command: what it inherits, and what holdpoint tells it (SPEC §5).

use std::collections::BTreeMap;

/// A larger text is handed over as a file only: Linux takes at most 128 KiB for one variable
/// (execve(2), MAX_ARG_STRLEN).
const TEXT_BYTES_MAX: usize = 100 * 1024;

/// Whether a variable of the leader's environment stays its own: the token that opens HTTP, and
/// whatever speaks to holdpoint itself.
pub(super) fn is_withheld(name: &str) -> bool {
    name == "ADMIN_TOKEN" || name.starts_with("HOLDPOINT_")
}

/// A text for the command: in the variable where it fits, and in a file in any case.
pub(super) struct CommandText<'a> {
    /// `NOTES`, `PATCH`.
    pub(crate) name: &'static str,
    pub(crate) text: &'a str,
    pub(crate) file: String,
}

/// All variables that are added for the command. The stage's own `env` comes first, so that it
/// cannot claim to be another job.
pub(super) fn added(
    own: &BTreeMap<String, String>,
    job: &[(&'static str, String)],
    told: &[CommandText<'_>],
) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = own
        .iter()
        .filter(|(name, _)| !name.starts_with("HOLDPOINT_"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    all.extend(
        job.iter()
            .map(|(name, value)| (format!("HOLDPOINT_{name}"), value.clone())),
    );
    for CommandText { name, text, file } in told {
        if text.len() <= TEXT_BYTES_MAX && !text.contains('\0') {
            all.push((format!("HOLDPOINT_{name}"), (*text).to_owned()));
        }
        all.push((format!("HOLDPOINT_{name}_FILE"), file.clone()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_and_a_stage_cannot_pretend() {
        assert!(is_withheld("ADMIN_TOKEN") && is_withheld("HOLDPOINT_CONFIG") && !is_withheld("PATH"));
        let own = BTreeMap::from([
            ("HOLDPOINT_JOB_ID".to_owned(), "other".to_owned()),
            ("LANG".to_owned(), "C".to_owned()),
        ]);
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        let told = [
            CommandText {
                name: "NOTES",
                text: "shorter",
                file: "n".to_owned(),
            },
            CommandText {
                name: "PATCH",
                text: &long,
                file: "p".to_owned(),
            },
        ];
        let all = added(&own, &[("JOB_ID", "j-17".to_owned())], &told);
        let names: Vec<_> = all
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                ("LANG", "C"),
                ("HOLDPOINT_JOB_ID", "j-17"),
                ("HOLDPOINT_NOTES", "shorter"),
                ("HOLDPOINT_NOTES_FILE", "n"),
                ("HOLDPOINT_PATCH_FILE", "p"),
            ]
        );
    }
}
