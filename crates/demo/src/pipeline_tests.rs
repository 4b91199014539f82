//! The nine stages, run in order in a directory of their own.

use super::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

fn env(folder: &Path, slug: &str, params: Value) -> StageEnv {
    let mut params = params.as_object().unwrap().clone();
    params.insert("film".into(), json!(slug));
    params.insert("pace".into(), json!(0));
    StageEnv {
        job_id: "j-17".into(),
        stage: String::new(),
        attempt: 1,
        run_dir: folder.to_path_buf(),
        params,
        notes: None,
        patch: None,
    }
}

fn run_all(env: &StageEnv) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut made = BTreeMap::new();
    for stage in STAGES {
        for path in perform(stage, env, |_| ()).unwrap() {
            assert!(
                path.starts_with(Path::new("artifacts").join(stage)),
                "{}",
                path.display()
            );
            let bytes = std::fs::read(env.run_dir.join(&path)).unwrap();
            assert!(!bytes.is_empty(), "{}", path.display());
            made.insert(path, bytes);
        }
    }
    made
}

fn read(folder: &TempDir, path: &str) -> String {
    std::fs::read_to_string(folder.path().join(path)).unwrap()
}

#[test]
fn two_jobs_make_different_artifacts_and_the_same_job_makes_the_same() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let slugs = ["harbour-at-night", "rope-splicing", "rope-splicing"];
    let [harbour, ropes, again] =
        std::array::from_fn(|index| run_all(&env(folders[index].path(), slugs[index], json!({"length_s": 40}))));
    assert_eq!(ropes, again);
    assert_eq!(harbour.keys().collect::<Vec<_>>(), ropes.keys().collect::<Vec<_>>());
    for (path, bytes) in &harbour {
        assert_ne!(bytes, &ropes[path], "{}", path.display());
    }
}

#[test]
fn every_sample_film_passes_its_own_acceptance() {
    for job in jobs().unwrap() {
        let folder = tempfile::tempdir().unwrap();
        run_all(&env(folder.path(), &job.slug, Value::Object(job.params)));
        let report = read(&folder, "artifacts/acceptance/acceptance.md");
        assert!(report.contains("No findings."), "{}: {report}", job.slug);
    }
}

#[test]
fn a_rejected_script_comes_back_changed_where_it_was_asked_for_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut env = env(folder.path(), "fire-drill-basement", json!({}));
    for stage in ["outline", "research", "script"] {
        perform(stage, &env, |_| ()).unwrap();
    }
    let first = read(&folder, "artifacts/script/script.txt");
    assert!(!first.ends_with('\n') && first.contains("\n\nTip 1: ") && first.contains(" – "));
    env.attempt = 2;
    env.notes = Some("The opening is too slow. Mention that the stair has 31 steps. Drop tip 4.".into());
    perform("script", &env, |_| ()).unwrap();
    let second = read(&folder, "artifacts/script/script.txt");
    let kept = first
        .lines()
        .filter(|line| second.lines().any(|other| other == *line))
        .count();
    let all = first.lines().count();
    assert!(kept * 2 > all && kept < all, "{kept} of {all} lines kept:\n{second}");
    assert!(
        second.contains("The stair has 31 steps.") && !second.contains("Tip 4"),
        "{second}"
    );
}

#[test]
fn notes_of_earlier_attempts_are_not_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mut env = env(folder.path(), "last-bus-home", json!({}));
    for stage in ["outline", "research", "script"] {
        perform(stage, &env, |_| ()).unwrap();
    }
    let gates = folder.path().join("gates");
    std::fs::create_dir(&gates).unwrap();
    let decision = json!({"stage": "script", "approved": false, "notes": "Mention that line N4 starts on Friday"});
    put(&gates.join("script.1.json"), &decision.to_string());
    env.attempt = 3;
    env.notes = Some("Tip 1 is too long".into());
    perform("script", &env, |_| ()).unwrap();
    assert!(read(&folder, "artifacts/script/script.txt").contains("Line N4 starts on Friday."));
}

/// A file as somebody else would have left it there.
fn put(path: &Path, text: &str) {
    use std::io::Write as _;
    std::fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn every_stage_answers_a_rejection_with_something_new() {
    let folder = tempfile::tempdir().unwrap();
    let mut env = env(folder.path(), "clockmaker-sunday", json!({}));
    let first = run_all(&env);
    env.attempt = 2;
    env.notes = Some("not what we talked about".into());
    for stage in STAGES {
        let paths = perform(stage, &env, |_| ()).unwrap();
        let is_new = |path: &PathBuf| std::fs::read(folder.path().join(path)).unwrap() != first[path];
        assert!(paths.iter().any(is_new), "{stage}");
    }
}

#[test]
fn parameters_change_the_film() {
    let scripts = [
        json!({}),
        json!({"tone": "playful"}),
        json!({"length_s": "25"}),
        json!({"audience": "night porters"}),
    ]
    .map(|params| {
        let folder = tempfile::tempdir().unwrap();
        let env = env(folder.path(), "brakes-before-rain", params);
        for stage in ["outline", "research", "script"] {
            perform(stage, &env, |_| ()).unwrap();
        }
        read(&folder, "artifacts/script/script.txt")
    });
    let distinct: std::collections::BTreeSet<_> = scripts.iter().collect();
    assert_eq!(distinct.len(), scripts.len());
    assert!(scripts[2].len() < scripts[0].len() && scripts[3].contains("night porters"));
}

#[test]
fn a_parameter_out_of_range_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let error = perform("outline", &env(folder.path(), "x", json!({"length_s": 5})), |_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "params.length_s: 5 is not a number of seconds from 20 to 180"
    );
    let error = perform("dance", &env(folder.path(), "x", json!({})), |_| ()).unwrap_err();
    assert!(
        error.to_string().starts_with("dance is not a stage of the demo"),
        "{error}"
    );
}

