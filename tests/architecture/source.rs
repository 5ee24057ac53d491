//! A source file without what the rules do not concern: comments, texts, and test code.

/// A source file, reduced to its code. Lines keep their numbers.
pub struct Source {
    /// Its path below `src`.
    pub name: String,
    /// The path of its module: `ledger/import.rs` is `[ledger, import]`.
    pub module: Vec<String>,
    /// Its code.
    pub code: String,
}

impl Source {
    /// Reduces the text of a file.
    pub fn new(name: &str, text: &str) -> Self {
        let stem = name.strip_suffix(".rs").unwrap_or(name);
        let mut module: Vec<String> = stem.split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|it| it == "mod") {
            module.pop();
        }
        Self {
            name: name.to_owned(),
            module,
            code: without_tests(&without_words(text)),
        }
    }

    /// The first part of its path.
    pub fn room(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    /// A file that is only built for tests.
    pub fn is_test(&self) -> bool {
        self.module.iter().any(|part| part == "tests")
    }

    /// Whether it lies in a room or part of one, given as `tui::view`.
    pub fn is_in(&self, place: &str) -> bool {
        let place: Vec<&str> = place.split("::").collect();
        self.module.len() >= place.len() && self.module.iter().zip(&place).all(|(a, b)| a == b)
    }
}

/// Blanks comments and the inside of texts.
fn without_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = word_length(rest);
        if length == 0 {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().filter(|it| *it == '\n'));
            rest = &rest[length..];
        }
    }
    out
}

/// The length of the comment, text or character that starts here; 0 if none does.
fn word_length(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if let Some(after) = rest.strip_prefix("r#\"") {
        return after.find("\"#").map_or(rest.len(), |end| end + 5);
    }
    if rest.starts_with("'\"'") || rest.starts_with("'{'") || rest.starts_with("'}'") {
        return 3;
    }
    match rest.strip_prefix('"') {
        Some(after) => text_length(after) + 1,
        None => 0,
    }
}

/// Up to and with the quote that ends a text.
fn text_length(after: &str) -> usize {
    let mut escaped = false;
    for (at, it) in after.char_indices() {
        match it {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    after.len()
}

/// Cuts every item that follows `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some((before, after)) = rest.split_once("#[cfg(test)]") {
        out.push_str(before);
        let length = item_length(after);
        out.extend(after[..length].chars().filter(|it| *it == '\n'));
        rest = &after[length..];
    }
    out + rest
}

/// Up to the `;` or the brace that ends an item.
fn item_length(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, it) in code.char_indices() {
        match it {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

#[test]
fn only_code_is_left() {
    let text = "//! rusqlite\nlet a = \"f64 // \\\" x\"; // Utc::now\n#[cfg(test)]\nmod tests { use axum; }\nlet b = 1;\n";
    let source = Source::new("desk/import/mod.rs", text);
    assert_eq!(source.module, ["desk", "import"]);
    assert_eq!(source.code.lines().count(), text.lines().count());
    for word in ["rusqlite", "f64", "Utc", "axum", "x"] {
        assert!(!source.code.contains(word), "{word}");
    }
    assert!(source.code.contains("let b = 1;"));
}
