//! Character shingles: how much of one text stands in another (Broder 1997, containment).

use unicode_normalization::UnicodeNormalization;

/// Characters of a shingle: two to three Chinese words.
const SHINGLE_CHARS: usize = 5;

/// The letters and digits of a text, width and case folded.
pub(super) fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric())
}

/// The set of a text's shingles, as sorted hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shingles {
    hashes: Vec<u32>,
    n_letters: usize,
}

impl Shingles {
    /// The shingles of a text.
    pub fn of(text: &str) -> Self {
        let letters: Vec<char> = letters(text).collect();
        let mut hashes: Vec<u32> = letters.windows(SHINGLE_CHARS).map(hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Self { hashes, n_letters: letters.len() }
    }

    /// Letters and digits of the text.
    pub fn n_letters(&self) -> usize {
        self.n_letters
    }

    /// The share of the smaller set that the larger holds, 0 to 1; 0 when one is empty.
    pub fn containment(&self, other: &Self) -> f64 {
        let (small, large) =
            if self.hashes.len() <= other.hashes.len() { (self, other) } else { (other, self) };
        if small.hashes.is_empty() {
            return 0.0;
        }
        let shared = small.hashes.iter().filter(|hash| large.hashes.binary_search(hash).is_ok()).count();
        f64::from(u32::try_from(shared).unwrap_or(u32::MAX))
            / f64::from(u32::try_from(small.hashes.len()).unwrap_or(u32::MAX))
    }
}

/// FNV-1a (Fowler, Noll, Vo) over code points: short, and the same on every machine.
fn hash(shingle: &[char]) -> u32 {
    shingle.iter().fold(0x811c_9dc5, |hash, c| (hash ^ u32::from(*c)).wrapping_mul(0x0100_0193))
}
