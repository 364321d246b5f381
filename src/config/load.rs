//! Reading the layers of configuration: built-in defaults, the operator's file and the files it names,
//! the environment.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    ConfigError,
    dedup::{DedupLayer, TablesFile},
    layer::{FileLayer, Layer, ProfileLayer, SourceLayer, StoreLayer, TopicLayer},
    value::StoreUrl,
};

/// Every key with its default, as text.
pub const DEFAULTS: &str = include_str!("../../config/dibao.toml");
const PROFILES: [(&str, &str); 6] = [
    ("config/profiles/kaipuyun.toml", include_str!("../../config/profiles/kaipuyun.toml")),
    ("config/profiles/trs.toml", include_str!("../../config/profiles/trs.toml")),
    ("config/profiles/hanweb.toml", include_str!("../../config/profiles/hanweb.toml")),
    ("config/profiles/netease.toml", include_str!("../../config/profiles/netease.toml")),
    ("config/profiles/wechat.toml", include_str!("../../config/profiles/wechat.toml")),
    ("config/profiles/gov.toml", include_str!("../../config/profiles/gov.toml")),
];
const SOURCES: [(&str, &str); 3] = [
    ("config/sources/national.toml", include_str!("../../config/sources/national.toml")),
    ("config/sources/provinces.toml", include_str!("../../config/sources/provinces.toml")),
    ("config/sources/digests.toml", include_str!("../../config/sources/digests.toml")),
];
const TOPICS: &str = include_str!("../../config/topics.toml");
pub(super) const REGIONS: &str = include_str!("../../config/regions.toml");

/// Variables that are ours but no configuration keys.
const OTHER_VARIABLES: [&str; 2] = ["DIBAO_CONFIG", "DIBAO_LOG"];

/// Where a source was last described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// What [`read`] starts from.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// The operator's file; `None` for the built-in defaults alone.
    pub file: Option<PathBuf>,
    /// A further layer given as text under a name, above the file: what `dibao demo` brings.
    pub text: Option<(String, String)>,
    /// The environment.
    pub env: Vec<(String, String)>,
}

/// All layers, merged.
#[derive(Debug)]
pub(super) struct Merged {
    pub layer: FileLayer,
    pub places: BTreeMap<String, Place>,
    pub warnings: Vec<String>,
    /// The operator's texts with their names, the nearest first.
    pub texts: Vec<(String, String)>,
}

/// A file named in `sources`: only sources, profiles and topics.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct IncludeLayer {
    #[serde(default)]
    profile: BTreeMap<String, ProfileLayer>,
    #[serde(default)]
    source: Vec<SourceLayer>,
    #[serde(default)]
    topic: Vec<TopicLayer>,
}

/// Reads and merges all layers.
pub(super) fn read(origins: &Origins) -> Result<Merged, ConfigError> {
    let mut merged =
        Merged { layer: built_in()?, places: BTreeMap::new(), warnings: Vec::new(), texts: Vec::new() };
    let mut own = FileLayer::default();
    if let Some(path) = &origins.file {
        own = read_file(path, &mut merged.places)?;
        merged.texts.push(read_text(path)?);
    }
    if let Some((name, text)) = &origins.text {
        let layer: FileLayer = parse(name, text)?;
        locate(name, text, &layer.source, &mut merged.places)?;
        own = layer.over(own);
        merged.texts.insert(0, (name.clone(), text.clone()));
    }
    let (mut env, warnings) = read_env(&origins.env)?;
    if let Some(dedup) = &mut env.dedup {
        read_tables("environment", Path::new(""), dedup)?;
    }
    merged.warnings = warnings;
    own = env.over(own);
    if own.defaults != Some(false) {
        merged.layer.source = shipped_sources(&mut merged.places)?;
    }
    merged.layer = own.over(merged.layer);
    Ok(merged)
}

/// Lays a text over layers that were merged before, whose sources are left out.
pub(super) fn with_sources(below: &FileLayer, name: &str, text: &str) -> Result<Merged, ConfigError> {
    let layer: FileLayer = parse(name, text)?;
    let texts = vec![(name.to_owned(), text.to_owned())];
    let mut merged = Merged { layer: below.clone(), places: BTreeMap::new(), warnings: Vec::new(), texts };
    locate(name, text, &layer.source, &mut merged.places)?;
    merged.layer.source = Vec::new();
    merged.layer = layer.over(merged.layer);
    Ok(merged)
}

fn built_in() -> Result<FileLayer, ConfigError> {
    let mut layer: FileLayer = parse("config/dibao.toml", DEFAULTS)?;
    for (name, text) in PROFILES {
        layer.profile.extend(parse::<IncludeLayer>(name, text)?.profile);
    }
    layer.topic = parse::<IncludeLayer>("config/topics.toml", TOPICS)?.topic;
    Ok(layer)
}

