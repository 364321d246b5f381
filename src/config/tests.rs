use std::path::Path;

use super::*;
use crate::model::Role;

fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Origins { file: None, text: Some(("test.toml".into(), text.into())), env })
}

/// The whole chain of an error, as the command line prints it.
fn told(result: Result<Config, ConfigError>) -> String {
    let error = result.err().map(anyhow::Error::from);
    error.map(|error| format!("{error:#}")).unwrap_or_default()
}

#[test]
fn the_shipped_configuration_holds_all_bureaus() {
    let config = Config::load(&Origins::default()).unwrap();
    assert_eq!(config.bureaus.rows().len(), 32);
    for row in config.bureaus.rows() {
        let whose = |source: &&Arc<SourceConfig>| source.source.region.as_ref() == Some(&row.region);
        let source = config.sources.iter().find(whose);
        let source = source.unwrap_or_else(|| panic!("no source for {}", row.bureau));
        assert_eq!(source.source.bureau.as_ref().map(|bureau| &bureau.name), Some(&row.bureau));
    }
    let homes: Vec<_> = config.sources.iter().filter(|source| source.kind == Kind::Site).collect();
    assert_eq!(homes.len(), 32);
    assert_eq!(homes.iter().filter(|source| !source.verified).count(), 18);
    assert!(config.warnings.is_empty());
}

#[test]
fn hosts_are_mapped_to_bureaus_one_by_one() {
    let config = Config::load(&Origins::default()).unwrap();
    for (key, host, bureau) in [
        ("he", "he.spb.gov.cn", "河北省邮政管理局"),
        ("hb", "hb.spb.gov.cn", "湖北省邮政管理局"),
        ("sx", "sx.spb.gov.cn", "山西省邮政管理局"),
        ("sn", "sn.spb.gov.cn", "陕西省邮政管理局"),
        ("nm", "nm.spb.gov.cn", "内蒙古自治区邮政管理局"),
        ("spb", "www.spb.gov.cn", "国家邮政局"),
    ] {
        let source = config.source(key).unwrap();
        assert_eq!(source.source.url.host_str(), Some(host));
        assert_eq!(source.source.bureau.as_ref().unwrap().name, bureau);
    }
}

#[test]
fn an_operators_source_overrides_a_shipped_one_field_by_field() {
    let config =
        load("[[source]]\nkey = \"jx\"\nkind = \"list\"\nurl = \"https://jx.spb.gov.cn/a.shtml\"\n", &[])
            .unwrap();
    let jx = config.source("jx").unwrap();
    assert_eq!((jx.kind, jx.source.role, jx.verified), (Kind::List, Role::Primary, true));
    assert_eq!(jx.source.name, "江西省邮政管理局");
    assert_eq!(jx.place, Place { file: "test.toml".into(), line: 2 });
    assert_eq!(config.sources.iter().filter(|source| source.source.key.as_str() == "jx").count(), 1);
}

#[test]
fn layers_lie_over_each_other_environment_nearest() {
    let config = load(
        "[server]\nlisten = \"127.0.0.1:1\"\n[feed]\nwindow = 7\n",
        &[("DIBAO_SERVER_LISTEN", "127.0.0.1:2")],
    )
    .unwrap();
    assert_eq!((config.server.listen.port(), config.feed.window), (2, 7));
    let config =
        load("", &[("DIBAO_FETCH_ALLOW_PRIVATE", "127.0.0.1, 10.0.0.0/8"), ("DIBAO_DEFAULTS", "false")])
            .unwrap();
    assert_eq!((config.fetch.allow_private.len(), config.sources.len()), (2, 0));
    assert_eq!(config.warnings.len(), 1, "no source is worth a warning: {:?}", config.warnings);
}

#[test]
fn a_profile_is_overridden_for_one_source_only() {
    let text = "[[source]]\nkey = \"a\"\nkind = \"list\"\nurl = \"https://a.cn/\"\nprofile = \"kaipuyun\"\nlist.rows = \"tr\"\n";
    let config = load(text, &[]).unwrap();
    let rows = |key: &str| {
        config.source(key).unwrap().rules.list.rows.iter().map(|pick| pick.source.clone()).collect::<Vec<_>>()
    };
    assert_eq!(rows("a"), ["tr"]);
    assert!(rows("jx").len() > 1);
    assert!(config.source("a").unwrap().rules.list.article_url.is_some(), "the rest comes from the profile");
}

