//! Reads Rust source as far as the tidy tests need: what is code, comment or literal, and what is a test.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

/// A part of a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Code,
    Comment,
    Literal,
}

/// The folder of the package.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the package, with `/` in their paths, in order; build results left out.
pub(crate) fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let is_hidden = path.file_name().is_some_and(|name| name == "target" || name == ".git");
            match path.is_dir() {
                true if is_hidden => {}
                true => folders.push(path),
                false => found.push(relative(&path)),
            }
        }
    }
    found.sort();
    found
}

/// Those with an extension.
pub(crate) fn files_with(folder: &str, extension: &str) -> Vec<String> {
    let has = |path: &String| Path::new(path).extension().is_some_and(|found| found == extension);
    files(folder).into_iter().filter(has).collect()
}

fn relative(path: &Path) -> String {
    let parts = path.strip_prefix(root()).unwrap().iter();
    parts.collect::<PathBuf>().to_str().unwrap().replace('\\', "/")
}

/// The text of a file of the package.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("`{path}` cannot be read: {error}"))
}

/// The text with all but one part blanked, byte for byte, so that lines and offsets stay.
pub(crate) fn only(text: &str, part: Part) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, found) = token(rest, text.get(..at).and_then(|before| before.chars().next_back()));
        let token = rest.get(..length).unwrap();
        kept += &if found == part { token.to_owned() } else { blank(token) };
        at += length;
    }
    kept
}

fn blank(text: &str) -> String {
    text.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect()
}

/// The length of the token at the beginning, and what it is; `before` stands in front of it.
fn token(rest: &str, before: Option<char>) -> (usize, Part) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Part::Comment);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), Part::Comment);
    }
    if rest.starts_with('"') {
        return (quoted(rest), Part::Literal);
    }
    let in_word = before.is_some_and(is_word);
    if let Some(length) = raw_string(rest).filter(|_| !in_word) {
        return (length, Part::Literal);
    }
    if let Some(length) = character(rest) {
        return (length, Part::Literal);
    }
    (rest.chars().next().map_or(1, char::len_utf8), Part::Code)
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let step = rest.as_bytes().get(at..at + 2);
        match step {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let after = rest.get(prefix.len()..)?;
    let n_hashes = after.bytes().take_while(|b| *b == b'#').count();
    let inner = after.get(n_hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(n_hashes));
    let length = inner.find(&end).map_or(inner.len(), |at| at + end.len());
    Some(prefix.len() + n_hashes + 1 + length)
}

/// A character literal; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let mut inner = rest.strip_prefix('\'')?.chars();
    let first = inner.next()?;
    if first == '\\' {
        let skipped = 2 + inner.next()?.len_utf8();
        return rest.get(skipped..)?.find('\'').map(|at| skipped + at + 1);
    }
    (inner.next()? == '\'').then_some(1 + first.len_utf8() + 1)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where code stands that is compiled for tests only; `code` is what [`only`] leaves.
pub(crate) fn test_ranges(code: &str) -> Vec<Range<usize>> {
    const MARK: &str = "#[cfg(test)]";
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (start, _) in code.match_indices(MARK) {
        if ranges.last().is_none_or(|last| last.end <= start) {
            let end = start + MARK.len();
            ranges.push(start..end + item(code.get(end..).unwrap()));
        }
    }
    ranges
}

/// The length of the item at the beginning: to its `;`, or to the end of its block.
fn item(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 && (c == ';' || c == '}') {
            return at + 1;
        }
    }
    code.len()
}

/// The same text with some ranges blanked.
pub(crate) fn without(text: &str, ranges: &[Range<usize>]) -> String {
    let mut text = text.to_owned();
    for range in ranges {
        let blanked = blank(text.get(range.clone()).unwrap());
        text.replace_range(range.clone(), &blanked);
    }
    text
}

/// The lines, from 1, in which a word stands as a whole: `spawn` is not in `spawn_blocking`.
pub(crate) fn lines_with(text: &str, word: &str) -> Vec<usize> {
    let open = |at: Option<char>, edge: Option<char>| !(edge.is_some_and(is_word) && at.is_some_and(is_word));
    let whole = |at: usize| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        open(before, word.chars().next()) && open(after, word.chars().next_back())
    };
    let hits = text.match_indices(word).filter(|(at, _)| whole(*at));
    hits.map(|(at, _)| text.get(..at).unwrap().matches('\n').count() + 1).collect()
}

#[test]
fn code_comments_and_literals_are_told_apart() {
    let text = concat!(
        "let a = \"x // \\\" y\"; // note \"q\"\n",
        "/* one /* two */ sqlx */ let b = r#\"raw \" text\"# ;\n",
        "fn c<'a>(d: &'a str) -> char { '\\'' }\n",
        "let e = ['\"', '江', b'\\\\']; let for_r = other\"s\";",
    );
    let words = |part| only(text, part).split_whitespace().collect::<Vec<_>>().join(" ");
    let code = words(Part::Code);
    assert_eq!(
        code,
        "let a = ; let b = ; fn c<'a>(d: &'a str) -> char { } let e = [ , , b ]; let for_r = other ;"
    );
    assert_eq!(words(Part::Comment), "// note \"q\" /* one /* two */ sqlx */");
    assert_eq!(words(Part::Literal), "\"x // \\\" y\" r#\"raw \" text\"# '\\'' '\"' '江' '\\\\' \"s\"");
    assert_eq!(only(text, Part::Code).len(), text.len());
}

#[test]
fn what_is_compiled_for_tests_only_is_found() {
    let check = |text: &str, expected: &str| {
        let code = only(text, Part::Code);
        let left = without(&code, &test_ranges(&code));
        assert_eq!(left.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{text}");
    };
    check("a();\n#[cfg(test)]\nmod tests;\nb();", "a(); b();");
    check("a();\n#[cfg(test)]\nmod tests { fn c() { \"}\" } }\nb();", "a(); b();");
    check("#[cfg(test)]\n#[expect(x)]\nconst A: [u8; 2] = [1; 2]; b();", "b();");
    check("#[cfg(test)] mod a { #[cfg(test)] mod b {} } c();", "c();");
}

#[test]
fn words_are_found_whole_with_their_lines() {
    assert_eq!(lines_with("a spawn(\n spawn_blocking\nrespawn\n\ntask::spawn", "spawn"), [1, 5]);
    assert_eq!(lines_with("x.await;\n x.awaited; y.await", ".await"), [1, 2]);
    assert_eq!(lines_with("println!(\neprintln!(", "println!"), [1]);
}
