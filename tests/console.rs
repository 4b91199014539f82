//! The console as an operator meets it: the real binary in a real terminal, and what it leaves behind.

mod support;

mod console {
    #[path = "../cli/beside.rs"]
    mod beside;

    mod bulk;
    mod clocks;
    mod demo;
    mod desk;
    mod edit;
    mod failed;
    mod held;
    mod hostile;
    mod lease;
    mod log;
    mod moved;
    mod newer;
    mod own_editor;
    mod policy;
    mod reading;
    mod record;
    mod shared;
    mod slips;
    mod start;
    mod story;
    mod suspend;
    mod terminal;
    mod together;
    mod torn_line;
}
