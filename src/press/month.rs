//! Months and days of the feed's zone, as archives and editions are filed by.

use jiff::{
    civil::{Date, Time},
    tz::Offset,
};

use crate::{model::Timestamp, publish::Place};

/// Stories of one archive document at most, so that nearly always all of them fit into it whole; a fuller month has
/// further parts.
pub(super) const PART_SIZE: usize = 200;

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// Reads `2026` and `11`, each in its full length.
    pub fn parse(year: &str, month: &str) -> Option<Self> {
        let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        let date = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
        Some(Self { year: date.year(), month: date.month() })
    }

    /// The month of an instant.
    pub fn of(at: Timestamp, zone: Offset) -> Self {
        let date = zone.to_datetime(at).date();
        Self { year: date.year(), month: date.month() }
    }

    /// Its first instant, and the first that is no longer in it.
    pub fn bounds(self, zone: Offset) -> (Timestamp, Timestamp) {
        let first = Date::new(self.year, self.month, 1).unwrap_or_default();
        (start_of(first, zone), start_of(first.last_of_month().tomorrow().unwrap_or(Date::MAX), zone))
    }

    /// Where a part of its archive stands; the first part has the month's own address.
    pub fn place(self, part: usize) -> Place {
        let stem = format!("archive/{:04}/{:02}", self.year, self.month);
        Place::new(if part == 0 { stem } else { format!("{stem}-{}", part + 1) })
    }

    /// Its name for people.
    pub fn name(self) -> String {
        format!("{}年{}月", self.year, self.month)
    }
}

/// The first instant of a day.
pub(super) fn start_of(date: Date, zone: Offset) -> Timestamp {
    zone.to_timestamp(date.to_datetime(Time::midnight())).unwrap_or(Timestamp::MAX)
}

/// The parts that a number of stories needs.
pub(super) fn n_parts(n_stories: usize) -> usize {
    n_stories.div_ceil(PART_SIZE).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_zone() {
        let zone = Offset::from_hours(8).unwrap();
        let check = |at: &str, name: &str, place: &str| {
            let at: Timestamp = at.parse().unwrap();
            let month = Month::of(at, zone);
            let (from, to) = month.bounds(zone);
            assert!(from <= at && at < to, "{at}: {from} {to}");
            assert_eq!((month.name().as_str(), month.place(0).stem.as_str()), (name, place));
        };
        check("2026-10-31T15:59:59Z", "2026年10月", "archive/2026/10");
        check("2026-10-31T16:00:00Z", "2026年11月", "archive/2026/11");
        check("2026-12-31T15:59:59Z", "2026年12月", "archive/2026/12");
        check("2026-12-31T16:00:00Z", "2027年1月", "archive/2027/01");
    }

    #[test]
    fn only_a_month_is_read_as_one() {
        let check = |year: &str, month: &str, expected: Option<&str>| {
            let read = Month::parse(year, month).map(|month| month.place(1).stem);
            assert_eq!(read.as_deref(), expected, "{year} {month}");
        };
        check("2026", "11", Some("archive/2026/11-2"));
        for (year, month) in
            [("2026", "13"), ("2026", "00"), ("26", "11"), ("2026", "1"), ("+026", "11"), ("", "")]
        {
            check(year, month, None);
        }
    }

    #[test]
    fn a_month_has_as_many_parts_as_it_needs() {
        assert_eq!([0, 1, PART_SIZE, PART_SIZE + 1].map(n_parts), [1, 1, 1, 2]);
    }
}
