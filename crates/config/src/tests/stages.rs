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

#[test]
fn a_command_is_a_list_of_texts_with_a_program() {
    assert_eq!(
        about_stage("name: s, command: []"),
        [
            "4:26: pipeline.stages[0].command: a command names a program   hint: leave the key out where a stage runs nothing: it is a bare \
          gate then"
        ]
    );
    assert_eq!(
        about_stage("name: s, command: ['', a]"),
        ["4:27: pipeline.stages[0].command[0]: the program has no name   hint: the first of the list is the program"]
    );
    assert_eq!(
        about_stage("name: s, command: [sleep, 5, [a], \"a\\0b\"]"),
        [
            "4:34: pipeline.stages[0].command[1]: 5 is not a text   hint: put it in quotes",
            "4:37: pipeline.stages[0].command[2]: a list is not a text",
            "4:42: pipeline.stages[0].command[3]: this text has a NUL character in it",
        ]
    );
}

#[test]
fn a_command_line_with_shell_syntax_is_not_cut_into_words() {
    for line in ["grep 'a b' x | sort", "echo $HOME", "a > x"] {
        assert_eq!(
            about_stage(&format!("name: s, command: \"{line}\"")),
            [
                "4:26: pipeline.stages[0].command: a command is a list; no shell is used   hint: write [\"program\", \"argument\"], or \
              [\"sh\", \"-c\", \"…\"] for what only a shell can do"
            ]
        );
    }
}

#[test]
fn a_stages_other_keys_are_checked() {
    assert_eq!(
        about_stage("name: s, env: {A=B: x, HOLDPOINT_STAGE: x, PORT: 8008, OFF: null}"),
        [
            "4:23: pipeline.stages[0].env.A=B: this is not the name of a variable   hint: a name is not empty and has no = in it",
            "4:31: pipeline.stages[0].env.HOLDPOINT_STAGE: names that begin with HOLDPOINT_ are set by holdpoint   hint: take another \
             name: a stage finds its job, attempt and run directory there",
            "4:57: pipeline.stages[0].env.PORT: a number is not a text   hint: put it in quotes",
            "4:68: pipeline.stages[0].env.OFF: null is not a text   hint: an empty text is written \"\"",
        ]
    );
    assert_eq!(
        about_stage("name: s, timeout_s: 0"),
        [
            "4:28: pipeline.stages[0].timeout_s: 0 is not a number of seconds   hint: write at least 1, or leave the key out to wait as \
          long as it takes"
        ]
    );
    assert_eq!(
        about_stage("name: s, comand: [a], required: true"),
        [
            "4:17: pipeline.stages[0].comand: a stage has no key of this name   hint: did you mean command?",
            "4:30: pipeline.stages[0].required: a stage has no gate in it   hint: write it under gates, by the stage's name",
        ]
    );
    assert_eq!(
        about_stage("command: [a]")[0],
        "4:7: pipeline.stages[0]: this stage has no name   hint: add `name:` with 1 to 50 lower-case letters, digits, _ and -"
    );
    assert_eq!(
        about_stage("name: ../x")[0],
        "4:14: pipeline.stages[0].name: \"../x\" is not the name of a stage   hint: a stage is 1 to 50 lower-case letters, digits, _ and \
         -, beginning with a letter"
    );
    for (stages, said) in [
        (
            "[]",
            "a pipeline has at least one stage   hint: leave the key out for the nine default stages",
        ),
        (
            "null",
            "null is not a list   hint: write each stage as `- name: outline`; leave the key out for the nine default stages",
        ),
        (
            "{a: {}}",
            "a mapping is not a list   hint: write each stage as `- name: outline`; leave the key out for the nine default stages",
        ),
    ] {
        assert_eq!(
            told(&format!("gates: {{audio: {{}}}}\npipeline:\n  stages: {stages}\n")),
            [format!("c.yaml:3:11: pipeline.stages: {said}")]
        );
    }
}

#[test]
fn artifact_paths_stay_inside_and_apart() {
    let text = "\
gates: {a: {}}
pipeline:
  stages:
    - name: a
      artifacts:
        - {kind: script, path: ../../etc/passwd}
        - {kind: script, path: /etc/passwd}
        - {kind: script, path: gates/script.json}
        - {kind: script, path: artifacts/a/x}
        - {kind: 'no kind', path: artifacts/a/y}
        - {path: artifacts/a/z}
        - artifacts/a/w
    - name: b
      artifacts: [{kind: script, path: artifacts/a/x}]
";
    let rule = "an artifact path is relative to the run directory, without empty, `.` or `..` parts and control characters, at most 1000 \
                bytes";
    let write = "write each as `- {kind: script, path: artifacts/script/script.txt}`";
    let at = "pipeline.stages[0].artifacts";
    assert_eq!(
        told(text),
        [
            format!("c.yaml:6:32: {at}[0].path: \"../../etc/passwd\" is not an artifact's path   hint: {rule}"),
            format!("c.yaml:7:32: {at}[1].path: \"/etc/passwd\" is not an artifact's path   hint: {rule}"),
            format!("c.yaml:8:32: {at}[2].path: holdpoint keeps its own records under gates   hint: put artifacts under artifacts/<stage>/"),
            format!(
                "c.yaml:10:18: {at}[4].kind: \"no kind\" is not a kind of artifact   hint: a kind is 1 to 50 letters, digits, _, - and \
                 ., such as script, storyboard, voiceover"
            ),
            format!("c.yaml:11:11: {at}[5]: this artifact has no kind   hint: {write}"),
            format!("c.yaml:12:11: {at}[6]: this is not an artifact   hint: {write}"),
            "c.yaml:14:40: pipeline.stages[1].artifacts[0].path: \"artifacts/a/x\" is made in line 9 already   hint: every artifact has a \
             path of its own"
                .to_owned(),
        ]
    );
}