#[test]
fn errors_name_file_line_column_key_and_what_was_expected() {
    let check = |text: &str, parts: &[&str]| {
        let told = told(load(text, &[]));
        for part in parts {
            assert!(told.contains(part), "`{part}` is missing in: {told}");
        }
    };
    check("[fetch]\ntimeout = \"60\"\n", &["test.toml", "line 2, column 11", "timeout", "with a unit"]);
    check("[feed]\nwindw = 1\n", &["test.toml", "line 2", "windw", "window"]);
    check("[[source]]\nurl = \"https://a.cn/\"\n", &["test.toml", "line 1", "has no `key`"]);
    check("[[source]]\nkey = \"a\"\n", &["line 2", "`a`", "has no `url`"]);
    check("[[source]]\nkey = \"a\"\nurl = \"https://a.cn/\"\n", &["has no `kind`", "digest"]);
    check("\n[[source]]\nkey = \"jx\"\nprofile = \"kaipu\"\n", &["line 3", "kaipu", "netease"]);
    check("[[source]]\nkey = \"jx\"\nbureau = \"江西厅\"\n", &["江西厅", "CN-JX"]);
    check("[[source]]\nkey = \"jx\"\n[[source]]\nkey = \"jx\"\n", &["line 4", "twice", "line 2"]);
    check("[[source]]\nkey = \"jx\"\nrobots = false\n", &["robots_reason"]);
    check("[[source]]\nkey = \"jx\"\nlist.rows = \"ul >>\"\n", &["ul >>", "CSS selector", "line 3"]);
    check("[[source]]\nkey = \"Jx!\"\nkind = \"feed\"\nurl = \"https://a.cn/\"\n", &["Jx!", "lower-case"]);
    check(
        "[schedule]\nmin_interval = \"2d\"\n",
        &["test.toml, line 2, column 1", "schedule.min_interval", "max_interval"],
    );
    check(
        "[feed]\ntitle = \"x\"\n  window = 0\n",
        &["test.toml, line 3, column 3", "feed.window", "at least 1"],
    );
    check("[[source]]\nkey = \"jx\"\nbody = \"a\"\n", &["`body`", "method = \"POST\""]);
    check("[[source]]\nkey = \"jx\"\nmethod = \"PUT\"\n", &["line 3", "PUT", "POST"]);
    check("[[source]]\nkey = \"jx\"\nheaders = { Host = \"a\" }\n", &["header `Host`"]);
    check("[[source]]\nkey = \"jx\"\nheaders = { X-A = \"中\" }\n", &["header `X-A`", "ASCII"]);
    check("[[source]]\nkey = \"jx\"\nlist.page = \"index.html\"\n", &["index.html", "{page}"]);
    check("[store]\nurl = \"postgres://x/y\"\n", &["sqlite:PATH"]);
    let env = told(load("", &[("DIBAO_FETCH_TIMEOUT", "fast")]));
    assert!(env.contains("DIBAO_FETCH_TIMEOUT") && env.contains("fast"), "{env}");
}

#[test]
fn unknown_variables_are_only_warned_of() {
    let config = load("", &[("DIBAO_FETCH_TIMOUT", "1s"), ("DIBAO_LOG", "debug"), ("OTHER", "1")]).unwrap();
    assert!(
        config.warnings.len() == 1 && config.warnings[0].contains("DIBAO_FETCH_TIMOUT"),
        "{:?}",
        config.warnings
    );
}

#[test]
fn files_are_read_with_paths_relative_to_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("sources")).unwrap();
    write("dibao.toml", "sources = [\"sources/*.toml\"]\n[store]\nurl = \"sqlite:data/x.db\"\n");
    write("sources/a.toml", "[[source]]\nkey = \"mine\"\nkind = \"feed\"\nurl = \"https://a.cn/f\"\n");
    let load =
        |name: &str| Config::load(&Origins { file: Some(folder.path().join(name)), ..Origins::default() });
    let config = load("dibao.toml").unwrap();
    assert!(config.source("mine").is_some());
    assert_eq!(config.store_path, folder.path().join(Path::new("data/x.db")));
    write("none.toml", "sources = [\"nothing/*.toml\"]\n");
    assert!(told(load("none.toml")).contains("nothing/*.toml"));
    write("sources/a.toml", "[server]\nlisten = \"127.0.0.1:1\"\n");
    assert!(told(load("dibao.toml")).contains("a.toml"), "only sources and profiles belong there");
    assert!(told(load("missing.toml")).contains("missing.toml"));
}

#[test]
fn what_is_shown_can_be_read_again() {
    let config = Config::load(&Origins::default()).unwrap();
    let again =
        load(&format!("defaults = false\n{}", config.to_toml().replace("defaults = true\n", "")), &[])
            .unwrap();
    assert_eq!(again.sources.len(), config.sources.len());
    assert_eq!(
        again.to_toml().replace("defaults = false\n", ""),
        config.to_toml().replace("defaults = true\n", "")
    );
}

#[test]
fn the_schema_describes_every_section() {
    let schema = Config::schema();
    let properties = schema["properties"].as_object().unwrap();
    for section in
        ["server", "admin", "store", "feed", "fetch", "schedule", "dedup", "retention", "source", "profile"]
    {
        assert!(properties.contains_key(section), "{section}");
    }
}

#[test]
fn the_public_address_ends_in_a_slash() {
    let config = load("[server]\npublic_url = \"https://feeds.example.org/postal\"\n", &[]).unwrap();
    assert_eq!(config.server.public_url.unwrap().as_str(), "https://feeds.example.org/postal/");
}
