//! What changed since this operator looked, at a former login: said, one key away, and never
//! decided on unread.

use super::desk::Desk;
use crate::support::run::Workspace;
use crate::support::said::assert_contains;

const GATES: &str = "pipeline: {stages: [{name: release}]}\ngates: {release: {}}\n";

fn plan(word: &str) -> String {
    let line = |number: u32| match number {
        20 => format!("step 20 {word}\n"),
        number => format!("step {number}\n"),
    };
    (1..=60).map(line).collect()
}

#[test]
fn what_changed_between_two_logins_is_shown_before_it_is_decided_on() {
    let workspace = Workspace::new(GATES);
    workspace.write("plan.txt", plan("drains one node"));
    workspace.ok("job start --manual --id j-1 --slug tides");
    let open = "gate open j-1 release --artifact plan=plan.txt";
    workspace.ok(open);
    let mut desk = Desk::leading(&workspace);
    desk.sees("step 3");
    // A key, so that somebody looks; then what stands there is recorded.
    desk.rejects("REJECT j-1 tides", "looks wrong");
    desk.backs_out("REJECT j-1");
    workspace.json_until("gate show j-1 release", |gate| gate["seen"][0]["artifacts"].is_array());
    desk.leaves_with_draft();

    workspace.write("plan.txt", plan("drains all nodes"));
    workspace.ok(open);
    let told = workspace.ok("gate show j-1 release");
    assert_contains(&told, "changed since you looked at ");
    let told = workspace.ok("gate diff j-1 release --base seen");
    assert_contains(&told, "-step 20 drains one node");
    assert_contains(&told, "+step 20 drains all nodes");
    let told = workspace.refused("gate approve j-1 release", 1);
    assert_contains(&told, "plan.txt changed since it was read (you read ");
    assert_contains(&told, "--digest ");

    let mut desk = Desk::leading(&workspace);
    desk.sees("changed since you read ");
    desk.sees_after("r", "plan.txt changed since you looked");
    desk.sees("+ step 20 drains all nodes");
    desk.backs_out("changed since you looked");
    desk.sees_after("r", "looks wrong");
    desk.backs_out("REJECT j-1");
    desk.sees_after("a", "APPROVE j-1 tides / release #2");
    desk.confirm();
    desk.sees("Approved j-1 tides / release #2");
    desk.press("q");
}
