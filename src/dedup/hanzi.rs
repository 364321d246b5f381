//! Traditional characters to simplified ones, character by character.

/// First code point of the table: CJK Unified Ideographs.
const FIRST: u32 = 0x4e00;
/// Code points in the table.
const N_CODE_POINTS: usize = 0x5200;

/// The simplified form of each character, by code point.
#[derive(Debug, Clone)]
pub(super) struct Hanzi {
    simplified: Vec<u16>,
}

impl Hanzi {
    /// Reads pairs: two characters a word, the traditional one first; lines that begin with `#` are comments.
    pub(super) fn parse(text: &str) -> Self {
        let mut simplified = vec![0; N_CODE_POINTS];
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for word in lines.flat_map(str::split_whitespace) {
            let mut chars = word.chars();
            let (Some(from), Some(to), None) = (chars.next(), chars.next(), chars.next()) else { continue };
            if let (Some(slot), Ok(to)) =
                (slot(from).and_then(|at| simplified.get_mut(at)), u16::try_from(u32::from(to)))
            {
                *slot = to;
            }
        }
        Self { simplified }
    }

    /// The simplified form; characters that have none are their own.
    pub(super) fn simplified(&self, c: char) -> char {
        let found = slot(c).and_then(|at| self.simplified.get(at)).filter(|to| **to != 0);
        found.and_then(|to| char::from_u32(u32::from(*to))).unwrap_or(c)
    }
}

fn slot(c: char) -> Option<usize> {
    u32::from(c).checked_sub(FIRST).and_then(|at| usize::try_from(at).ok()).filter(|at| *at < N_CODE_POINTS)
}
