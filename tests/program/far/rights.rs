//! What a limited token may do, as commands and the console on another machine tell it.

use super::Elsewhere;
use crate::support::client::{Served, configuration, serving_on};
use crate::support::run::Workspace;
use crate::support::said::assert_contains;

/// A server with one more token, made by this, and a machine that has it.
fn serving_with(new_token: &str) -> (Workspace, Served, Elsewhere) {
    let workspace = Workspace::new(&configuration(""));
    let made = workspace.json(new_token);
    let (token, line) = (made["token"].as_str().unwrap(), made["line"].as_str().unwrap());
    let text = configuration("").replace("  tokens:\n", &format!("  tokens:\n    {line}\n"));
    workspace.write("conf/operator.yaml", text);
    let (workspace, served, _) = serving_on(workspace);
    let there = Elsewhere::of(&served, token);
    workspace.write("plan.txt", "new\n");
    for stage in ["script", "outline"] {
        workspace.ok(&format!("gate open j-{stage} {stage} --artifact plan=plan.txt"));
    }
    (workspace, served, there)
}

#[test]
fn a_limit_is_told_where_it_is_in_the_way_and_leaves_no_trace_elsewhere() {
    let (workspace, _served, there) = serving_with("token new lea --role operator --stages script --expires 3d");
    let (_, said) = there.run("gate approve j-outline outline", 1);
    assert_contains(
        &said,
        "Not approved: the token of lea is limited to the stage script; this is about outline",
    );
    // Whoever is to lose the token soon hears it in time, with every command.
    assert_contains(&said, "the token of lea expires at ");
    let mut desk = there.desk();
    desk.sees("ONLY SCRIPT");
    desk.sees("the token of lea is limited to the stage script; the token of lea");
    desk.selects("j-outline", "outline", 1);
    desk.sees_after("a", "Not approved: the token of lea is limited to the");
    desk.selects("j-script", "script", 1);
    desk.press("a");
    desk.asked(&workspace, "APPROVE j-script");
    desk.confirms("Approved j-script");
    desk.leaves();
    let events = workspace.events("j-outline");
    assert!(
        !events.iter().any(|event| event.to_string().contains("lea")),
        "{events:?}"
    );
    assert_eq!(
        workspace.json("gate show j-outline outline")["seen"],
        serde_json::json!([])
    );
}

#[test]
fn what_a_token_opens_now_and_until_when_is_told_in_an_open_console() {
    let (workspace, _served, there) = serving_with("token new lea --role operator --expires 30d");
    let desk = there.desk();
    desk.sees("2 open");
    let text = workspace.read("conf/operator.yaml");
    let line = text.lines().find(|line| line.contains("lea")).unwrap();
    let end = line.split("expires: \"").nth(1).unwrap().split('"').next().unwrap();
    let soon = "2036-01-01";
    workspace.write("conf/operator.yaml", text.replace(end, soon));
    desk.sees("the token of lea expires at 2036-01-01 00:00:00Z now");
    // Other rights end the news; those that begin then say so.
    let limited = line
        .replace(end, soon)
        .replace("role: operator", "role: operator, stages: [script]");
    workspace.write("conf/operator.yaml", text.replace(line, &limited));
    desk.sees("the token of lea is limited to the stage script now");
    desk.sees("ONLY SCRIPT");
    desk.leaves();
}

#[test]
fn a_token_that_expires_while_the_console_is_open_is_told_there() {
    let (workspace, _served, there) = serving_with("token new lea --role operator --expires 2h");
    let desk = there.desk();
    workspace.set_clocks(2 * 3600, 2 * 3600);
    desk.sees("the token of lea expired at ");
}
