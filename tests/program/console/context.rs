//! Why a gate is asked for, at a console in a real terminal.

use super::desk::Desk;
use crate::support::run::Workspace;

#[test]
fn the_head_says_why_the_list_says_all_and_a_colleagues_pipeline_may_say_otherwise() {
    let workspace = Workspace::new("gates: {release: {required: true}}\n");
    workspace.write("plan.txt", "v1\n");
    let open = |title: &str| {
        workspace.ok(&[
            "gate",
            "open",
            "deploy-42",
            "release",
            "--artifact",
            "plan=plan.txt",
            "--title",
            title,
            "--severity",
            "critical",
            "--link",
            "ticket=https://t.example/17",
            "--why",
            "legal waits",
        ]);
    };
    open("release 17");
    let mut desk = Desk::leading(&workspace);
    desk.sees("CRITICAL  release 17");
    desk.sees_after("i", "https://t.example/17");
    desk.sees("legal waits");
    desk.backs_out("https://t.example/17");
    open("release 17, second try");
    desk.sees("CRITICAL  release 17, second try");
    desk.sees_after("/", "filter /");
    desk.press("'severity<high'");
    desk.sees("No row matches the filter");
    desk.backs_out("No row matches the filter");
    desk.leaves();
}
