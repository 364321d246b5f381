//! Lines of a file or a pipe, however long they are.
//!
//! **Invariant:** no more than [`MAX_LINE_BYTES`] of a line are ever in memory.

use std::io::{self, BufRead, ErrorKind};

use super::LineError;

/// Longest line, in bytes; an article with its markup takes a hundredth of it.
pub const MAX_LINE_BYTES: usize = 8 << 20;

/// A line that is not empty.
#[derive(Debug)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes, without the end of line; too long a line has none.
    pub bytes: Result<Vec<u8>, LineError>,
}

/// Reads line by line.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    number: u64,
    n_bytes: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads from the beginning of an input.
    pub fn of(input: R) -> Self {
        Self { input, number: 0, n_bytes: 0 }
    }

    /// Bytes read so far.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// The next line that holds more than white space; `None` at the end.
    pub fn read(&mut self) -> io::Result<Option<Line>> {
        while let Some(bytes) = self.any()? {
            self.number += 1;
            let is_empty = bytes.as_ref().is_ok_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace));
            if !is_empty {
                return Ok(Some(Line { number: self.number, bytes }));
            }
        }
        Ok(None)
    }

    fn any(&mut self) -> io::Result<Option<Result<Vec<u8>, LineError>>> {
        let (mut line, mut is_too_long, mut any) = (Vec::new(), false, false);
        loop {
            let part = match self.input.fill_buf() {
                Ok(part) => part,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if part.is_empty() {
                break;
            }
            any = true;
            let end = part.iter().position(|byte| *byte == b'\n');
            let taken = part.get(..end.unwrap_or(part.len())).unwrap_or_default();
            is_too_long |= line.len() + taken.len() > MAX_LINE_BYTES;
            if is_too_long {
                line = Vec::new();
            } else {
                line.extend_from_slice(taken);
            }
            let n_used = end.map_or(part.len(), |end| end + 1);
            self.input.consume(n_used);
            self.n_bytes += n_used as u64;
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        if self.number == 0 && line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(Some(if is_too_long { Err(LineError::TooLong) } else { Ok(line) }))
    }
}

/// What some editors begin a file with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn check(text: &[u8], expected: &[(u64, &str)]) {
        // A tiny buffer, so that lines come in pieces.
        let mut lines = Lines::of(io::BufReader::with_capacity(3, Cursor::new(text)));
        let mut found = Vec::new();
        while let Some(line) = lines.read().unwrap() {
            found.push((line.number, String::from_utf8(line.bytes.unwrap()).unwrap()));
        }
        let expected: Vec<(u64, String)> = expected.iter().map(|(n, text)| (*n, (*text).into())).collect();
        assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(text));
        assert_eq!(lines.n_bytes(), text.len() as u64);
    }

    #[test]
    fn lines_are_counted_and_empty_ones_passed_over() {
        check(b"", &[]);
        check(b"\n\n  \r\n", &[]);
        check(b"{a}\n{b}", &[(1, "{a}"), (2, "{b}")]);
        check(b"\xef\xbb\xbf{a}\r\n\r\n{b}\n\n", &[(1, "{a}\r"), (3, "{b}")]);
    }

    #[test]
    fn too_long_a_line_is_passed_over_without_keeping_it() {
        let long = io::Read::take(io::repeat(b'x'), 10_000_000);
        let input = io::Read::chain(long, Cursor::new(b"\n{b}\n"));
        let mut lines = Lines::of(io::BufReader::new(input));
        let first = lines.read().unwrap().unwrap();
        assert!(matches!(first.bytes, Err(LineError::TooLong)) && first.number == 1, "{first:?}");
        assert_eq!(lines.read().unwrap().unwrap().bytes.unwrap(), b"{b}");
        assert!(lines.read().unwrap().is_none());
    }
}
