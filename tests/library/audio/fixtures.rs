//! The files of `tests/fixtures/audio`.

use std::path::{Path, PathBuf};

use patch::{Patch, Plan};
use serde_json::json;

/// Every MP3 there is.
pub const ALL: [&str; 7] = [
    "joint_11.mp3",
    "joint_24_crc.mp3",
    "joint_441_crc_id3.mp3",
    "mono_2205_id3v1.mp3",
    "mono_48.mp3",
    "mono_48_crc.mp3",
    "stereo_441_vbr.mp3",
];

/// Where the fixture of this name lies.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/audio")
        .join(name)
}

/// Its bytes.
pub fn read(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The fixture after a change of level.
pub fn planned(name: &str, change_db: f64) -> Plan {
    let patch = json!({"type": "level_adjust", "level_change_db": change_db, "allow_clipping": true});
    Patch::from_value(patch).unwrap().plan(name, &read(name)).unwrap()
}
