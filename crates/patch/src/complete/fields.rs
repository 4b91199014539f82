//! The words of patches themselves: names of fields and what they are for.

/// The fields that every patch has.
pub(super) const ROOT: [(&str, &str); 2] = [("type", "what the patch does"), ("artifact", "which file it is for")];

/// The values of a flag.
pub(super) const FLAGS: [&str; 2] = ["true", "false"];

/// The operations of RFC 6902.
pub(super) const OPS: [(&str, &str); 6] = [
    ("replace", "a new value at path"),
    ("add", "a value at path, before what stands there in a list"),
    ("remove", "the value at path"),
    ("move", "the value at from to path"),
    ("copy", "the value at from to path as well"),
    ("test", "refuses the patch unless path has this value"),
];

/// What a field of a patch is for; empty when its name says it.
pub(super) fn detail(name: &str) -> &'static str {
    match name {
        "replacements" => "[{old, new, count}]",
        "section_marker" => "the marker line of the section",
        "new_section" => "what stands below it from now on",
        "beat_adjustments" => "[{beat_id, duration}]",
        "scale_keyframes" => "true moves keyframes in proportion",
        "update_totals" => "true writes the totals anew",
        "substitutions" => "[{element_id, asset_path}]",
        "level_change_db" => "decibels, -24 to 24",
        "allow_clipping" => "true accepts clipped peaks",
        "ops" => "[{op, path, value}], RFC 6902",
        "merge" => "what is to differ, RFC 7396",
        "diff" => "a unified diff",
        "params" => "what is to differ in the job's parameters",
        _ => "",
    }
}

/// Whether a field is `true` or `false`.
pub(super) fn is_flag(name: &str) -> bool {
    matches!(name, "scale_keyframes" | "update_totals" | "allow_clipping")
}

/// The fields of one item of a list.
pub(super) fn of_item(type_name: &str, list: &str) -> &'static [(&'static str, &'static str)] {
    match (type_name, list) {
        ("text_replace", "replacements") => &[
            ("old", "the text as it stands"),
            ("new", "what stands there instead; empty deletes"),
            ("count", "how many of its occurrences; all without it"),
        ],
        ("duration_adjust", "beat_adjustments") => &[("beat_id", "the id of a beat or scene"), ("duration", "seconds")],
        ("asset_substitute", "substitutions") => &[
            ("element_id", "the id of an element"),
            ("asset_path", "a file of this run"),
        ],
        ("json_patch", "ops") => &[
            ("op", "what is done"),
            ("path", "where: a JSON pointer"),
            ("value", "for add, replace and test"),
            ("from", "for move and copy"),
        ],
        _ => &[],
    }
}
