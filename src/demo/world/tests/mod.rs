//! The world checked against itself, over the wire as a reader meets it.

mod data;
mod serving;
mod shapes;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::spec::{SPECS, Shape};
use super::story::{Article, articles};
use super::*;
use crate::model::Precision;

/// When the last story has come out, in seconds after the start.
const ALL_OUT_S: i64 = 60;

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// One request in HTTP/1.0, with extra header lines.
async fn get(url: &Url, extra: &[(&str, &str)]) -> Answer {
    let address = (url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(address).await.unwrap();
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let extra: Vec<String> = extra.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let extra = extra.concat();
    stream.write_all(format!("GET {target} HTTP/1.0\r\n{extra}\r\n").as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let (status, lines) = head.split_once("\r\n").unwrap_or((head, ""));
    let headers = lines.split("\r\n").filter_map(|line| line.split_once(": "));
    Answer {
        status: status.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
        body: bytes[end + 4..].to_vec(),
    }
}

/// A start so long ago that everything is out.
fn long_ago() -> Timestamp {
    after(crate::clock::now(), -ALL_OUT_S)
}

fn after(start: Timestamp, seconds: i64) -> Timestamp {
    start + SignedDuration::from_secs(seconds)
}

fn fixed_start() -> Timestamp {
    "2027-01-02T00:00:30+08:00".parse().unwrap()
}

/// The text of a page in the encoding of its site.
fn decoded(shape: Shape, body: &[u8]) -> String {
    if shape == Shape::Trs {
        let (text, encoding, malformed) = encoding_rs::GBK.decode(body);
        assert!(!malformed, "{}", encoding.name());
        return text.into_owned();
    }
    String::from_utf8(body.to_vec()).unwrap()
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn find<'a>(expected: &'a [Expected], title: &str) -> &'a Expected {
    expected.iter().find(|it| it.title == title).unwrap()
}
