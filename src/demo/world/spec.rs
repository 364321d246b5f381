//! The sites of the world: who they are, which CMS they imitate, and where their stories stand.

use crate::model::{Kind, Precision, Role};

/// One site.
#[derive(Debug)]
pub(super) struct Spec {
    /// Source key.
    pub key: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What the source polls.
    pub kind: Kind,
    /// The profile that reads it.
    pub profile: Option<&'static str>,
    /// Whose site it is; `None` for the newspaper.
    pub bureau: Option<&'static str>,
    /// ISO 3166-2 code.
    pub region: Option<&'static str>,
    /// How close it stands to the bureaus.
    pub role: Role,
    /// Which pages it serves.
    pub shape: Shape,
    /// The directory of its articles, from the root, with a slash at the end.
    pub root: &'static str,
    /// Path and query of the address that is polled.
    pub list: &'static str,
    /// How exactly its articles tell their time.
    pub precision: Precision,
    /// Its `/robots.txt`; `None` answers 404.
    pub robots: Option<&'static str>,
    /// Whether it sends `ETag` and `Last-Modified`.
    pub validators: bool,
    /// Lines of TOML that its source adds to the profile.
    pub overrides: &'static str,
    /// Its stories, as TOML.
    pub stories: &'static str,
}

/// A kind of site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// 开普云.
    Kaipuyun(Listing),
    /// 大汉.
    Hanweb,
    /// 拓尔思, in GBK.
    Trs,
    /// RSS 2.0.
    Rss,
    /// NetEase.
    NetEase,
}

/// How a 开普云 site lists its articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    /// Rows `li > a > p + span`.
    Rows,
    /// A home page with blocks of links.
    Home,
    /// An empty shell that a script fills from JSON.
    Json,
    /// Rows with a cut title and `[MM-DD]`.
    Dated,
    /// A table with `2026年11月20日`.
    Table,
}

/// The channel that `nx` lists.
pub(super) const JSON_CHANNEL: &str = "5b0e4c1f7a2d4986b3c8d1e0f5a69724";

const ALLOW_ALL: &str = "User-agent: *\nAllow: /\n";
const ALLOW_MOST: &str = "User-agent: *\nCrawl-delay: 0\nDisallow: /manage/\n";

/// What most sites have in common: a bureau's own 开普云 site with validators.
const BUREAU: Spec = Spec {
    key: "",
    name: "",
    kind: Kind::List,
    profile: Some("kaipuyun"),
    bureau: None,
    region: None,
    role: Role::Primary,
    shape: Shape::Kaipuyun(Listing::Rows),
    root: "",
    list: "",
    precision: Precision::Minute,
    robots: Some(ALLOW_ALL),
    validators: true,
    overrides: "",
    stories: "",
};

/// The sites, those nearest to the bureaus first.
pub(super) const SPECS: [Spec; 10] = [
    Spec {
        key: "jx",
        name: "江西局",
        bureau: Some("江西省邮政管理局"),
        region: Some("CN-JX"),
        root: "jxsyzglj/c100057/c100058/",
        list: "jxsyzglj/c100057/c100058/common_list.shtml",
        robots: Some(ALLOW_MOST),
        stories: include_str!("stories/jx.toml"),
        ..BUREAU
    },
    Spec {
        key: "ha",
        name: "河南局",
        kind: Kind::Site,
        bureau: Some("河南省邮政管理局"),
        region: Some("CN-HA"),
        shape: Shape::Kaipuyun(Listing::Home),
        root: "hasyzglj/c100060/c100061/",
        stories: include_str!("stories/ha.toml"),
        ..BUREAU
    },
    Spec {
        key: "nx",
        name: "宁夏局",
        kind: Kind::Json,
        bureau: Some("宁夏回族自治区邮政管理局"),
        region: Some("CN-NX"),
        shape: Shape::Kaipuyun(Listing::Json),
        root: "nxyzglj/c100071/c100072/",
        list: "common/search/5b0e4c1f7a2d4986b3c8d1e0f5a69724?_isJson=true&_pageSize=20&page=1",
        precision: Precision::Second,
        stories: include_str!("stories/nx.toml"),
        ..BUREAU
    },
    Spec {
        key: "zj",
        name: "浙江局",
        bureau: Some("浙江省邮政管理局"),
        region: Some("CN-ZJ"),
        shape: Shape::Kaipuyun(Listing::Dated),
        root: "zjsyzglj/c100057/c100059/",
        list: "zjsyzglj/c100057/c100059/common_list.shtml",
        stories: include_str!("stories/zj.toml"),
        ..BUREAU
    },
    Spec {
        key: "hb",
        name: "湖北局",
        profile: Some("hanweb"),
        bureau: Some("湖北省邮政管理局"),
        region: Some("CN-HB"),
        shape: Shape::Hanweb,
        root: "art/",
        list: "col/col78506/index.html",
        stories: include_str!("stories/hb.toml"),
        ..BUREAU
    },
    Spec {
        key: "cq",
        name: "重庆局",
        profile: Some("trs"),
        bureau: Some("重庆市邮政管理局"),
        region: Some("CN-CQ"),
        shape: Shape::Trs,
        root: "xwdt/sjdt/",
        list: "xwdt/sjdt/",
        robots: None,
        stories: include_str!("stories/cq.toml"),
        ..BUREAU
    },
    Spec {
        key: "gd",
        name: "广东局",
        kind: Kind::Feed,
        profile: None,
        bureau: Some("广东省邮政管理局"),
        region: Some("CN-GD"),
        shape: Shape::Rss,
        root: "xwzx/",
        list: "rss.xml",
        precision: Precision::Second,
        stories: include_str!("stories/gd.toml"),
        ..BUREAU
    },
    Spec {
        key: "tj",
        name: "天津局",
        bureau: Some("天津市邮政管理局"),
        region: Some("CN-TJ"),
        shape: Shape::Kaipuyun(Listing::Table),
        root: "tjsyzglj/c100088/c100089/",
        list: "tjsyzglj/c100088/c100089/list_a.shtml",
        validators: false,
        overrides: "list = { rows = [\"table.news tr\"], title = [\"a\"], date = [\"td:last-child\"] }\n",
        stories: include_str!("stories/tj.toml"),
        ..BUREAU
    },
    Spec {
        key: "spb",
        name: "国家邮政局",
        bureau: Some("国家邮政局"),
        region: Some("CN"),
        role: Role::National,
        root: "gjyzj/c100015/c100016/",
        list: "gjyzj/c100015/c100016/common_list.shtml",
        stories: include_str!("stories/spb.toml"),
        ..BUREAU
    },
    Spec {
        key: "digest",
        name: "邮政快递文摘",
        kind: Kind::Digest,
        profile: Some("netease"),
        role: Role::Paper,
        shape: Shape::NetEase,
        root: "dy/article/",
        list: "dy/article/KH4T0DEMO5118AAA.html",
        precision: Precision::Second,
        stories: include_str!("stories/digest.toml"),
        ..BUREAU
    },
];
