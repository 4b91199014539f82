//! `pipeline.stages`.

use super::*;

#[test]
fn stages_are_read_whole() {
    let text = "\
gates: {script: {}}
pipeline:
  stages:
    - outline
    - name: script
      command: ['{holdpoint}', demo-stage, '{holdpoint}', '']
      env: {LANG: C.UTF-8, EMPTY: ''}
      timeout_s: 600
      artifacts:
        - {kind: script, path: artifacts/script/script.txt}
        - {kind: captions, path: artifacts/script/script.srt}
    - {name: audio, command: null, timeout_s: null, artifacts: null, env: null}
";
    let Loaded { mut config, warnings } = loaded(text);
    assert_eq!(warnings, []);
    assert!(config.pipeline.stages[0].is_bare() && config.pipeline.stages[2].is_bare());
    let script = &config.pipeline.stages[1];
    assert_eq!(script.command, ["{holdpoint}", "demo-stage", "{holdpoint}", ""]);
    assert_eq!(
        (script.env["LANG"].as_str(), script.env["EMPTY"].as_str()),
        ("C.UTF-8", "")
    );
    assert_eq!(script.timeout_s, Some(600));
    assert_eq!(script.artifacts[1].kind, "captions");
    let before = config.clone();
    config.resolve_program("/opt/holdpoint");
    assert_eq!(
        config.pipeline.stages[1].command[..3],
        ["/opt/holdpoint", "demo-stage", "{holdpoint}"]
    );
    assert_eq!(
        before.pipeline.stages[1].command[0], "{holdpoint}",
        "a clone is not changed behind its back"
    );
}