fn shipped_sources(places: &mut BTreeMap<String, Place>) -> Result<Vec<SourceLayer>, ConfigError> {
    let mut all = Vec::new();
    for (name, text) in SOURCES {
        let sources = parse::<IncludeLayer>(name, text)?.source;
        let mut here = BTreeMap::new();
        locate(&format!("built-in {name}"), text, &sources, &mut here)?;
        for (key, place) in here {
            places.entry(key).or_insert(place);
        }
        all.extend(sources);
    }
    Ok(all)
}

fn read_file(path: &Path, places: &mut BTreeMap<String, Place>) -> Result<FileLayer, ConfigError> {
    let (name, text) = read_text(path)?;
    let mut layer: FileLayer = parse(&name, &text)?;
    locate(&name, &text, &layer.source, places)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    anchor_paths(&mut layer, folder);
    if let Some(dedup) = &mut layer.dedup {
        read_tables(&name, folder, dedup)?;
    }
    let patterns = layer.sources.take().map(|globs| globs.0).unwrap_or_default();
    for pattern in patterns {
        for path in matching(&name, "sources", folder, &pattern)? {
            let (name, text) = read_text(&path)?;
            let include: IncludeLayer = parse(&name, &text)?;
            locate(&name, &text, &include.source, places)?;
            let mut include = FileLayer {
                profile: include.profile,
                source: include.source,
                topic: include.topic,
                ..FileLayer::default()
            };
            anchor_paths(&mut include, path.parent().unwrap_or(Path::new("")));
            layer = layer.over(include);
        }
    }
    Ok(layer)
}

/// Reads the files that `dedup.tables` names.
fn read_tables(file: &str, folder: &Path, dedup: &mut DedupLayer) -> Result<(), ConfigError> {
    for pattern in dedup.tables.take().map(|globs| globs.0).unwrap_or_default() {
        for path in matching(file, "dedup.tables", folder, &pattern)? {
            let (name, text) = read_text(&path)?;
            dedup.append(parse::<TablesFile>(&name, &text)?);
        }
    }
    Ok(())
}

fn matching(file: &str, key: &str, folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, ConfigError> {
    let problem =
        |problem: String| ConfigError::Setting { key: key.into(), file: Some(file.to_owned()), problem };
    let full = folder.join(pattern);
    let paths = glob::glob(&full.to_string_lossy())
        .map_err(|e| problem(format!("`{pattern}` is no file pattern: {e}")))?;
    let mut found: Vec<PathBuf> =
        paths.collect::<Result<_, _>>().map_err(|e| problem(format!("`{pattern}`: {e}")))?;
    found.sort();
    if found.is_empty() {
        return Err(problem(format!("`{pattern}` names no file below `{}`", folder.display())));
    }
    Ok(found)
}

fn read_text(path: &Path) -> Result<(String, String), ConfigError> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Read { file: name.clone(), source })?;
    Ok((name, text))
}

fn parse<'a, T: Deserialize<'a>>(name: &str, text: &'a str) -> Result<T, ConfigError> {
    toml::from_str(text)
        .map_err(|source| ConfigError::Toml { file: name.to_owned(), source: Box::new(source) })
}

/// Relative paths in a file start at that file.
fn anchor_paths(layer: &mut FileLayer, folder: &Path) {
    if let Some(StoreLayer { url: Some(StoreUrl(path)) }) = &mut layer.store {
        *path = folder.join(&*path);
    }
    let extra_ca = layer.fetch.as_mut().and_then(|fetch| fetch.extra_ca.as_mut());
    let of_sources = layer.source.iter_mut().filter_map(|source| source.extra_ca.as_mut());
    for path in extra_ca.into_iter().chain(of_sources).filter(|path| !path.is_empty()) {
        *path = folder.join(&*path).display().to_string();
    }
}

/// Notes where each source stands; a key twice in one file is an error.
fn locate(
    file: &str,
    text: &str,
    sources: &[SourceLayer],
    places: &mut BTreeMap<String, Place>,
) -> Result<(), ConfigError> {
    let mut here: BTreeMap<String, usize> = BTreeMap::new();
    for (index, source) in sources.iter().enumerate() {
        let Some(key) = &source.key else {
            let line = nth_source_line(text, index);
            return Err(ConfigError::Source {
                file: file.to_owned(),
                line,
                key: String::new(),
                problem: "has no `key`; expected a short name such as \"jx\"".into(),
            });
        };
        let line = line_at(text, key.span().start);
        let name = key.get_ref().clone();
        if let Some(first) = here.insert(name.clone(), line) {
            return Err(ConfigError::Source {
                file: file.to_owned(),
                line,
                key: name,
                problem: format!("stands twice in this file, first in line {first}; give each its own key"),
            });
        }
        places.insert(name, Place { file: file.to_owned(), line });
    }
    Ok(())
}

