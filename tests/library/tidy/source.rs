//! One file of source in the three forms that the rules read: as written, code without comments and
//! strings, strings alone.

/// A source file. Lines are counted from 1.
pub struct Source {
    /// Path from the package's root.
    pub name: String,
    /// As written.
    pub text: String,
    /// Code of the same shape: comments and the insides of strings and characters are blanks.
    pub code: String,
    /// `code` with test modules (`#[cfg(test)]`) blanked out as well.
    pub code_without_tests: String,
    /// The strings with the lines where they begin, those of tests too.
    pub strings: Vec<(usize, String)>,
}

impl Source {
    /// Takes a file apart.
    pub fn new(name: &str, text: &str) -> Self {
        let (code, strings) = separate(text);
        let code_without_tests = without_tests(&code);
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            code,
            code_without_tests,
            strings,
        }
    }

    /// The module of the file: `crates/patch/src/plan/mod.rs` is `crates`, `patch`, `src`, `plan`.
    pub fn module(&self) -> Vec<&str> {
        let mut parts: Vec<&str> = self.name.trim_end_matches(".rs").split('/').collect();
        if parts.last().is_some_and(|last| matches!(*last, "mod" | "lib" | "main")) {
            parts.pop();
        }
        parts
    }

    /// The files, as paths of modules, that this one declares under `#[cfg(test)]`.
    pub fn test_modules(&self) -> Vec<String> {
        let mut modules = Vec::new();
        for (at, cfg) in self.code.match_indices("#[cfg(test)]") {
            let declared = &self.code[at + cfg.len()..];
            let declared = &declared[..declared.find([';', '{']).unwrap_or(declared.len())];
            let Some((_, name)) = declared.rsplit_once("mod ") else {
                continue;
            };
            let mut path = self.module();
            path.push(name.trim());
            modules.push(path.join("/"));
            // `#[path = "file.rs"]`: the file lies beside this one; its name is the only string of
            // the declaration.
            let from = Self::line_at(&self.code, at);
            let to = from + declared.matches('\n').count();
            for (_, file) in self.strings.iter().filter(|(line, _)| (from..=to).contains(line)) {
                let mut path = self.module();
                if !self.name.ends_with("/mod.rs") {
                    path.pop();
                }
                path.push(file.trim_end_matches(".rs"));
                modules.push(path.join("/"));
            }
        }
        modules
    }

    /// Takes the whole file for a test.
    pub fn set_test(&mut self) {
        self.code_without_tests = self.code.chars().map(blank).collect();
    }

    /// The line of a byte offset in any of the forms, which share their line ends.
    pub fn line_at(form: &str, offset: usize) -> usize {
        form[..offset].matches('\n').count() + 1
    }
}

fn blank(character: char) -> char {
    if character == '\n' { '\n' } else { ' ' }
}

fn separate(text: &str) -> (String, Vec<(usize, String)>) {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut strings = Vec::new();
    let mut at = 0;
    let mut line = 1;
    while at < characters.len() {
        let rest = &characters[at..];
        let previous = at.checked_sub(1).map(|before| characters[before]);
        let is_in_word = previous.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let length = if rest.starts_with(&['/', '/']) {
            rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())
        } else if rest.starts_with(&['/', '*']) {
            block_comment_length(rest)
        } else if let Some((inside_from, inside_to, length)) = string_extent(rest, is_in_word) {
            strings.push((line, rest[inside_from..inside_to].iter().collect()));
            length
        } else if let Some(length) = character_length(rest) {
            length
        } else {
            code.push(rest[0]);
            line += usize::from(rest[0] == '\n');
            at += 1;
            continue;
        };
        let gone = &rest[..length];
        code.extend(gone.iter().copied().map(blank));
        line += gone.iter().filter(|c| **c == '\n').count();
        at += length;
    }
    (code, strings)
}

fn block_comment_length(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at.min(rest.len())
}

