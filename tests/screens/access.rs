//! What a token opens, and until when, as a console over a line tells it.

use console::effect::Msg;
use console::session::Session;
use domain::operator::TokenRole;
use domain::rights::Rights;
use testing::world::stage;

use crate::console::{Console, session};
use crate::world::World;

#[test]
fn the_end_of_a_token_is_told_before_it_comes_and_stands_there_at_last() {
    let world = World::drawn();
    let expires = Some(world.now.utc.plus_s(2 * 24 * 3600));
    let session = Session { expires, ..session() };
    let mut console = Console::with(session, world, 120, 40);
    console.pass(3600).hides("the token of bea");
    console.pass(24 * 3600).shows("the token of bea expires at ");
    console.press("j k").pass(60).hides("in 23h");
    console.pass(22 * 3600).shows(", in 58:");
    console.press("j k").pass(50 * 60);
    console
        .shows("the token of bea ends at ")
        .shows("from then on nothing is decided from here");
}

#[test]
fn what_a_token_opens_now_is_told_and_counts_at_once() {
    let mut console = Console::new(World::drawn(), 120, 40);
    let limited = Rights {
        stages: Some([stage("audio")].into()),
        ..Rights::default()
    };
    let expires = Some(console.backend.now.utc.plus_s(30 * 24 * 3600));
    console.tell(Msg::Access(limited, expires));
    console.draw();
    console.shows("the token of bea is limited to the stage audio now; the token of bea expires at ");
    console.press("a").shows("Not approved: the token of bea is limited");
    console.tell(Msg::Access(Rights::default(), None));
    console.draw();
    console.shows("counts for all stages now; the token of bea does not expire any more");
    console.press("a").shows("APPROVE j-17");
    console.press("Esc");
    let viewer = Rights {
        role: TokenRole::Viewer,
        ..Rights::default()
    };
    console.tell(Msg::Access(viewer, None));
    console.draw();
    console.shows("bea has the role viewer now: here you look, and decide nothing");
    console.press("a").hides("APPROVE j-17");
}
