//! What is wrong with a source, in plain words: each fault has a name, a sentence and a next step.
//!
//! Pure: errors and counts in, words out.

mod alert;
mod compare;
mod health;
mod page;
mod reid;

pub use alert::{Alert, Standing, alert};
pub use compare::{Before, Now};
pub use health::{Numbers, concern};
pub use page::hidden;
pub use reid::{IDS_CHANGED, Reid};

use crate::{extract::ExtractError, fetch::FetchError};

/// A fault, told to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its short, stable name.
    pub name: &'static str,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What to do about it.
    pub next_step: &'static str,
}

/// What counts for a list page that gave no rows.
#[derive(Debug, Clone, Copy)]
pub struct EmptyList<'a> {
    /// The address.
    pub url: &'a str,
    /// Size of the page in bytes.
    pub n_bytes: usize,
    /// The most rows that the source gave lately.
    pub rows_before: Option<i64>,
    /// What extraction noted.
    pub notes: &'a [String],
}

impl Fault {
    fn new(name: &'static str, sentence: String, next_step: &'static str) -> Self {
        Self { name, sentence, next_step }
    }

    /// The sentence and the next step, as one line.
    pub fn told(&self) -> String {
        if self.next_step.is_empty() {
            self.sentence.clone()
        } else {
            format!("{}; {}", self.sentence, self.next_step)
        }
    }

    /// Why a document could not be had.
    pub fn of_fetch(error: &FetchError) -> Self {
        let (name, next_step) = match error {
            FetchError::Setup { .. } | FetchError::ExtraCa { .. } => {
                ("setup", "check `[fetch]` in the configuration")
            }
            FetchError::Stopped { .. } => ("stopped", ""),
            FetchError::Scheme { .. } | FetchError::BadRedirect { .. } => {
                ("bad-address", "check the source's `url` in a browser")
            }
            FetchError::Private { .. } => ("private-address", ""),
            FetchError::Robots { .. } => ("robots", "choose another list page, or ask the site's owner"),
            FetchError::RobotsUnreachable { .. } => ("robots-unreachable", "it is tried again later"),
            FetchError::Dns { .. } => ("dns", "check the host's name, and this machine's name server"),
            FetchError::Connect { .. } => {
                ("unreachable", "it is tried again later; if a browser gets through, a proxy may be needed")
            }
            FetchError::Certificate { .. } => {
                ("certificate", "if only an intermediate certificate is missing, add it by `fetch.extra_ca`")
            }
            FetchError::Tls { .. } => (
                "tls",
                "the server may offer only outdated encryption: set `tls = \"legacy\"` in a build with that feature, or use its http address or a proxy",
            ),
            FetchError::Timeout { .. } => ("timeout", "it is tried again later"),
            FetchError::Broken { .. } => ("broken-off", "it is tried again later"),
            FetchError::TooLarge { .. } => ("too-large", ""),
            FetchError::TooManyRedirects { .. } => ("redirects", "check the source's `url` in a browser"),
            FetchError::Status { status, .. } => status_words(*status),
        };
        let mut sentence = error.to_string();
        if let FetchError::Dns { source, .. } = error {
            let causes =
                std::iter::successors(Some(source as &dyn std::error::Error), |error| error.source());
            if let Some(root) = causes.last() {
                sentence = format!("{sentence}: {root}");
            }
        }
        Self::new(name, sentence, next_step)
    }

    /// Why a document could not be read.
    pub fn of_extract(error: &ExtractError) -> Self {
        let (name, next_step) = match error {
            ExtractError::TooDeep { .. } => ("too-deep", "choose another page of the site"),
            ExtractError::TooLarge { .. } => ("too-many-elements", "choose another page of the site"),
            ExtractError::TooComplex { .. } => ("too-complex", "choose another page of the site"),
            ExtractError::NotAFeed { .. } => ("not-a-feed", "check the source's `url` and `kind`"),
            ExtractError::NotJson { .. } => ("not-json", "check the source's `url` and `kind`"),
            ExtractError::Missing { .. } => ("missing", "check the source's `url`"),
        };
        let sentence = match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        Self::new(name, sentence, next_step)
    }

    /// A server that answered without a document, though nothing was known of it before.
    pub fn of_nothing(url: &str) -> Self {
        Self::new("no-document", format!("`{url}` answered without a document"), "it is tried again later")
    }

    /// A list that gives no rows, where it gave some before or should.
    pub fn of_empty_list(list: EmptyList) -> Self {
        let before = match list.rows_before {
            Some(n) if n > 0 => format!(" where it gave up to {n} before"),
            _ => String::new(),
        };
        let why = list.notes.first().map(|note| format!(": {note}")).unwrap_or_default();
        let sentence =
            format!("`{}` gave no rows{before} ({} kB read){why}", list.url, list.n_bytes.div_ceil(1_000));
        Self::new(
            "no-rows",
            sentence,
            "look at the page: the site may have been redesigned; `dibao preview` shows what its rules find",
        )
    }

    /// A list page that leads to the site's home page: what blocks and removed pages do.
    pub fn of_home_redirect(from: &str, to: &str) -> Self {
        Self::new(
            "redirected-home",
            format!("`{from}` leads to the home page `{to}`"),
            "the list page is gone, or this machine is blocked; look at it in a browser",
        )
    }

    /// Rules or code failed in a way that must not happen.
    pub fn of_panic(what: &str) -> Self {
        Self::new(
            "defect",
            format!("reading it failed by a defect of dibao: {what}"),
            "please report it with the page",
        )
    }
}

fn status_words(status: u16) -> (&'static str, &'static str) {
    match status {
        404 | 410 => ("gone", "check the source's `url` in a browser"),
        401 | 403 | 405 | 407 | 451 => {
            ("refused", "the site refuses this machine; it may serve only visitors from inside China")
        }
        412 | 468 | 521 => {
            ("challenge", "the site asks visitors to run a script first; dibao does not try to get past that")
        }
        429 => ("too-often", "dibao waits as long as the site asks; raise the source's `interval`"),
        500..=599 => ("server-error", "it is tried again later"),
        _ => ("status", "check the source's `url` in a browser"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    #[test]
    fn every_fault_has_a_name_and_says_what_to_do() {
        let url = Url::parse("https://jx.example/").unwrap();
        let check = |error: FetchError, name: &str, words: &str| {
            let fault = Fault::of_fetch(&error);
            assert_eq!(fault.name, name);
            assert!(fault.told().contains(words), "{}", fault.told());
        };
        let status = |status| FetchError::Status { url: url.clone(), status, retry_after: None };
        check(status(412), "challenge", "run a script");
        check(status(403), "refused", "refuses this machine");
        check(status(404), "gone", "status 404");
        check(status(503), "server-error", "tried again");
        check(
            FetchError::Timeout { url: url.clone(), stage: "to answer" },
            "timeout",
            "took too long to answer",
        );
        check(FetchError::TooLarge { url: url.clone(), limit_bytes: 9 }, "too-large", "more than 9 bytes");
        check(FetchError::Robots { url }, "robots", "robots.txt");
    }

    #[test]
    fn an_empty_list_says_what_was_there_before() {
        let notes = ["rows \"ul.news > li\" matched nothing".to_owned()];
        let list = EmptyList { url: "http://a.cn/", n_bytes: 41_000, rows_before: Some(20), notes: &notes };
        let told = Fault::of_empty_list(list).told();
        assert!(
            told.contains("up to 20 before") && told.contains("41 kB") && told.contains("ul.news"),
            "{told}"
        );
    }
}
