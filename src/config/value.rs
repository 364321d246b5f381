//! Values as they are written in configuration: text with a unit, checked where it is read, so that an error
//! names line and column.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use jiff::tz::Offset;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A value that is written as text in TOML.
pub(crate) trait Written: Sized {
    /// What is expected, for messages and the schema.
    const EXPECTED: &'static str;
    fn read(text: &str) -> Option<Self>;
    fn write(&self) -> String;
}

macro_rules! written {
    ($($type:ty),+) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                <$type as Written>::read(text.trim()).ok_or_else(|| {
                    de::Error::custom(format_args!("`{text}` is not {}", <$type as Written>::EXPECTED))
                })
            }
        }
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.write())
            }
        }
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": <$type as Written>::EXPECTED })
            }
            fn inline_schema() -> bool {
                true
            }
        }
    )+};
}

pub(super) use written;

/// A length of time with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period(pub Duration);

/// A size in bytes with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// An offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub Offset);

/// A network that may be visited although it is private, with a port if only that one is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// The addresses.
    pub net: ipnet::IpNet,
    /// The port; `None` for all.
    pub port: Option<u16>,
}

/// Which proxy requests go through.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ProxyChoice {
    /// What `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.
    Env,
    /// None.
    None,
    /// This one.
    Fixed(url::Url),
}

/// An absolute http or https address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl(pub url::Url);

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreUrl(pub std::path::PathBuf);

/// A DNS name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain(pub String);

/// A regular expression.
#[derive(Debug, Clone)]
pub struct Pattern(pub regex::Regex);

/// A CSS selector with an optional attribute.
#[derive(Debug, Clone)]
pub struct PickText(pub crate::extract::rules::Pick);

/// A `JSONPath` (RFC 9535).
#[derive(Debug, Clone)]
pub struct PathText(pub serde_json_path::JsonPath);

/// Part of an address, with a place for the number of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(pub String);

written!(
    Period,
    Size,
    Zone,
    Network,
    ProxyChoice,
    WebUrl,
    StoreUrl,
    Domain,
    Pattern,
    PickText,
    PathText,
    Template
);

const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl Written for Period {
    const EXPECTED: &'static str =
        "a length of time; expected a number with a unit (ms s m h d w y), such as \"15m\"";

    fn read(text: &str) -> Option<Self> {
        let mut total: u64 = 0;
        let mut rest = text.trim();
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest.get(..digits)?.parse().ok()?;
            rest = rest.get(digits..)?.trim_start();
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let unit = rest.get(..letters)?;
            let (_, ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
            total = total.checked_add(number.checked_mul(*ms)?)?;
            rest = rest.get(letters..)?.trim_start();
        }
        Some(Self(Duration::from_millis(total)))
    }

    fn write(&self) -> String {
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let unit = UNITS.iter().find(|(_, size)| ms >= *size && ms.is_multiple_of(*size));
        unit.map_or_else(|| format!("{}s", ms / 1000), |(name, size)| format!("{}{name}", ms / size))
    }
}

const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Written for Size {
    const EXPECTED: &'static str = "a size; expected a number with a unit (B KiB MiB GiB), such as \"8MiB\"";

    fn read(text: &str) -> Option<Self> {
        let (unit, size) = SIZES.iter().find(|(unit, _)| text.ends_with(unit))?;
        let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        number.checked_mul(*size).map(Self)
    }

    fn write(&self) -> String {
        let unit = SIZES.iter().find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size));
        unit.map_or_else(|| format!("{}B", self.0), |(name, size)| format!("{}{name}", self.0 / size))
    }
}

impl Written for Zone {
    const EXPECTED: &'static str = "an offset from UTC; expected \"+08:00\" or \"Z\"";

    fn read(text: &str) -> Option<Self> {
        if matches!(text, "Z" | "UTC") {
            return Some(Self(Offset::UTC));
        }
        let sign = match text.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, minutes) = text.get(1..)?.split_once(':')?;
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours <= 18 && minutes < 60)
            .then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok().map(Self))?
    }

    fn write(&self) -> String {
        let seconds = self.0.seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.abs() / 60;
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl Written for Network {
    const EXPECTED: &'static str =
        "a network; expected \"10.0.0.0/8\", \"127.0.0.1/32:8080\", an IPv6 network or one address";

    fn read(text: &str) -> Option<Self> {
        let net = |text: &str| {
            text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from))
        };
        if let Some(net) = net(text) {
            return Some(Self { net, port: None });
        }
        let (address, port) = text.rsplit_once(':')?;
        let address = address.trim_start_matches('[').trim_end_matches(']');
        Some(Self { net: net(address)?, port: Some(port.parse().ok()?) })
    }

    fn write(&self) -> String {
        match (self.port, self.net) {
            (None, net) => net.to_string(),
            (Some(port), ipnet::IpNet::V6(net)) => format!("[{net}]:{port}"),
            (Some(port), net) => format!("{net}:{port}"),
        }
    }
}

impl Written for ProxyChoice {
    const EXPECTED: &'static str =
        "a proxy; expected \"env\", \"none\" or an address such as \"http://proxy.example:3128\"";