/// Where the inside of a string at the start of `rest` begins and ends, and the length of all of
/// it.
fn string_extent(rest: &[char], is_in_word: bool) -> Option<(usize, usize, usize)> {
    let mut prefix = 0;
    while !is_in_word && prefix < 2 && matches!(rest.get(prefix), Some('b' | 'c' | 'r')) {
        prefix += 1;
    }
    let is_raw = prefix > 0 && rest[prefix - 1] == 'r';
    let hashes = rest[prefix..].iter().take_while(|c| is_raw && **c == '#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&'"') {
        return None;
    }
    let mut at = open + 1;
    while at < rest.len() {
        if rest[at] == '\\' && !is_raw {
            at += 2;
        } else if rest[at] == '"' && rest[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return Some((open + 1, at, at + 1 + hashes));
        } else {
            at += 1;
        }
    }
    Some((open + 1, rest.len(), rest.len()))
}

/// The length of a character literal; none for a lifetime.
fn character_length(rest: &[char]) -> Option<usize> {
    if rest.first() != Some(&'\'') {
        return None;
    }
    if rest.get(1) == Some(&'\\') {
        // From the third: the escaped character may itself be a quote.
        return rest.iter().skip(3).position(|c| *c == '\'').map(|at| at + 4);
    }
    (rest.get(2) == Some(&'\'')).then_some(3)
}

/// Blanks out every item under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut left = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(found) = rest.find("#[cfg(test)]") {
        left.push_str(&rest[..found]);
        let item = &rest[found..];
        let length = item_length(item);
        left.extend(item[..length].chars().map(blank));
        rest = &item[length..];
    }
    left.push_str(rest);
    left
}

/// Up to the `;` or the closing brace of the item.
fn item_length(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in item.char_indices() {
        match character {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    item.len()
}

#[test]
fn comments_strings_and_characters_are_no_code() {
    let source = Source::new(
        "src/a.rs",
        "let a = \"use tokio\"; // use tokio\n/* a /* b */ tokio */ let c = '\"'; let d: &'static str = r#\"x\"y\"#;\nlet e = '\\'';",
    );
    assert!(!source.code.contains("tokio"), "{}", source.code);
    assert!(source.code.contains("&'static str"), "{}", source.code);
    assert_eq!(source.strings, [(1, "use tokio".to_owned()), (2, "x\"y".to_owned())]);
    assert_eq!(source.code.lines().count(), 3);
}

#[test]
fn test_modules_are_left_out_and_lines_stay() {
    let source = Source::new(
        "src/a.rs",
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { {} }\n}\nfn c() {}\n#[cfg(test)]\nuse x::y;\nfn d() {}\n",
    );
    assert!(
        !source.code_without_tests.contains("fn b"),
        "{}",
        source.code_without_tests
    );
    assert!(
        !source.code_without_tests.contains("use x"),
        "{}",
        source.code_without_tests
    );
    assert!(source.code_without_tests.contains("fn c() {}"));
    let offset = source.code_without_tests.find("fn d").expect("it is no test");
    assert_eq!(Source::line_at(&source.code_without_tests, offset), 9);
}

#[test]
fn files_that_are_tests_are_known_by_their_declarations() {
    let text =
        "mod a;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[path = \"b_tests.rs\"]\nmod c;\n#[cfg(test)]\nuse d::e;\n";
    assert_eq!(
        Source::new("src/gate/mod.rs", text).test_modules(),
        ["src/gate/tests", "src/gate/c", "src/gate/b_tests"]
    );
    assert_eq!(
        Source::new("src/gate/open.rs", text).test_modules(),
        ["src/gate/open/tests", "src/gate/open/c", "src/gate/b_tests"]
    );
    let mut tests = Source::new("src/gate/tests.rs", "use tokio::x;");
    tests.set_test();
    assert_eq!(tests.code_without_tests.trim(), "");
}
