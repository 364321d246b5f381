//! Places in lists as texts that programs keep and give back, without a need to understand them.

use crate::store::{Place, ReadFrom};

/// What is given to read only what is yet to come.
pub(super) const NOW: &str = "now";

/// A place in the order of changes, as text that needs no encoding in an address.
pub(super) fn written(place: &Place) -> String {
    format!("{}-{}", place.stretch, place.seq)
}

/// From where changes are read; `None` when it is no cursor of ours.
pub(super) fn read(text: Option<&str>) -> Option<ReadFrom> {
    let Some(text) = text else { return Some(ReadFrom::Beginning) };
    if text == NOW {
        return Some(ReadFrom::Now);
    }
    let (stretch, seq) = text.split_once('-')?;
    let hex = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
    let is_name = !stretch.is_empty() && stretch.bytes().all(hex);
    let seq = digits(seq)?;
    is_name.then(|| ReadFrom::After(Place { stretch: stretch.to_owned(), seq }))
}

/// A place in a list of stories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PagePlace {
    /// By time: milliseconds and row.
    Time(i64, i64),
    /// Of what was found: its number in the index.
    Found(i64),
    /// Of the best: how many came before.
    Best(usize),
}

impl PagePlace {
    pub(super) fn written(self) -> String {
        match self {
            // A time before 1970 has a sign.
            Self::Time(at, id) => format!("t{at}_{id}"),
            Self::Found(number) => format!("f{number}"),
            Self::Best(n) => format!("b{n}"),
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let rest = text.get(1..)?;
        match text.as_bytes().first()? {
            b't' => {
                let (at, id) = rest.split_once('_')?;
                let (sign, at) = at.strip_prefix('-').map_or((1, at), |at| (-1, at));
                Some(Self::Time(sign * digits(at)?, digits(id)?))
            }
            b'f' => Some(Self::Found(digits(rest)?)),
            b'b' => Some(Self::Best(digits(rest)?.try_into().ok()?)),
            _ => None,
        }
    }
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let place = Place { stretch: "00ff".into(), seq: 12 };
        assert_eq!(written(&place), "00ff-12");
        assert_eq!(read(Some("00ff-12")), Some(ReadFrom::After(place)));
        assert_eq!(read(None), Some(ReadFrom::Beginning));
        assert_eq!(read(Some("now")), Some(ReadFrom::Now));
        for wrong in [
            "",
            "-",
            "00ff",
            "00ff-",
            "-1",
            "00FF-1",
            "00ff--1",
            "00ff-1x",
            "00ff-99999999999999999999",
            "a b-1",
        ] {
            assert_eq!(read(Some(wrong)), None, "{wrong}");
        }
        for place in [
            PagePlace::Time(-5, 3),
            PagePlace::Time(1_795_400_000_000, 77),
            PagePlace::Found(9),
            PagePlace::Best(0),
        ] {
            assert_eq!(PagePlace::read(&place.written()), Some(place));
        }
        for wrong in ["", "t", "t1", "t_", "f", "x1", "b-1", "快1", "t--1_1", "t99999999999999999999_1"] {
            assert_eq!(PagePlace::read(wrong), None, "{wrong}");
        }
    }
}
