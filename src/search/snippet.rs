//! The part of a text that shows why a search found it, with the words found marked.
//!
//! **Invariant:** pieces are plain text as it stood; whoever shows them escapes them.

use super::{fold::Folded, query::Query};

/// Characters of a snippet.
const MAX_CHARS: usize = 120;
/// Characters shown before the first word found.
const LEAD_CHARS: usize = 24;
/// Places of one phrase that are looked at.
const MAX_PLACES: usize = 64;
/// Bytes of a text that are looked at.
const MAX_BYTES: usize = 100_000;

/// A piece of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Plain text.
    pub text: String,
    /// Whether it is what was searched for.
    pub is_hit: bool,
}

/// Marks what was found in all of a text, as in a title.
pub fn marked(text: &str, query: &Query) -> Vec<Piece> {
    let text = bounded(text);
    pieces(text, 0, text.len(), &places(text, query))
}

/// Cuts the part of a text out that holds most of what was found; its beginning when it holds nothing.
pub fn snippet(text: &str, query: &Query) -> Vec<Piece> {
    let text = bounded(text);
    let places = places(text, query);
    let start = best_start(text, &places);
    let from = back(text, start, LEAD_CHARS);
    let to = text
        .get(from..)
        .and_then(|rest| rest.char_indices().nth(MAX_CHARS))
        .map_or(text.len(), |(n, _)| from + n);
    let mut cut = pieces(text, from, to, &places);
    let dots = || Piece { text: "…".into(), is_hit: false };
    if from > 0 {
        cut.insert(0, dots());
    }
    if to < text.len() {
        cut.push(dots());
    }
    for piece in &mut cut {
        piece.text = one_line(&piece.text);
    }
    cut
}

fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text)
}

/// Where what is wanted stands, in order and without overlaps, each with the number of its phrase.
fn places(text: &str, query: &Query) -> Vec<(usize, usize, usize)> {
    let folded = Folded::of(text);
    let wanted = query.wanted().iter().enumerate();
    let mut found: Vec<(usize, usize, usize)> = wanted
        .flat_map(|(n, phrase)| {
            folded.find(phrase.as_str(), MAX_PLACES).into_iter().map(move |(start, end)| (start, end, n))
        })
        .collect();
    found.sort_unstable();
    let mut end = 0;
    found.retain(|place| {
        let is_free = place.0 >= end;
        if is_free {
            end = place.1;
        }
        is_free
    });
    found
}

/// The start of the place from which a snippet shows most phrases.
fn best_start(text: &str, places: &[(usize, usize, usize)]) -> usize {
    let reach = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.char_indices().nth(MAX_CHARS - LEAD_CHARS).map_or(rest.len(), |(n, _)| n)
    };
    let worth = |i: usize, start: usize| {
        let end = reach(start);
        let shown = places.get(i..).unwrap_or_default().iter().take_while(|place| place.1 <= end);
        // Bits, since a query has fewer phrases than those.
        let (phrases, n) = shown.fold((0_u64, 0_usize), |(set, n), place| (set | 1 << (place.2 % 64), n + 1));
        (phrases.count_ones(), n)
    };
    let starts = places.iter().enumerate().take(MAX_PLACES).map(|(i, place)| (worth(i, place.0), place.0));
    // The first of equals.
    let best = starts.fold(None, |best: Option<((u32, usize), usize)>, next| match best {
        Some(best) if best.0 >= next.0 => Some(best),
        _ => Some(next),
    });
    best.map_or(0, |(_, start)| start)
}

/// The place some characters before another one.
fn back(text: &str, at: usize, n_chars: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.char_indices().rev().take(n_chars).last().map_or(at, |(n, _)| n)
}

fn pieces(text: &str, from: usize, to: usize, places: &[(usize, usize, usize)]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut push = |start: usize, end: usize, is_hit: bool| {
        let text = text.get(start..end).unwrap_or_default();
        if !text.is_empty() {
            pieces.push(Piece { text: text.to_owned(), is_hit });
        }
    };
    let mut at = from;
    for &(start, end, _) in places.iter().filter(|place| place.0 >= from && place.1 <= to) {
        push(at, start, false);
        push(start, end, true);
        at = end;
    }
    push(at, to, false);
    pieces
}

/// Paragraphs behind one another.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_whitespace() {
            true if line.ends_with(' ') => {}
            true => line.push(' '),
            false => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces as text, hits in brackets.
    fn shown(pieces: &[Piece]) -> String {
        pieces.iter().map(|p| if p.is_hit { format!("[{}]", p.text) } else { p.text.clone() }).collect()
    }

    #[test]
    fn titles_are_marked_whole() {
        let check = |text: &str, query: &str, expected: &str| {
            assert_eq!(shown(&marked(text, &Query::parse(query))), expected);
        };
        check("江西快遞進村", "快递", "江西[快遞]進村");
        check("<b>快递</b>", "快递 b", "<[b]>[快递]</[b]>");
        check("快递进村", "安全", "快递进村");
        check("快递进村", "快递 递进", "[快递]进村");
        check("", "快递", "");
    }

    #[test]
    fn a_snippet_shows_where_most_was_found() {
        let text =
            format!("{}快递。{}安全，快递\n\n进村。{}", "前".repeat(200), "中".repeat(300), "后".repeat(300));
        let found = shown(&snippet(&text, &Query::parse("快递 安全")));
        assert!(found.starts_with("…中"), "{found}");
        assert!(found.contains("[安全]，[快递] 进村"), "{found}");
        assert!(found.ends_with("后…"), "{found}");
        assert!(found.chars().count() <= MAX_CHARS + 6, "{found}");
        let none = shown(&snippet(&text, &Query::parse("江西")));
        assert!(none.starts_with("前前") && none.ends_with('…'), "{none}");
        assert_eq!(shown(&snippet("短", &Query::parse("长"))), "短");
    }
}
