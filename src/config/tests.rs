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
    assert!(config.warnings.is_empty() && config.polling_warning().is_none());
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
    assert_eq!(config.warnings, Vec::<String>::new());
    assert!(config.polling_warning().is_some(), "no source is worth a warning");
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
fn thresholds_have_the_defaults_that_were_measured_and_are_checked() {
    let config = Config::load(&Origins::default()).unwrap();
    assert_eq!(config.dedup.settings, crate::dedup::Settings::default());
    let text = "[dedup]\nroles = [\"paper\", \"primary\", \"platform\", \"national\"]\n[dedup.rules]\nbody = 0.8\nbody_title_within = \"36h\"\n\
        without = [\"event\"]\n[dedup.vetoes]\nwithout = \"place\"\nround_up_provinces = 4\n";
    let config =
        load(text, &[("DIBAO_DEDUP_RULES_MERGE", "0.9"), ("DIBAO_DEDUP_VETOES_FRAME", "1")]).unwrap();
    let settings = &config.dedup.settings;
    assert_eq!(
        (settings.rules.body, settings.rules.body_title_within, settings.rules.merge),
        (0.8, 1.5, 0.9)
    );
    assert_eq!((settings.vetoes.frame, settings.vetoes.round_up_provinces), (1.0, 4));
    assert_eq!(settings.without_rules, [crate::dedup::Rule::Event]);
    assert_eq!(settings.without_vetoes, [crate::dedup::VetoKind::Place]);
    assert_eq!((settings.roles.standing(Role::Paper), settings.roles.standing(Role::National)), (0, 3));
    assert_ne!(settings.revision(), crate::dedup::Settings::default().revision());
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let roles = load("", &[("DIBAO_DEDUP_ROLES", "national,primary,paper,platform")]).unwrap();
    assert_eq!(roles.dedup.settings.roles.standing(Role::National), 0);
}

#[test]
fn wrong_thresholds_roles_and_phrases_are_refused_where_they_stand() {
    let check = |text: &str, parts: &[&str]| {
        let told = told(load(text, &[]));
        for part in parts {
            assert!(told.contains(part), "`{part}` is missing in: {told}");
        }
    };
    let rules = |line: &str| format!("[dedup.rules]\n{line}\n");
    check(&rules("body = 1.2"), &["test.toml", "line 2, column 8", "1.2", "from 0 to 1"]);
    check(&rules("body = -0.1"), &["line 2", "-0.1", "from 0 to 1"]);
    check(&rules("body = \"most\""), &["line 2", "most"]);
    check(&rules("bodi = 0.5"), &["line 2", "bodi", "body"]);
    check(&rules("body_title_within = 21"), &["line 2", "column"]);
    check(&rules("retold_weight = 101"), &["line 2", "101", "0 to 100"]);
    check(&rules("without = [\"body\", \"evnt\"]"), &["line 2", "evnt", "event"]);
    check("[dedup.vetoes]\nwithout = [\"province\"]\n", &["line 2", "province", "can be left out"]);
    check("[dedup]\nwindow = \"0s\"\n", &["line 2", "dedup.window", "is 0"]);
    check("[dedup]\nroles = [\"primary\", \"paper\"]\n", &["line 2, column 9", "each once"]);
    check(
        "[dedup]\nroles = [\"primary\", \"primary\", \"paper\", \"platform\"]\n",
        &["line 2, column 9", "each once"],
    );
    check("[dedup]\nroles = [\"primary\", \"press\"]\n", &["line 2", "press", "national"]);
    check(
        "[dedup.chrome]\ncut = [\"好看吗\",\n \"\"]\n",
        &["test.toml", "line 2", "`` is not", "2 to 200 characters"],
    );
    check("[dedup.chrome]\nline_starts = [\"。。\"]\n", &["line 2", "。。", "letters"]);
    check("[dedup.chrome]\nboilerplate = [\"高质量\"]\n", &["line 2", "高质量", "5 to 200"]);
    check("[dedup.chrome]\nendings = [\"高质量\"]\n", &["line 2", "endings", "tail_starts"]);
    check("[dedup.names]\nsynonyms = [\"一词\"]\n", &["line 2", "一词", "at least two words"]);
    check(
        "[dedup.places]\n  cities = { CN-XX = [\"某某\"] }\n",
        &["line 2, column 3", "CN-XX", "dedup.places.cities"],
    );
    check("[dedup.places]\ncities = { CN-JX = [\"庐\"] }\n", &["line 2", "庐", "2 to 200"]);
    let env = told(load("", &[("DIBAO_DEDUP_RULES_BODY", "7")]));
    assert!(env.contains("DIBAO_DEDUP_RULES_BODY") && env.contains("from 0 to 1"), "{env}");
}

#[test]
fn rows_for_tables_come_from_files_and_from_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let load =
        |name: &str| Config::load(&Origins { file: Some(folder.path().join(name)), ..Origins::default() });
    write(
        "dibao.toml",
        "[dedup]\ntables = [\"rows-*.toml\"]\n[dedup.chrome]\ncut = [\"下载掌上邮局\"]\n[dedup.places.cities]\nCN-JX = \"共青城\"\n",
    );
    write("rows-1.toml", "[chrome]\ncut = [\"欢迎关注邮政之窗\"]\n[names]\nbureau = \"省邮管\"\n");
    write("rows-2.toml", "[places]\ncities = { CN-JX = [\"庐山\"], CN-HB = [\"神农架\"] }\n");
    let config = load("dibao.toml").unwrap();
    let shown = config.to_toml();
    for row in ["下载掌上邮局", "欢迎关注邮政之窗", "省邮管", "共青城", "庐山", "神农架"]
    {
        assert!(shown.contains(row), "{row} is not shown: {shown}");
    }
    let shipped = Config::load(&Origins::default()).unwrap();
    assert_ne!(config.dedup.tables_revision, shipped.dedup.tables_revision);
    let cleaned = |config: &Config| {
        crate::dedup::clean("题", "全省寄递安全会议召开。欢迎关注 邮政之窗", config.dedup.tables()).text
    };
    assert_eq!(
        (cleaned(&config).as_str(), cleaned(&shipped).contains("之窗")),
        ("全省寄递安全会议召开。", true)
    );
    write("rows-2.toml", "[places]\nnot_places = [\"天山南北\",\n\"!\"]\n");
    let error = told(load("dibao.toml"));
    assert!(error.contains("rows-2.toml") && error.contains("line 2") && error.contains("`!`"), "{error}");
    write("rows-2.toml", "[sources]\n");
    assert!(told(load("dibao.toml")).contains("sources"));
    write("dibao.toml", "[dedup]\n tables = \"none-*.toml\"\n");
    let error = told(load("dibao.toml"));
    assert!(error.contains("none-*.toml") && error.contains("dedup.tables"), "{error}");
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