    fn read(text: &str) -> Option<Self> {
        match text {
            "env" => Some(Self::Env),
            "none" => Some(Self::None),
            _ => WebUrl::read(text).map(|url| Self::Fixed(url.0)),
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Env => "env".into(),
            Self::None => "none".into(),
            Self::Fixed(url) => url.to_string(),
        }
    }
}

impl Written for WebUrl {
    const EXPECTED: &'static str = "an http or https address";

    fn read(text: &str) -> Option<Self> {
        let url = url::Url::parse(text).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(Self(url))
    }

    fn write(&self) -> String {
        self.0.to_string()
    }
}

impl Written for StoreUrl {
    const EXPECTED: &'static str =
        "a store; expected \"sqlite:PATH\" (PostgreSQL is not supported by this build)";

    fn read(text: &str) -> Option<Self> {
        let path = text.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        (!path.is_empty() && !path.contains('?')).then(|| Self(path.into()))
    }

    fn write(&self) -> String {
        format!("sqlite:{}", self.0.display())
    }
}

impl Written for Domain {
    const EXPECTED: &'static str = "a domain name that you own, such as \"feeds.example.org\"";

    fn read(text: &str) -> Option<Self> {
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let named = text.contains('.') && !text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        (named && text.split('.').all(label)).then(|| Self(text.to_ascii_lowercase()))
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

impl Written for Pattern {
    const EXPECTED: &'static str = "a regular expression";

    fn read(text: &str) -> Option<Self> {
        regex::Regex::new(text).ok().map(Self)
    }

    fn write(&self) -> String {
        self.0.as_str().to_owned()
    }
}

impl Written for PickText {
    const EXPECTED: &'static str = "a CSS selector, with `@attribute` at its end to take an attribute or `~/regex/` to take part of the text";

    fn read(text: &str) -> Option<Self> {
        crate::extract::rules::Pick::parse(text).ok().map(Self)
    }

    fn write(&self) -> String {
        self.0.source.clone()
    }
}

impl Written for PathText {
    const EXPECTED: &'static str = "a JSONPath (RFC 9535), such as \"$.data.results[*]\"";

    fn read(text: &str) -> Option<Self> {
        serde_json_path::JsonPath::parse(text).ok().map(Self)
    }

    fn write(&self) -> String {
        self.0.to_string()
    }
}

impl Written for Template {
    const EXPECTED: &'static str = "an address with `{page}` in it, such as \"index_{page}.html\"";

    fn read(text: &str) -> Option<Self> {
        text.contains("{page}").then(|| Self(text.to_owned()))
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

/// A value that may be left unset by writing an empty text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maybe<T>(pub Option<T>);

impl<'de, T: Written> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self(None));
        }
        let value = T::read(text)
            .ok_or_else(|| de::Error::custom(format_args!("`{text}` is not {}", T::EXPECTED)))?;
        Ok(Self(Some(value)))
    }
}

impl<T: Written> Serialize for Maybe<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.as_ref().map(Written::write).unwrap_or_default())
    }
}

impl<T: JsonSchema> JsonSchema for Maybe<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
    fn inline_schema() -> bool {
        true
    }
}

/// One value or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Many<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor(std::marker::PhantomData))
    }
}

struct ManyVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for ManyVisitor<T> {
    type Value = Many<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(de::value::StrDeserializer::new(text)).map(|value| Many(vec![value]))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Many(values))
    }
}

impl<T: Serialize> Serialize for Many<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for Many<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Many_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
    fn inline_schema() -> bool {
        true
    }
}

/// Parses a duration as configuration writes it, for command-line flags.
impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(text).ok_or_else(|| format!("`{text}` is not {}", Self::EXPECTED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Written>(text: &str, expected: Option<&str>) {
        assert_eq!(T::read(text).map(|value| value.write()).as_deref(), expected, "{text}");
    }

    #[test]
    fn a_duration_needs_its_unit() {
        check::<Period>("15m", Some("15m"));
        check::<Period>("1h 30m", Some("90m"));
        check::<Period>("250ms", Some("250ms"));
        check::<Period>("0s", Some("0s"));
        check::<Period>("48h", Some("2d"));
        for wrong in ["", "15", "m", "15 minutes", "-1s", "99999999999999999999s", "1h30"] {
            check::<Period>(wrong, None);
        }
    }

    #[test]
    fn sizes_zones_and_networks_are_checked() {
        check::<Size>("8MiB", Some("8MiB"));
        check::<Size>("1536B", Some("1536B"));
        check::<Size>("8", None);
        check::<Zone>("+08:00", Some("+08:00"));
        check::<Zone>("-03:30", Some("-03:30"));
        check::<Zone>("CST", None);
        check::<Zone>("+25:00", None);
        check::<Network>("10.0.0.0/8", Some("10.0.0.0/8"));
        check::<Network>("127.0.0.1/32:8080", Some("127.0.0.1/32:8080"));
        check::<Network>("[::1/128]:80", Some("[::1/128]:80"));
        check::<Network>("::1", Some("::1/128"));
        check::<Network>("all", None);
        check::<Domain>("feeds.example.org", Some("feeds.example.org"));
        check::<Domain>("localhost", None);
        check::<Domain>("127.0.0.1", None);
        check::<StoreUrl>("sqlite:a/b.db", Some("sqlite:a/b.db"));
        check::<StoreUrl>("postgres://h/db", None);
    }
}