fn line_at(text: &str, byte: usize) -> usize {
    text.get(..byte).map_or(1, |before| before.matches('\n').count() + 1)
}

fn nth_source_line(text: &str, index: usize) -> usize {
    let headers = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("[[source]]"));
    headers.map(|(i, _)| i + 1).nth(index).unwrap_or(1)
}

/// Adds to a complaint about a value where that value is set: in the environment, or in which line of which file.
pub(super) fn placed(
    error: ConfigError,
    env: &[(String, String)],
    texts: &[(String, String)],
) -> ConfigError {
    let ConfigError::Setting { key, file: None, problem } = error else { return error };
    let variable = format!("DIBAO_{}", key.replace('.', "_").to_uppercase());
    if env.iter().any(|(name, _)| *name == variable) {
        return ConfigError::Env { name: variable, problem };
    }
    let file = texts.iter().find_map(|(name, text)| {
        place_of_key(text, &key).map(|(line, column)| format!("{name}, line {line}, column {column}"))
    });
    ConfigError::Setting { key, file, problem }
}

/// Line and column, from 1, at which `section.key` is set.
fn place_of_key(text: &str, key: &str) -> Option<(usize, usize)> {
    let mut here = "";
    for (i, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Some(header) = trimmed.strip_prefix('[') {
            here = header.trim_end_matches(']').trim();
        } else if let Some((left, _)) = trimmed.split_once('=') {
            let left = left.trim();
            let is_here = key.strip_prefix(here).and_then(|rest| rest.strip_prefix('.')) == Some(left);
            if is_here || (here.is_empty() && key == left) {
                return Some((i + 1, line.len() - line.trim_start().len() + 1));
            }
        }
    }
    None
}

/// Turns `DIBAO_SECTION_KEY` variables into a layer; unknown ones become warnings.
fn read_env(env: &[(String, String)]) -> Result<(FileLayer, Vec<String>), ConfigError> {
    let known: toml::Table = parse("config/dibao.toml", DEFAULTS)?;
    let mut layer = FileLayer::default();
    let mut warnings = Vec::new();
    for (name, text) in env {
        if !name.starts_with("DIBAO_") || OTHER_VARIABLES.contains(&name.as_str()) {
            continue;
        }
        let Some((path, default)) = known_key(&known, "DIBAO", name) else {
            warnings.push(format!(
                "environment variable `{name}` is no key of the configuration; expected DIBAO_SECTION_KEY"
            ));
            continue;
        };
        let value = value_like(default, text);
        let table = path.iter().fold(value, |value, key| toml::Value::Table(table_of(key, value)));
        let one: FileLayer = table.try_into().map_err(|source: toml::de::Error| ConfigError::Env {
            name: name.clone(),
            problem: source.message().to_owned(),
        })?;
        layer = one.over(layer);
    }
    Ok((layer, warnings))
}

fn table_of(key: &str, value: toml::Value) -> toml::Table {
    toml::Table::from_iter([(key.to_owned(), value)])
}

/// The key that a variable names: its parts, the last first, and its default.
fn known_key<'a>(
    known: &'a toml::Table,
    prefix: &str,
    variable: &str,
) -> Option<(Vec<&'a str>, &'a toml::Value)> {
    known.iter().find_map(|(name, value)| {
        let here = format!("{prefix}_{}", name.to_uppercase());
        match value {
            // A table of the operator's own names has no key of ours.
            toml::Value::Table(section) if variable.starts_with(&here) => {
                let (mut path, default) = known_key(section, &here, variable)?;
                path.push(name);
                Some((path, default))
            }
            toml::Value::Table(_) => None,
            value => (here == variable).then(|| (vec![name.as_str()], value)),
        }
    })
}

/// Reads a variable as the same kind of TOML value that the default is.
fn value_like(default: &toml::Value, text: &str) -> toml::Value {
    let as_text = || toml::Value::String(text.to_owned());
    match default {
        toml::Value::Integer(_) => text.trim().parse().map_or_else(|_| as_text(), toml::Value::Integer),
        toml::Value::Float(_) => text.trim().parse().map_or_else(|_| as_text(), toml::Value::Float),
        toml::Value::Boolean(_) => text.trim().parse().map_or_else(|_| as_text(), toml::Value::Boolean),
        toml::Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
        }
        _ => as_text(),
    }
}
