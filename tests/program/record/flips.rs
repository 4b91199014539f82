//! One byte at a time: in every file of the record and in every cell of its rows.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use engine::audit::{Finding, Report};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::story;

/// How many places of a text are tried; with `HOLDPOINT_TEST_EXHAUSTIVE` set, all of them.
fn step(bytes: usize, tried: usize) -> usize {
    match std::env::var_os("HOLDPOINT_TEST_EXHAUSTIVE") {
        Some(_) => 1,
        None => bytes.div_ceil(tried).max(1),
    }
}

/// The file of which every byte is tried in any case.
const EXHAUSTED: &str = "chain.jsonl";

fn put(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

fn findings(report: &Report) -> String {
    report.findings.iter().map(|finding| format!("{finding}\n")).collect()
}

#[test]
fn a_changed_byte_of_a_file_is_found_where_it_is() {
    let workspace = story::told();
    let runs = workspace.runs();
    assert_eq!(findings(&story::audited(&runs)), "");
    for file in story::files(&runs) {
        let path = runs.join(&file);
        let original = std::fs::read(&path).unwrap();
        let tried = if file == Path::new(EXHAUSTED) {
            original.len()
        } else {
            60
        };
        let step = step(original.len(), tried);
        // Line ends always: they are what holds lines apart.
        let is_lines = file.extension().is_some_and(|extension| extension == "jsonl");
        let ends = (0..original.len()).filter(|at| is_lines && original[*at] == b'\n');
        for at in (0..original.len()).step_by(step).chain(ends) {
            {
                let mask = if at % 2 == 0 { 0x01 } else { 0x80 };
                let open = File::options().write(true).open(&path).unwrap();
                open.write_all_at(&[original[at] ^ mask], at as u64).unwrap();
                let report = story::audited(&runs);
                let is_near = |finding: &&Finding| {
                    let place = &finding.place;
                    // A line that lost its end, or was torn in two, is told of at its beginning.
                    let line = 1 + original[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
                    place.file == file.display().to_string()
                        && (place.offset == Some(at as u64) || place.line.is_some_and(|told| told.abs_diff(line) <= 1))
                };
                let is_found = report.findings.iter().any(|finding| is_near(&finding));
                assert!(
                    is_found,
                    "{}: byte {at} ({:?}) ^ {mask:#x}: {}",
                    file.display(),
                    char::from(original[at]),
                    findings(&report)
                );
            }
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .write_all_at(&original[at..=at], at as u64)
                .unwrap();
        }
        for torn in [original.len() / 2, original.len() - 1] {
            put(&path, &original[..torn]);
            let report = story::audited(&runs);
            let file = file.display().to_string();
            assert!(
                report.findings.iter().any(|finding| finding.place.file == file),
                "{file} torn at {torn}"
            );
        }
        std::fs::remove_file(&path).unwrap();
        let report = story::audited(&runs);
        let name = file.display().to_string();
        assert!(
            report.findings.iter().any(|finding| finding.place.file == name),
            "{name} removed"
        );
        put(&path, &original);
    }
    assert_eq!(findings(&story::audited(&runs)), "");
}

/// The cells of a table, by key and column.
fn cells(connection: &Connection, table: &str) -> Vec<(i64, String, Value)> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([]).unwrap();
    let mut cells = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let key: i64 = row.get("seq").unwrap();
        for column in &columns {
            cells.push((key, column.clone(), row.get(column.as_str()).unwrap()));
        }
    }
    cells
}

/// Values that differ in one bit of one byte.
fn flipped(value: &Value) -> Vec<Value> {
    match value {
        Value::Integer(number) => [0, 1, 4, 12, 40, 62]
            .into_iter()
            .map(|bit| Value::Integer(number ^ (1 << bit)))
            .collect(),
        Value::Text(text) => {
            let bytes = text.as_bytes();
            let at = (0..bytes.len()).step_by(step(bytes.len(), 20));
            at.map(|at| {
                let mut bytes = bytes.to_vec();
                bytes[at] ^= [0x01, 0x20, 0x80][at % 3];
                Value::Blob(bytes)
            })
            .collect()
        }
        Value::Null => vec![Value::Text("script".to_owned())],
        Value::Real(_) | Value::Blob(_) => panic!("there is no such column"),
    }
}

#[test]
fn a_changed_byte_of_a_row_is_found_where_it_is() {
    let workspace = story::told();
    let runs = workspace.runs();
    let connection = Connection::open(runs.join("holdpoint.db")).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    let mut tried = 0;
    let is_exhaustive = std::env::var_os("HOLDPOINT_TEST_EXHAUSTIVE").is_some();
    for (table, every) in [("decision", 2), ("event", 5)] {
        for (key, column, value) in cells(&connection, table) {
            if !is_exhaustive && key % every != 0 {
                continue;
            }
            for changed in flipped(&value) {
                let set = format!(
                    "UPDATE {table} SET {column} = iif(typeof(?1) = 'blob', CAST(?1 AS TEXT), ?1) WHERE seq = ?2"
                );
                // A number that another row has, or a second decision of a gate, cannot even be
                // written.
                let Ok(1) = connection.execute(&set, (&changed, key)) else {
                    continue;
                };
                tried += 1;
                let report = story::audited(&runs);
                let new_key = match (column.as_str(), &changed) {
                    ("seq", Value::Integer(new_key)) => *new_key,
                    _ => key,
                };
                // A row whose number was changed is told of by either.
                let is_named = |finding: &Finding| {
                    let place = &finding.place;
                    [key, new_key].into_iter().any(|key| {
                        (place.table == Some(table) && place.row == Some(key.to_string()))
                            || finding.message.contains(&format!("row {table} {key}"))
                            // SQLite's own words, and lines and files whose row is gone.
                            || finding.message.contains(&format!("{table}, row {key}"))
                            || finding.message.contains(&format!("{table} {key} "))
                    })
                };
                assert!(
                    report.findings.iter().any(is_named),
                    "{table} {key}, {column}: {value:?} -> {changed:?}: {}",
                    findings(&report)
                );
                let back = format!("UPDATE {table} SET {column} = ?1 WHERE seq = ?2");
                assert_eq!(connection.execute(&back, (&value, new_key)).unwrap(), 1);
            }
        }
    }
    assert!(tried > 150, "{tried}");
    assert_eq!(findings(&story::audited(&runs)), "");
}
