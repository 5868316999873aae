//! Source files of the project as text, for the rules in `tidy`.

use std::fs;
use std::path::{Path, PathBuf};

/// Rust source file.
pub(crate) struct SourceFile {
    /// Path within the project, with `/`.
    pub path: String,
    /// Text of the file.
    pub text: String,
    /// The same bytes with comments and the inside of strings blanked, so that positions stay the
    /// same.
    pub code: String,
    /// As `code`, with the test modules blanked too.
    pub product: String,
    /// Lines outside test modules.
    pub product_lines: usize,
}

/// The project's folder.
pub(crate) fn project_root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_path_buf()
}

/// Returns all files under `folder` whose name has this ending, in path order, without build
/// output.
pub(crate) fn project_files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk_folder(&project_root().join(folder), &mut found);
    found.sort();
    let name = |path: &Path| {
        let inner = path.strip_prefix(project_root()).unwrap();
        inner.to_string_lossy().replace('\\', "/")
    };
    found
        .iter()
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .filter_map(|path| Some((name(path), fs::read_to_string(path).ok()?)))
        .collect()
}

/// Returns all Rust files under `folder`.
pub(crate) fn rust_sources(folder: &str) -> Vec<SourceFile> {
    project_files(folder, ".rs")
        .into_iter()
        .map(|(path, text)| SourceFile::new(path, text))
        .collect()
}

fn walk_folder(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        // Build output and seeds of the fuzzer hold files that no person wrote.
        let skipped = ["target", ".git", "__pycache__", "corpus"];
        if skipped.iter().any(|skip| name == *skip) {
            continue;
        }
        if path.is_dir() {
            walk_folder(&path, found);
        } else {
            found.push(path);
        }
    }
}

impl SourceFile {
    /// Reads a file's text.
    pub(crate) fn new(path: String, text: String) -> Self {
        let code = blank_comments(&text);
        let named = path.ends_with("tests.rs") || path.contains("/tests/");
        let is_test = path.contains("/src/") && named;
        let tests = if is_test {
            vec![(0, text.len())]
        } else {
            test_parts(&code)
        };
        let mut product = code.as_bytes().to_vec();
        for (from, to) in &tests {
            clear_bytes(&mut product, *from, *to);
        }
        let product = String::from_utf8(product).unwrap();
        let test_lines: usize = tests
            .iter()
            .map(|(a, b)| text[*a..*b].lines().count())
            .sum();
        let product_lines = text.lines().count() - test_lines;
        Self {
            path,
            text,
            code,
            product,
            product_lines,
        }
    }

    /// Returns the text without the inside of strings, that is, the part that can be broken into
    /// lines.
    pub(crate) fn breakable_text(&self) -> String {
        let mut form = String::new();
        let mut from = 0;
        for (open, inside) in string_literals(&self.code, &self.text) {
            form.push_str(&self.text[from..=open]);
            from = open + 1 + inside.len();
            form.extend(inside.chars().filter(|c| *c == '\n'));
        }
        form.push_str(&self.text[from..]);
        form
    }

    /// Returns `path:line` of a byte.
    pub(crate) fn place_of(&self, at: usize) -> String {
        format!("{}:{}", self.path, line_of(&self.text, at))
    }

    /// Returns the top-level module of `gateway/src` that the file belongs to.
    pub(crate) fn room_name(&self) -> &str {
        let inner = self.path.strip_prefix("gateway/src/").unwrap_or_default();
        let first = inner.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Returns the string literals of the product's code, with their positions.
    pub(crate) fn literals(&self) -> Vec<(usize, &str)> {
        string_literals(&self.product, &self.text)
    }

    /// Returns name, first byte and lines of code (without comments and texts) of every function
    /// with a body.
    pub(crate) fn functions(&self) -> Vec<(&str, usize, usize)> {
        word_places(&self.code, "fn")
            .filter_map(|at| {
                let rest = &self.code[at + 2..];
                let name = rest.trim_start();
                let end = name.find(|c: char| !c.is_alphanumeric() && c != '_')?;
                let body = rest.find(['{', ';']).map(|body| body + at + 2)?;
                if end == 0 || self.code.as_bytes()[body] == b';' {
                    return None;
                }
                let last = closing_bracket(&self.code, body)?;
                let said = self.code[at..=last].lines();
                let lines = said.filter(|line| !line.trim().is_empty()).count();
                Some((&name[..end], at, lines))
            })
            .collect()
    }
}

/// Returns the positions of the opening quotes in `code`, with the text between the quotes in
/// `text`.
fn string_literals<'a>(code: &str, text: &'a str) -> Vec<(usize, &'a str)> {
    let quotes: Vec<usize> = code.match_indices('"').map(|(at, _)| at).collect();
    let pairs = quotes.chunks_exact(2);
    pairs
        .map(|pair| (pair[0], &text[pair[0] + 1..pair[1]]))
        .collect()
}

