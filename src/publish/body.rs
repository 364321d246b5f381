//! Rendered bytes, ready to be served: compressed once, with validators.

use std::io::Write;

use axum::body::Bytes;

use crate::model::Timestamp;

/// Level of gzip: 9 costs half as much again for nothing.
const GZIP_LEVEL: u32 = 6;
/// Quality of brotli: smaller than gzip in the same time.
const BROTLI_QUALITY: i32 = 5;
/// Window of brotli, as a power of two.
const BROTLI_WINDOW: i32 = 22;
/// Characters of the hash in an `ETag`.
const ETAG_CHARS: usize = 32;

/// A document in all its codings.
#[derive(Debug, Clone)]
pub struct Body {
    /// Media type.
    pub media_type: &'static str,
    /// As it is.
    pub identity: Bytes,
    /// Compressed by gzip.
    pub gzip: Bytes,
    /// Compressed by brotli.
    pub brotli: Bytes,
    /// What is inside the quotes of the `ETag`, without the suffix of the coding.
    pub etag: String,
    /// When what it says last changed.
    pub last_modified: Timestamp,
}

impl Body {
    /// Compresses a document and names it by its bytes.
    pub fn new(media_type: &'static str, bytes: Vec<u8>, last_modified: Timestamp) -> Self {
        let hash = blake3::hash(&bytes).to_hex();
        Self {
            media_type,
            gzip: gzip(&bytes).into(),
            brotli: brotli(&bytes).into(),
            identity: bytes.into(),
            etag: hash.get(..ETAG_CHARS).unwrap_or_default().to_owned(),
            last_modified,
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
    // Writing into memory fails only when memory does; an empty result is then never served (see `serve`).
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