#[test]
fn the_storyboard_looks_like_real_ones() {
    let folder = tempfile::tempdir().unwrap();
    let env = env(folder.path(), "tide-pool-manners", json!({}));
    for stage in &STAGES[..4] {
        perform(stage, &env, |_| ()).unwrap();
    }
    let text = read(&folder, storyboard::PATH);
    assert!(text.starts_with("{\n  \"title\"") && text.contains("306.0") && !text.ends_with('\n'));
    let document: Value = serde_json::from_str(&text).unwrap();
    let scenes = document["scenes"].as_array().unwrap();
    assert!(scenes.iter().all(|scene| scene["id"].is_string()));
    assert_eq!(
        scenes.iter().filter(|scene| scene.get("duration_ms").is_none()).count(),
        1
    );
}

#[test]
fn the_sound_can_be_heard() {
    let folder = tempfile::tempdir().unwrap();
    let made = run_all(&env(folder.path(), "sourdough-in-winter", json!({})));
    let total_ms =
        serde_json::from_slice::<Value>(&made[Path::new("artifacts/assemble/edit.json")]).unwrap()["total_ms"].clone();
    let film_s = total_ms.as_f64().unwrap() / 1_000.0;
    let guide_s = film_s / tune::guide_speed(total_ms.as_u64().unwrap());
    for (path, format) in [
        (audio::TUNE_PATH, "WAV 16-bit mono 22.05 kHz"),
        (audio::VOICE_PATH, "MP3 mono 48 kHz 48 kb/s"),
    ] {
        let heard = sound::facts(&made[Path::new(path)]).unwrap();
        assert_eq!(heard.format, format);
        assert!(heard.loudness_lufs > Some(-30.0), "{path}: {heard:?}");
        let length_s = heard.duration_s;
        assert!(
            (length_s - guide_s).abs() < 0.06 && length_s <= 8.0,
            "{path}: {length_s} s for {guide_s} s"
        );
    }
}

#[test]
fn acceptance_finds_what_a_patch_broke() {
    let folder = tempfile::tempdir().unwrap();
    let env = env(folder.path(), "tide-pool-manners", json!({}));
    run_all(&env);
    let path = folder.path().join(storyboard::PATH);
    let mut board: Value = serde_json::from_str(&read(&folder, storyboard::PATH)).unwrap();
    board["scenes"][0]["duration_ms"] = json!(306.0);
    put(&path, &format!("{board:#}"));
    put(&folder.path().join("artifacts/assets/title.svg"), "<svg/>");
    perform("acceptance", &env, |_| ()).unwrap();
    let report = read(&folder, "artifacts/acceptance/acceptance.md");
    for finding in [
        "- Durations add up: ",
        "- Assets are whole: not as indexed: title.svg",
        "- Sound is as long as the film",
    ] {
        assert!(report.contains(finding), "{finding} in {report}");
    }
}

#[test]
fn a_film_of_a_day_is_refused_before_it_fills_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let env = env(folder.path(), "tide-pool-manners", json!({}));
    run_all(&env);
    let mut board: Value = serde_json::from_str(&read(&folder, storyboard::PATH)).unwrap();
    board["scenes"][0]["duration_ms"] = json!(86_400_000);
    put(&folder.path().join(storyboard::PATH), &board.to_string());
    for stage in ["audio", "assemble"] {
        let error = perform(stage, &env, |_| ()).unwrap_err().to_string();
        assert!(error.contains("the guide track would have 8"), "{stage}: {error}");
    }
}

#[test]
fn what_a_killed_attempt_left_unfinished_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("artifacts/outline/.unfinished-x7");
    std::fs::create_dir_all(left.parent().unwrap()).unwrap();
    put(&left, "# Half an outl");
    perform("outline", &env(folder.path(), "harbour-at-night", json!({})), |_| ()).unwrap();
    assert!(!left.exists());
    assert_eq!(std::fs::read_dir(left.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn outside_jobs_hand_in_real_artifacts_and_one_of_them_a_base() {
    let mut bases = 0;
    for job in jobs().unwrap() {
        let folder = tempfile::tempdir().unwrap();
        let Some(gate) = outside_gate(&job, folder.path()).unwrap() else {
            continue;
        };
        assert!(gate.artifacts.iter().all(|(_, path)| path.is_file()));
        if let Some(base) = gate.base {
            bases += 1;
            let (before, after) = (
                std::fs::read_to_string(base).unwrap(),
                std::fs::read_to_string(&gate.artifacts[0].1).unwrap(),
            );
            assert!(after.contains("Dogs stay on the lead near the pools.") && before != after);
        }
    }
    assert_eq!(bases, 1);
}

#[test]
fn the_embedded_configuration_names_every_stage_and_artifact() {
    let config: Value = serde_yaml::from_str(CONFIG).unwrap();
    let stages = config["pipeline"]["stages"].as_array().unwrap();
    let names: Vec<_> = stages.iter().map(|stage| stage["name"].as_str().unwrap()).collect();
    assert_eq!(names, STAGES);
    let folder = tempfile::tempdir().unwrap();
    let made = run_all(&env(folder.path(), "harbour-at-night", json!({})));
    for stage in stages {
        let name = stage["name"].as_str().unwrap();
        assert_eq!(stage["command"], json!(["{holdpoint}", "__demo-stage", name]));
        for artifact in stage["artifacts"].as_array().unwrap() {
            assert!(
                made.contains_key(Path::new(artifact["path"].as_str().unwrap())),
                "{artifact}"
            );
        }
    }
    assert!(
        config["gates"]
            .as_object()
            .unwrap()
            .keys()
            .all(|stage| names.contains(&stage.as_str()))
    );
}
