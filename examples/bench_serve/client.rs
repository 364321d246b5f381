//! One request, one connection.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
};

use super::Result;

pub(super) struct Answer {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The first value of a header; empty when there is none.
    pub(super) fn header(&self, name: &str) -> String {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        let value = fields.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        value.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    }
}

pub(super) fn get(port: u16, path: &str, headers: &[&str]) -> Result<Answer> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let more: Vec<String> = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n{}\r\n", more.concat());
    stream.write_all(head.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no end of the headers")?;
    let body = bytes.split_off(end + 4);
    Ok(Answer { head: String::from_utf8(bytes)?, body })
}
