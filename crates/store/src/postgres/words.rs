//! The statements of this crate in PostgreSQL's words.

use std::fmt::Write;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

/// What SQLite says and PostgreSQL says otherwise. Longer ones stand before what they contain.
const WORDS: [(&str, &str); 7] = [
    ("CROSS JOIN job ON", "JOIN job ON"),
    ("ifnull(", "coalesce("),
    (
        "json_remove(recall, '$.effect')",
        "CAST(CAST(recall AS jsonb) - 'effect' AS text)",
    ),
    // A list of keys is looked up one by one; of a subquery the planner may make a join that reads all.
    (
        "IN (SELECT value FROM json_each(?1))",
        "= ANY (ARRAY(SELECT json_array_elements_text(?1)))",
    ),
    // A list, and then the members of an object.
    ("FROM json_each(?1)", "FROM json_array_elements_text(?1)"),
    ("FROM json_each(?)", "FROM json_array_elements_text(?)"),
    ("json_each(", "json_each_text("),
];

/// The same statement for PostgreSQL: its own words, places by `$`, no hints which index to take,
/// and a path into JSON as one step after the other.
pub(super) fn spoken(sql: &str) -> String {
    let mut sql = sql.to_owned();
    for (ours, theirs) in WORDS {
        if sql.contains(ours) {
            sql = sql.replace(ours, theirs);
        }
    }
    // What is JSON is text of our own in SQLite, and may be torn; here its type is JSON.
    while let Some(at) = sql.find("json_valid(") {
        let end = sql[at..].find(')').map_or(sql.len(), |end| at + end + 1);
        sql.replace_range(at..end, "TRUE");
    }
    let mut spoken = String::with_capacity(sql.len());
    let mut rest = sql.as_str();
    let mut places = 0_usize;
    while let Some(at) = rest.find(['?', '\'', 'I']) {
        spoken.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(behind) = rest.strip_prefix("INDEXED BY ") {
            let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            rest = &behind[end.unwrap_or(behind.len())..];
        } else if let Some(behind) = rest.strip_prefix('?') {
            let end = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
            places += 1;
            let number = behind[..end].parse().unwrap_or(places);
            // Writing to a text cannot fail.
            let _ = write!(spoken, "${number}");
            rest = &behind[end..];
        } else if let Some(behind) = rest.strip_prefix('\'') {
            let end = behind.find('\'').map_or(behind.len(), |end| end + 1);
            match behind[..end].strip_prefix("$.") {
                Some(path) => push_path(&mut spoken, path),
                None => spoken.push_str(&rest[..=end]),
            }
            rest = &behind[end..];
        } else {
            spoken.push('I');
            rest = &rest[1..];
        }
    }
    spoken + rest
}

/// Behind an arrow: `->> '$.x.y'` is `-> 'x' ->> 'y'`.
fn push_path(spoken: &mut String, path: &str) {
    let arrow = if spoken.ends_with("->> ") { "->>" } else { "->" };
    spoken.truncate(spoken.len().saturating_sub(arrow.len() + 1));
    let (steps, last) = path
        .trim_end_matches('\'')
        .rsplit_once('.')
        .unwrap_or(("", path.trim_end_matches('\'')));
    for step in steps.split_terminator('.') {
        let _ = write!(spoken, "-> '{step}' ");
    }
    let _ = write!(spoken, "{arrow} '{last}'");
}

/// What a statement for many rows is refused with that does not write all of them.
pub(super) const NOT_EXACT: SqlState = SqlState::DIVISION_BY_ZERO;

/// A statement in PostgreSQL's words for many rows at once: the values of each place come as one array.
/// Where `is_exact`, it divides by zero unless it writes as many rows as there are values.
pub(super) fn for_many(spoken: &str, types: &[Type], is_exact: bool) -> String {
    let (mut arrays, mut names) = (Vec::new(), Vec::new());
    for (place, ty) in (1..).zip(types) {
        arrays.push(format!("${place}::{}[]", ty.name()));
        names.push(format!("p{place}"));
    }
    let rows = format!("unnest({}) AS given ({})", arrays.join(", "), names.join(", "));
    let spoken = spoken.replace('$', "given.p");
    let parts = |by: &str| spoken.rsplit_once(by).unwrap_or((&spoken, ""));
    let writing = if spoken.starts_with("INSERT ") {
        let (into, values) = parts("VALUES (");
        let (values, end) = values.split_once(')').unwrap_or((values, ""));
        format!("{into} SELECT {values} FROM {rows} {end}")
    } else {
        let (change, condition) = parts("WHERE ");
        let from = if change.starts_with("DELETE ") { "USING" } else { "FROM" };
        format!("{change} {from} {rows} WHERE {condition}")
    };
    if !is_exact {
        return writing;
    }
    format!(
        "WITH written AS ({writing} RETURNING 1)
         SELECT 1 / CAST(count(*) = cardinality($1) AS integer) FROM written"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_said_in_the_words_of_postgresql() {
        for (ours, theirs) in [
            ("a = ?2 AND b = ?1", "a = $2 AND b = $1"),
            ("a = ? AND b = ?", "a = $1 AND b = $2"),
            ("a = '?' AND b = ?", "a = '?' AND b = $1"),
            (
                "FROM gate INDEXED BY gate_open WHERE a IN (?)",
                "FROM gate  WHERE a IN ($1)",
            ),
            ("d ->> '$.at' >= ?", "d ->> 'at' >= $1"),
            ("d ->> '$.via.surface' = 'timer'", "d -> 'via' ->> 'surface' = 'timer'"),
            ("d -> '$.context.labels'", "d -> 'context' -> 'labels'"),
            (
                "CASE WHEN json_valid(document) THEN document ->> '$.at' END",
                "CASE WHEN TRUE THEN document ->> 'at' END",
            ),
            (
                "IN (SELECT value FROM json_each(?1))",
                "= ANY (ARRAY(SELECT json_array_elements_text($1)))",
            ),
            (
                "FROM json_each(d -> '$.labels') WHERE key = ?",
                "FROM json_each_text(d -> 'labels') WHERE key = $1",
            ),
        ] {
            assert_eq!(spoken(ours), theirs);
        }
    }

    #[test]
    fn a_statement_is_said_for_many_rows_at_once() {
        let types = [Type::TEXT, Type::INT8];
        let given = "unnest($1::text[], $2::int8[]) AS given (p1, p2)";
        for (one, many) in [
            (
                "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                format!("INSERT INTO t (a, b)  SELECT given.p1, given.p2 FROM {given}  ON CONFLICT DO NOTHING"),
            ),
            (
                "UPDATE t SET b = $2 WHERE a = $1 AND c",
                format!("UPDATE t SET b = given.p2  FROM {given} WHERE a = given.p1 AND c"),
            ),
            (
                "DELETE FROM t WHERE a = $1 AND b < $2",
                format!("DELETE FROM t  USING {given} WHERE a = given.p1 AND b < given.p2"),
            ),
        ] {
            assert_eq!(for_many(one, &types, false), many);
            assert!(for_many(one, &types, true).contains(&format!("({many} RETURNING 1)")));
        }
    }
}
