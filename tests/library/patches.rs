//! docs/PATCHES.md describes exactly the patch types that the program has, each with the example
//! that is tested to apply.

use std::path::Path;

use patch::types;
use serde_json::Value;

#[test]
fn the_page_has_every_type_with_its_example() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PATCHES.md");
    let page = std::fs::read_to_string(path).unwrap();
    let known: Vec<&str> = types().iter().map(|doc| doc.name).collect();
    let sections: Vec<(&str, &str)> = page
        .split("\n## `")
        .skip(1)
        .map(|section| section.split_once("`\n").unwrap())
        .collect();
    let names: Vec<&str> = sections.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names, known,
        "docs/PATCHES.md has a section for each type, in the order of the catalog"
    );
    for (doc, (name, section)) in types().iter().zip(&sections) {
        let example = section
            .split(&format!("```json,file={name}.json\n"))
            .nth(1)
            .and_then(|rest| rest.split("```").next());
        let shown: Value = serde_json::from_str(example.unwrap()).unwrap();
        assert_eq!(shown, (doc.example)(), "the example of {name}");
        for field in doc.field_names() {
            assert!(section.contains(field), "{name} says nothing of `{field}`");
        }
    }
}
