//! Features as bytes, for the store: a version, then fields in order, numbers as varints, sorted lists as differences.

use super::{
    features::{Anchors, Features},
    periods::{Kind, Period},
    shingles::Shingles,
};
use crate::model::{CanonicalUrl, Region, Role, Timestamp};

/// Version of what is written; bytes of another version are made anew from the entry.
const VERSION: u8 = 1;
/// Elements of a list, at most; more is no list of ours.
const MAX_ELEMENTS: usize = 40_000;

/// Bytes that are no features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They are of another version.
    #[error("features of version `{0}`, not `{VERSION}`; make them anew")]
    Version(u8),
    /// They end early or hold what cannot be.
    #[error("features are damaged")]
    Damaged,
}

impl Features {
    /// The features as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        text(&mut out, &self.source_key);
        text(&mut out, &self.source_entry_id);
        text(&mut out, &self.publisher);
        text(&mut out, self.role.as_str());
        text(&mut out, self.canonical_url.as_ref().map_or("", CanonicalUrl::as_str));
        varint(&mut out, zigzag(self.published_at.as_millisecond()));
        text(&mut out, self.region.as_ref().map_or("", Region::as_str));
        text(&mut out, &self.title_key);
        out.push(u8::from(self.body_hash.is_some()));
        out.extend(self.body_hash.iter().flatten());
        varint(&mut out, self.n_letters as u64);
        sorted(&mut out, self.shingles.hashes());
        sorted(&mut out, &self.title_bigrams);
        text(&mut out, &self.text);
        self.anchors.encode(&mut out);
        out
    }

    /// The features in bytes of [`Features::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader(bytes);
        let version = from.byte()?;
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Ok(Self {
            source_key: from.text()?.to_owned(),
            source_entry_id: from.text()?.to_owned(),
            publisher: from.text()?.to_owned(),
            role: role(from.text()?)?,
            canonical_url: some(from.text()?).map(CanonicalUrl::from_stored),
            published_at: Timestamp::from_millisecond(unzigzag(from.varint()?))
                .map_err(|_| DecodeError::Damaged)?,
            region: Region::parse(from.text()?),
            title_key: from.text()?.to_owned(),
            body_hash: match from.byte()? {
                0 => None,
                _ => Some(from.take(32)?.try_into().map_err(|_| DecodeError::Damaged)?),
            },
            n_letters: from.number()?,
            shingles: Shingles::new(from.sorted()?),
            title_bigrams: from.sorted()?,
            text: from.text()?.to_owned(),
            anchors: Anchors::decode(&mut from)?,
        })
    }
}

impl Anchors {
    fn encode(&self, out: &mut Vec<u8>) {
        sorted(out, &self.cities.iter().copied().map(u32::from).collect::<Vec<_>>());
        sorted(out, &self.provinces.iter().copied().map(u32::from).collect::<Vec<_>>());
        for list in [&self.title_periods, &self.lead_periods] {
            varint(out, list.len() as u64);
            for period in list {
                varint(out, period.kind as u64);
                varint(out, u64::from(period.value));
            }
        }
        for list in [
            &self.numbers,
            &self.title_works,
            &self.works,
            &self.companies,
            &self.officials,
            &self.figures,
            &self.about,
        ] {
            sorted(out, list);
        }
        sorted(out, &self.dates.iter().copied().map(u32::from).collect::<Vec<_>>());
        sorted(
            out,
            &self
                .states
                .iter()
                .map(|(group, state)| u32::from(*group) << 8 | u32::from(*state))
                .collect::<Vec<_>>(),
        );
        out.push(u8::from(self.is_future) | u8::from(self.is_correction) << 1);
    }

    fn decode(from: &mut Reader) -> Result<Self, DecodeError> {
        let mut anchors = Self {
            cities: from.narrow()?,
            provinces: from.narrow()?,
            title_periods: from.periods()?,
            lead_periods: from.periods()?,
            numbers: from.sorted()?,
            title_works: from.sorted()?,
            works: from.sorted()?,
            companies: from.sorted()?,
            officials: from.sorted()?,
            figures: from.sorted()?,
            about: from.sorted()?,
            dates: from.narrow()?,
            states: from.sorted()?.into_iter().map(|s| ((s >> 8 & 0xff) as u8, (s & 0xff) as u8)).collect(),
            ..Self::default()
        };
        let flags = from.byte()?;
        (anchors.is_future, anchors.is_correction) = (flags & 1 != 0, flags & 2 != 0);
        Ok(anchors)
    }
}

fn role(name: &str) -> Result<Role, DecodeError> {
    let roles = [Role::Primary, Role::National, Role::Paper, Role::Platform];
    roles.into_iter().find(|role| role.as_str() == name).ok_or(DecodeError::Damaged)
}

fn text(out: &mut Vec<u8>, text: &str) {
    varint(out, text.len() as u64);
    out.extend(text.as_bytes());
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn sorted(out: &mut Vec<u8>, list: &[u32]) {
    varint(out, list.len() as u64);
    let mut before = 0;
    for value in list {
        varint(out, u64::from(value.wrapping_sub(before)));
        before = *value;
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.0.split_first().ok_or(DecodeError::Damaged)?;
        self.0 = rest;
        Ok(*first)
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(DecodeError::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::Damaged)
    }

    fn number(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.varint()?).map_err(|_| DecodeError::Damaged)
    }

    fn length(&mut self) -> Result<usize, DecodeError> {
        self.number()
            .and_then(|n| if n <= MAX_ELEMENTS.min(self.0.len()) { Ok(n) } else { Err(DecodeError::Damaged) })
    }

    fn text(&mut self) -> Result<&'a str, DecodeError> {
        let n = self.number()?;
        std::str::from_utf8(self.take(n)?).map_err(|_| DecodeError::Damaged)
    }

    fn sorted(&mut self) -> Result<Vec<u32>, DecodeError> {
        let n = self.length()?;
        let mut before = 0u32;
        let mut list = Vec::with_capacity(n);
        for _ in 0..n {
            let step = u32::try_from(self.varint()?).map_err(|_| DecodeError::Damaged)?;
            before = before.wrapping_add(step);
            list.push(before);
        }
        Ok(list)
    }

    fn narrow<T: TryFrom<u32>>(&mut self) -> Result<Vec<T>, DecodeError> {
        self.sorted()?.into_iter().map(|value| T::try_from(value).map_err(|_| DecodeError::Damaged)).collect()
    }

    fn periods(&mut self) -> Result<Vec<Period>, DecodeError> {
        let n = self.length()?;
        let mut list = Vec::with_capacity(n);
        for _ in 0..n {
            let kind = u32::try_from(self.varint()?).ok().and_then(Kind::from_number);
            let value = u32::try_from(self.varint()?).map_err(|_| DecodeError::Damaged)?;
            list.push(Period { kind: kind.ok_or(DecodeError::Damaged)?, value });
        }
        Ok(list)
    }
}
