//! What was counted of the record, in every form, and the lists of a part of it.

use serde_json::json;

use crate::support::client::{configuration, serving_on};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has, assert_lacks};

/// Four decisions of two stages, one of them a rejection and one with a patch.
fn decided() -> Workspace {
    let workspace = Workspace::new(&configuration(""));
    workspace.write("plan.txt", "copy the table\n");
    let patch = json!({"type": "text_replace", "replacements": [{"old": "table", "new": "index"}]});
    workspace.write("patch.json", patch.to_string());
    for (job, stage, words) in [
        ("j-1", "outline", "approve j-1 outline"),
        ("j-2", "outline", "reject j-2 outline --notes no"),
        ("j-3", "script", "approve j-3 script --patch patch.json"),
        ("j-4", "script", "approve j-4 script"),
    ] {
        workspace.ok(&format!("gate open {job} {stage} --artifact plan=plan.txt"));
        workspace.ok(&format!("gate {words}"));
    }
    workspace
}

#[test]
fn the_figures_are_told_alike_by_command_and_http_and_in_the_metrics() {
    let (workspace, _served, ana) = serving_on(decided());
    let told = workspace.json("stats");
    assert_has!(told, "all/decisions": 4, "all/rejected": 1, "all/patched": 1, "all/by_timer": 0, "all/holds": 0);
    assert_has!(told, "stages/outline/rejected": 1, "stages/script/decisions": 2, "patches": {"text_replace": 1});
    assert_eq!(ana.get("/api/v1/stats").expect(200), told);
    let of_stage = ana.get("/api/v1/stats?stage=outline&since=2d").expect(200);
    assert_has!(of_stage, "all/decisions": 2, "all/rejected": 1);
    assert_eq!(
        workspace.json("stats --stage outline --since 2d")["all"],
        of_stage["all"]
    );
    let later = ana.get("/api/v1/stats?since=2999-01-01").expect(200);
    assert_has!(later, "all/decisions": 0, "all/median_s": null, "since": "2999-01-01T00:00:00.000000+00:00");
    ana.get("/api/v1/stats?since=yesterday").expect(422);
    // All of it was decided before this process served.
    let text = ana.get("/metrics").text();
    for line in [
        "holdpoint_stage_decisions_total{stage=\"outline\",outcome=\"rejected\"} 1",
        "holdpoint_decision_wait_seconds_count{stage=\"script\"} 2",
        "holdpoint_decision_patches_total{type=\"text_replace\"} 1",
    ] {
        assert_contains(&text, line);
    }
    // A second look counts nothing twice.
    let again = ana.get("/metrics").text();
    assert_contains(&again, "holdpoint_decision_wait_seconds_count{stage=\"script\"} 2");
}

#[test]
fn the_figures_as_a_table_and_as_csv() {
    let workspace = decided();
    let table = workspace.ok("stats");
    assert_contains(&table, "DECISIONS");
    assert_contains(&table, "1 (25%)");
    let csv = workspace.ok("stats --csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "group,name,decisions,approved,rejected,recalled,by_timer,seen_wholly,patched,holds,median_s,p90_s"
    );
    assert!(lines.iter().all(|line| line.split(',').count() == 12), "{csv}");
    assert!(lines[1].starts_with("all,,4,3,1,0,0,0,1,0,"), "{csv}");
    assert_contains(&csv, "\npatch,text_replace,1,");
    workspace.failure("stats --since yesterday", 2);
    workspace.failure("stats --csv", 2);
}

#[test]
fn a_part_of_the_decisions_is_listed() {
    let (workspace, _served, ana) = serving_on(decided());
    for (words, query, count) in [
        ("", "", 4),
        (" --verdict rejected", "?verdict=rejected", 1),
        (
            " --stage script --verdict approved",
            "?stage=script&verdict=approved",
            2,
        ),
        (" --by nobody", "?operator=nobody", 0),
        (" --by timer", "?operator=timer", 0),
        (" --by-timer", "?by_timer=true", 0),
        (" --by-person", "?by_timer=false", 4),
        (" --since 1h", "?since=1h", 4),
        (" --since 2999-01-01", "?since=2999-01-01", 0),
    ] {
        assert_eq!(workspace.count(&format!("decisions list{words}")), count, "{words}");
        let listed = ana.get(&format!("/api/v1/decisions{query}")).expect(200);
        assert_eq!(listed.as_array().unwrap().len(), count, "{query}");
    }
    ana.get("/api/v1/decisions?verdict=maybe").expect(422);
    let table = workspace.ok("decisions list --verdict rejected");
    assert_contains(&table, "AFTER");
    assert_contains(&table, "nobody");
    assert_lacks(&table, "text_replace");
}

#[test]
fn the_figures_of_a_label_are_told_alike() {
    let workspace = decided();
    for (job, label) in [("j-5", "team=media"), ("j-6", "team=video"), ("j-7", "team=media")] {
        workspace.ok(&format!(
            "gate open {job} outline --artifact plan=plan.txt --label {label}"
        ));
        workspace.ok(&format!("gate approve {job} outline"));
    }
    let (workspace, _served, ana) = serving_on(workspace);
    let told = workspace.json("stats");
    assert_has!(told, "all/decisions": 7, "labels/team=media/decisions": 2, "labels/team=video/approved": 1, "labels_left_out": 0);
    assert_eq!(ana.get("/api/v1/stats").expect(200), told);
    for (label, escaped, count) in [
        ("team=media", "team%3Dmedia", 2),
        ("team", "team", 3),
        ("env", "env", 0),
    ] {
        let part = workspace.json(&format!("stats --label {label}"));
        assert_has!(part, "all/decisions": count);
        assert_eq!(ana.get(&format!("/api/v1/stats?label={escaped}")).expect(200), part);
        assert_eq!(workspace.count(&format!("decisions list --label {label}")), count);
    }
    assert_has!(workspace.json("stats --label team --label team=video"), "all/decisions": 1);
    let csv = workspace.ok("stats --csv");
    assert_contains(&csv, "\nlabel,team=media,2,2,0,");
    let table = workspace.ok("stats");
    assert_contains(&table, "LABEL");
    workspace.refused("stats --label =x", 2);
    ana.get("/api/v1/stats?label=%3Dx").expect(422);
}