/// Returns the line number, from 1, of a byte.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Returns the positions of `word` in `code` as a whole word.
pub(crate) fn word_places<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            let bytes = code.as_bytes();
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            !part(before) && !part(bytes.get(at + word.len()))
        })
}

/// Returns the position of the bracket that closes the one at `open`.
pub(crate) fn closing_bracket(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Returns start and end of the items under `#[cfg(test)]`.
fn test_parts(code: &str) -> Vec<(usize, usize)> {
    let part = |at: usize| {
        let end = code[at..].find(['{', ';'])? + at;
        let last = closing_bracket(code, end).filter(|last| *last > end);
        Some((at, last.unwrap_or(end) + 1))
    };
    code.match_indices("#[cfg(test)]")
        .filter_map(|(at, _)| part(at))
        .collect()
}

/// Blanks comments and the inside of strings and characters.
fn blank_comments(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        let (skip, end) = match rest[0] {
            b'/' if rest.starts_with(b"//") => (0, at + find_bytes(rest, b"\n", 2)),
            b'/' if rest.starts_with(b"/*") => (0, at + find_bytes(rest, b"*/", 2) + 2),
            b'"' => (1, at + string_length(rest)),
            b'r' if raw_string_hashes(text.as_bytes(), at).is_some() => {
                let hashes = raw_string_hashes(text.as_bytes(), at).unwrap_or_default();
                let close = [b"\"".to_vec(), vec![b'#'; hashes]].concat();
                (2 + hashes, at + find_bytes(rest, &close, 2 + hashes))
            }
            b'\'' if rest.get(1) == Some(&b'\\') => (1, at + find_bytes(rest, b"'", 3)),
            b'\'' => match text[at + 1..].chars().next() {
                Some(c) if rest.get(1 + c.len_utf8()) == Some(&b'\'') => (1, at + 1 + c.len_utf8()),
                _ => (1, at + 1),
            },
            _ => (1, at + 1),
        };
        let end = end.min(bytes.len());
        clear_bytes(&mut bytes, at + skip, end);
        let closed = matches!(bytes.get(end), Some(b'"' | b'\'')) && end > at + 1 || {
            rest[0] == b'"' && end == at + 1
        };
        at = if closed { end + 1 } else { end.max(at + 1) };
    }
    String::from_utf8(bytes).unwrap()
}

/// Returns the length of a string literal, closing quote included.
fn string_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    at
}

/// Returns the number of hash signs of a raw string that starts here.
fn raw_string_hashes(bytes: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).map(|at| bytes[at]);
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if before.is_some_and(|b| word(b) && b != b'b') {
        return None;
    }
    let hashes = bytes[at + 1..].iter().take_while(|b| **b == b'#').count();
    (bytes.get(at + 1 + hashes) == Some(&b'"')).then_some(hashes)
}

fn find_bytes(bytes: &[u8], what: &[u8], from: usize) -> usize {
    let from = from.min(bytes.len());
    let hit = bytes[from..]
        .windows(what.len())
        .position(|part| part == what);
    hit.map_or(bytes.len(), |at| at + from)
}

fn clear_bytes(bytes: &mut [u8], from: usize, to: usize) {
    for byte in bytes.iter_mut().take(to).skip(from) {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

#[test]
fn comments_strings_and_test_modules_are_not_code() {
    let text = "fn a() { \"x // {\"; r#\"y\"\"#; '\"'; '\\''; b\"\" } // gone {\n\
                /* gone */ fn b<'a>(x: &'a str) -> char { 'c' }\n\
                #[cfg(test)]\nmod tests {\n fn c() {}\n}\nfn d();\n";
    let source = SourceFile::new("gateway/src/read/x.rs".into(), text.into());
    assert_eq!(source.code.len(), text.len());
    assert!(!source.code.contains("gone") && !source.code.contains('y'));
    assert!(source.code.contains("fn b<'a>(x: &'a str) -> char { ' ' }"));
    assert!(!source.product.contains("fn c") && source.product.contains("fn d"));
    let names: Vec<_> = source.functions().iter().map(|f| f.0).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(source.room_name(), "read");
    let literals: Vec<_> = source.literals().iter().map(|l| l.1).collect();
    assert_eq!(literals[0], "x // {");
}
