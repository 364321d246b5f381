//! Character shingles: how much of one text stands in another (Broder 1997, resemblance and containment).

/// Characters of a shingle: two to three Chinese words.
pub const SHINGLE_CHARS: usize = 5;
/// One shingle in so many goes into the index of candidates.
pub const SAMPLED: u32 = 4;
/// Letters of a text that are looked at.
pub(super) const MAX_LETTERS: usize = 20_000;

/// The letters and digits of a text, and `%` and `.` where they belong to a figure.
pub(super) fn letters(text: &str) -> Vec<char> {
    let mut letters = Vec::with_capacity(text.len() / 3);
    let mut chars = text.chars().peekable();
    let mut before_is_digit = false;
    while let Some(c) = chars.next() {
        let point = c == '.' && before_is_digit && chars.peek().is_some_and(char::is_ascii_digit);
        if is_letter(c) || point || (c == '%' && before_is_digit) {
            letters.push(c);
            if letters.len() >= MAX_LETTERS {
                break;
            }
        }
        before_is_digit = c.is_ascii_digit();
    }
    letters
}

fn is_letter(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '0'..='9' | 'a'..='z') || c.is_alphanumeric()
}

/// The hash of each run of [`SHINGLE_CHARS`] letters, in the text's order.
pub(super) fn hashes(letters: &[char]) -> impl Iterator<Item = u32> + '_ {
    letters.windows(SHINGLE_CHARS).map(hash)
}

/// The hash of a few characters: multiplicative, its upper half, the same on every machine.
pub(super) fn hash(chars: &[char]) -> u32 {
    let mixed = chars.iter().fold(0x9e37_79b9_7f4a_7c15_u64, |hash, c| {
        (hash ^ u64::from(u32::from(*c))).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(29)
    });
    u32::try_from((mixed.wrapping_mul(0x2545_f491_4f6c_dd1d)) >> 32).unwrap_or_default()
}

/// The hash of some bytes of a kind, the same on every machine.
pub(super) fn hash_of_bytes(kind: u8, bytes: &[u8]) -> u32 {
    let mixed = bytes.iter().fold(u64::from(kind) ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    u32::try_from(mixed.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32).unwrap_or_default()
}

/// The set of a text's shingles, as sorted hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shingles {
    hashes: Vec<u32>,
}

/// How much two sets share.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Overlap {
    /// The share of the smaller set that the larger holds, 0 to 1.
    pub containment: f64,
    /// Shared shingles of all, 0 to 1.
    pub jaccard: f64,
    /// Shared shingles.
    pub n_shared: usize,
}

impl Shingles {
    /// The set of these hashes.
    pub(super) fn new(mut hashes: Vec<u32>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        Self { hashes }
    }

    /// The hashes, sorted.
    pub fn hashes(&self) -> &[u32] {
        &self.hashes
    }

    /// The hashes that stand in the index of candidates.
    pub fn sampled(&self) -> impl Iterator<Item = u32> + '_ {
        self.hashes.iter().copied().filter(|hash| hash % SAMPLED == 0)
    }

    /// What is shared with another set; nothing when one is empty.
    pub fn overlap(&self, other: &Self) -> Overlap {
        let n_shared = n_shared(&self.hashes, &other.hashes);
        let (a, b) = (self.hashes.len(), other.hashes.len());
        if a == 0 || b == 0 {
            return Overlap::default();
        }
        Overlap {
            containment: ratio(n_shared, a.min(b)),
            jaccard: ratio(n_shared, a + b - n_shared),
            n_shared,
        }
    }
}

/// Common elements of two sorted lists without repeats.
pub(super) fn n_shared<T: Ord>(a: &[T], b: &[T]) -> usize {
    let (mut at_a, mut at_b, mut shared) = (0, 0, 0);
    // Without a branch on the values: which of two hashes is smaller cannot be foretold.
    while let (Some(x), Some(y)) = (a.get(at_a), b.get(at_b)) {
        shared += usize::from(x == y);
        at_a += usize::from(x <= y);
        at_b += usize::from(y <= x);
    }
    shared
}

/// The common elements of two sorted lists.
pub(super) fn shared<'a>(a: &'a [u32], b: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    a.iter().copied().filter(|x| b.binary_search(x).is_ok())
}

/// `n` of `of`, 0 to 1; 0 of nothing.
pub(super) fn ratio(n: usize, of: usize) -> f64 {
    let float = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    if of == 0 { 0.0 } else { float(n) / float(of) }
}
