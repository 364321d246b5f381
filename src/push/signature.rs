//! `X-Hub-Signature` (WebSub §7.1): an HMAC of the delivered bytes, `method=hex`. Pure.

use std::fmt::Write;

use ring::hmac;

/// The header that carries it.
pub const HEADER: &str = "x-hub-signature";

/// The methods that WebSub names (§7.1.1). SHA-1 is weak for other uses, but not in an HMAC, and old hubs know no other.
const METHODS: [(&str, hmac::Algorithm); 4] = [
    ("sha1", hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
    ("sha256", hmac::HMAC_SHA256),
    ("sha384", hmac::HMAC_SHA384),
    ("sha512", hmac::HMAC_SHA512),
];

/// Signs what is delivered with what the subscriber gave: `sha256=…`.
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), body);
    format!("sha256={}", hex(tag.as_ref()))
}

/// Whether a signature is that of the body, compared in constant time; by any method that WebSub names.
pub fn is_valid(header: &str, secret: &[u8], body: &[u8]) -> bool {
    let Some((method, digits)) = header.trim().split_once('=') else { return false };
    let known = METHODS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(method));
    let (Some((_, algorithm)), Some(tag)) = (known, bytes(digits)) else { return false };
    hmac::verify(&hmac::Key::new(algorithm, secret), body, &tag).is_ok()
}

/// Bytes in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    // The longest is that of SHA-512.
    if digits.len() > 128 || !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_rfc_4231() {
        // Test case 2.
        let signed = sign(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(signed, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn only_the_right_signature_is_taken_by_any_method() {
        let check = |header: &str, expected: bool| {
            assert_eq!(is_valid(header, b"Jefe", b"what do ya want for nothing?"), expected, "{header}");
        };
        // RFC 2202 and RFC 4231, test case 2 each.
        check("sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", true);
        check("sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", true);
        check("SHA256=5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843", true);
        check(
            "sha512=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            true,
        );
        for wrong in [
            "",
            "sha256",
            "sha256=",
            "sha256=5b",
            "sha1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "md5=effcdf6ae5eb2fa2d27416d5f184df9c",
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3844",
            "sha256=邸报",
        ] {
            check(wrong, false);
        }
    }
}
