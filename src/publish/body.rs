//! Rendered bytes, ready to be served: compressed once each, with validators.

use std::{io::Write, sync::OnceLock};

use axum::body::Bytes;

use crate::model::Timestamp;

/// Level of gzip: 9 costs half as much again for nothing.
const GZIP_LEVEL: u32 = 6;
/// Quality of brotli: smaller than gzip in the same time.
const BROTLI_QUALITY: i32 = 5;
/// Window of brotli, as a power of two.
const BROTLI_WINDOW: i32 = 22;
/// Level of zstd: its window stays below the 8 MB that clients must take (RFC 9659 §3).
const ZSTD_LEVEL: i32 = 6;
/// Characters of the hash in an `ETag`.
const HASH_CHARS: usize = 32;
/// Characters of the name of the sequence of changes in an `ETag`.
const EPOCH_CHARS: usize = 4;

/// A content coding (RFC 9110 §8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// None.
    Identity,
    /// Gzip (RFC 1952).
    Gzip,
    /// Brotli (RFC 7932).
    Brotli,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Coding {
    /// All of them; the place of each is [`Self::index`].
    pub const ALL: [Self; 4] = [Self::Identity, Self::Gzip, Self::Brotli, Self::Zstd];

    /// Its place in a list of one value a coding.
    pub fn index(self) -> usize {
        match self {
            Self::Identity => 0,
            Self::Gzip => 1,
            Self::Brotli => 2,
            Self::Zstd => 3,
        }
    }

    /// The suffix of its `ETags`: a strong `ETag` names bytes, so each coding has its own (RFC 9110 §8.8.3.3).
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Gzip => "-gz",
            Self::Brotli => "-br",
            Self::Zstd => "-zstd",
        }
    }

    /// Its name in `Content-Encoding`.
    pub fn token(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// Which state of the feed a document shows: what a delta is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision<'a> {
    /// The count of the newest change in it.
    pub seq: i64,
    /// The name of the sequence of changes.
    pub epoch: &'a str,
}

impl Revision<'_> {
    /// The count that an `ETag` of ours carries, whatever its coding; `None` for one of another sequence of changes.
    pub fn seq_in(opaque: &str, epoch: &str) -> Option<i64> {
        let (seq, rest) = opaque.strip_prefix('r')?.split_once('-')?;
        let ours =
            !seq.is_empty() && seq.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with(head(epoch));
        seq.parse().ok().filter(|_| ours)
    }
}

/// A document in all its codings.
#[derive(Debug, Clone)]
pub struct Body {
    /// Media type.
    pub media_type: &'static str,
    /// As it is.
    pub identity: Bytes,
    /// What is inside the quotes of the `ETag`, without the suffix of the coding.
    pub etag: String,
    /// When what it says last changed.
    pub last_modified: Timestamp,
    coded: [OnceLock<Bytes>; 3],
}

impl Body {
    /// Names a document by its bytes; it is compressed when first asked for.
    pub fn new(media_type: &'static str, bytes: Vec<u8>, last_modified: Timestamp) -> Self {
        let etag = blake3::hash(&bytes).to_hex().get(..HASH_CHARS).unwrap_or_default().to_owned();
        // Without the room to grow that rendering left.
        let identity = Bytes::from(bytes.into_boxed_slice());
        Self { media_type, identity, etag, last_modified, coded: Default::default() }
    }

    /// The same document, with the state of the feed in its `ETag`: `r1842-9f3c…`.
    #[must_use]
    pub fn at_revision(mut self, revision: Revision) -> Self {
        let hash = self.etag.get(..HASH_CHARS - EPOCH_CHARS).unwrap_or_default();
        self.etag = format!("r{}-{}{hash}", revision.seq, head(revision.epoch));
        self
    }

    /// The bytes in a coding; compresses them if that was not done yet.
    pub fn coded(&self, coding: Coding) -> &Bytes {
        let compress = match coding {
            Coding::Identity => return &self.identity,
            Coding::Gzip => gzip,
            Coding::Brotli => brotli,
            Coding::Zstd => zstd,
        };
        let slot = coding.index().checked_sub(1).and_then(|i| self.coded.get(i));
        slot.map_or(&self.identity, |slot| slot.get_or_init(|| compress(&self.identity).into()))
    }

    /// Whether the bytes are there in a coding.
    pub fn is_ready(&self, coding: Coding) -> bool {
        let slot = coding.index().checked_sub(1).and_then(|i| self.coded.get(i));
        slot.is_none_or(|slot| slot.get().is_some())
    }

    /// Compresses it in all codings.
    pub fn compress(&self) {
        for coding in Coding::ALL {
            self.coded(coding);
        }
    }

    /// What it holds in memory, in bytes.
    pub fn n_bytes(&self) -> usize {
        let coded = self.coded.iter().filter_map(OnceLock::get).map(Bytes::len);
        self.identity.len() + coded.sum::<usize>()
    }
}

fn head(epoch: &str) -> &str {
    epoch.get(..EPOCH_CHARS).unwrap_or(epoch)
}

// Writing into memory fails only when memory does; an empty result is never served (see `serve::conditional`).

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let done = brotli::BrotliCompress(&mut &*bytes, &mut compressed, &params);
    if done.is_ok() { compressed } else { Vec::new() }
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, ZSTD_LEVEL).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_tells_the_state_of_the_feed_to_those_who_know_it() {
        let body = Body::new("text/plain", b"abc".to_vec(), Timestamp::UNIX_EPOCH);
        let body = body.at_revision(Revision { seq: 1_842, epoch: "9f3c0011" });
        assert!(body.etag.starts_with("r1842-9f3c"), "{}", body.etag);
        for coding in Coding::ALL {
            assert_eq!(
                Revision::seq_in(&format!("{}{}", body.etag, coding.suffix()), "9f3c0011"),
                Some(1_842)
            );
        }
        for other in [
            "",
            "r",
            "r-9f3c",
            "rx-9f3c",
            "r+1-9f3c",
            "1842-9f3c",
            "r99999999999999999999-9f3c",
            "r1842-0000",
        ] {
            assert_eq!(Revision::seq_in(other, "9f3c0011"), None, "{other}");
        }
    }
}
