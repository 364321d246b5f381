//! Cuts a text into the tokens that times are written with, and walks over them.

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A whole run of digits: a date is never found inside a longer number.
    Number { value: u64, digits: usize },
    /// A run of ASCII letters.
    Word(&'a str),
    /// A run of white space.
    Space,
    /// Any other character; all dashes are `-`.
    Mark(char),
}

/// Cuts a text into tokens.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_kind: fn(char) -> bool = match first {
            c if c.is_ascii_digit() => |c| c.is_ascii_digit(),
            c if c.is_ascii_alphabetic() => |c| c.is_ascii_alphabetic(),
            c if c.is_whitespace() => char::is_whitespace,
            _ => |_| false,
        };
        let run = rest.find(|c| !is_kind(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (text, after) = rest.split_at(run);
        rest = after;
        tokens.push(match first {
            c if c.is_ascii_digit() => Token::Number { value: text.parse().unwrap_or(u64::MAX), digits: run },
            c if c.is_ascii_alphabetic() => Token::Word(text),
            c if c.is_whitespace() => Token::Space,
            // Marks of direction and of no width are not seen by the writer either.
            '\u{200b}'..='\u{200f}' | '\u{feff}' => continue,
            '\u{2010}'..='\u{2015}' | '\u{2212}' => Token::Mark('-'),
            '\u{2236}' => Token::Mark(':'),
            c => Token::Mark(c),
        });
    }
    tokens
}

/// A place between tokens. Methods return what stands there and the place after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t> {
    tokens: &'t [Token<'t>],
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(tokens: &'t [Token<'t>], at: usize) -> Self {
        Self { tokens, at }
    }

    fn peek(self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn next(self) -> Self {
        Self { at: self.at + 1, ..self }
    }

    /// A number of any length, with how many digits it has.
    pub(super) fn any_number(self) -> Option<(u64, usize, Self)> {
        match self.peek()? {
            Token::Number { value, digits } => Some((value, digits, self.next())),
            _ => None,
        }
    }

    /// A number of `min` to `max` digits.
    pub(super) fn number(self, min: usize, max: usize) -> Option<(u64, Self)> {
        self.any_number()
            .filter(|(_, digits, _)| (min..=max).contains(digits))
            .map(|(value, _, next)| (value, next))
    }

    pub(super) fn word(self) -> Option<(&'t str, Self)> {
        match self.peek()? {
            Token::Word(word) => Some((word, self.next())),
            _ => None,
        }
    }

    /// Any of some characters.
    pub(super) fn mark(self, marks: &str) -> Option<(char, Self)> {
        match self.peek()? {
            Token::Mark(mark) if marks.contains(mark) => Some((mark, self.next())),
            _ => None,
        }
    }

    /// All characters of a string, none of them a letter or digit of ASCII.
    pub(super) fn phrase(self, phrase: &str) -> Option<Self> {
        let mut cursor = self;
        for c in phrase.chars() {
            cursor = match cursor.peek()? {
                Token::Mark(mark) if mark == c => cursor.next(),
                _ => return None,
            };
        }
        Some(cursor)
    }

    /// The place after white space, if there is any.
    pub(super) fn space(self) -> Self {
        if self.peek() == Some(Token::Space) { self.next() } else { self }
    }

    /// The place after any of some characters, if there is one.
    pub(super) fn skip(self, marks: &str) -> Self {
        self.mark(marks).map_or(self, |(_, next)| next)
    }

    /// Whether one of some characters stands just before.
    pub(super) fn follows(self, marks: &str) -> bool {
        let before = self.at.checked_sub(1).map(|at| self.tokens[at]);
        matches!(before, Some(Token::Mark(mark)) if marks.contains(mark))
    }

    /// Whether nothing but closing brackets and white space follows.
    pub(super) fn is_end(self) -> bool {
        self.tokens[self.at.min(self.tokens.len())..]
            .iter()
            .all(|token| matches!(token, Token::Space | Token::Mark(']' | ')' | '】' | '〕' | '」')))
    }

    /// The place after a label such as `发布时间:`, and after opening brackets.
    pub(super) fn after_label(self) -> Self {
        let is_label = |token: &Token<'_>| !matches!(token, Token::Number { .. } | Token::Mark(':'));
        let label = self.tokens.iter().take_while(|token| is_label(token)).count();
        let start = if self.tokens.get(label) == Some(&Token::Mark(':')) { label + 1 } else { 0 };
        let is_opening =
            |token: &&Token<'_>| matches!(token, Token::Space | Token::Mark('[' | '(' | '【' | '〔' | '「'));
        let opening = self.tokens[start..].iter().take_while(is_opening).count();
        Self { at: start + opening, ..self }
    }

    /// Whether the number here continues one before it: `0791-2026`, `1.2026`.
    pub(super) fn continues_a_number(self) -> bool {
        let before = |n: usize| self.at.checked_sub(n).map(|at| self.tokens[at]);
        matches!(before(1), Some(Token::Mark('-' | '.' | '/')))
            && matches!(before(2), Some(Token::Number { .. }))
    }
}
