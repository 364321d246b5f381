//! Home pages: a plain index for every site, and for one a page whose links are all there is to read.

use super::kaipuyun::{Content, Frame, Metas, content, framed, metas};
use super::{Page, View, cut, escape, stamp, trs};
use crate::demo::world::spec::Shape;
use crate::demo::world::story::{Article, hex};

/// A file that a home page links to beside its articles.
pub(super) const GUIDE_PDF: &str = "hasyzglj/xhtml/files/guide.pdf";

/// A page that looks like an article by its address and is none.
struct Institution {
    column: &'static str,
    link: &'static str,
    title: &'static str,
    /// Whether it tells a date, as articles do.
    dated: bool,
    text: &'static str,
}

const INSTITUTIONS: [Institution; 4] = [
    Institution {
        column: "机构职责",
        link: "机构职责",
        title: "机构职责",
        dated: false,
        text: "负责本省邮政行业规划、标准和政策的组织实施，监督管理邮政市场，维护邮政通信与信息安全。",
    },
    Institution {
        column: "领导介绍",
        link: "局领导",
        title: "领导介绍",
        dated: true,
        text: "局长主持全面工作；副局长分管市场监管、普遍服务与安全监督。",
    },
    Institution {
        column: "办事指南",
        link: "办事指南",
        title: "快递业务经营许可办事指南",
        dated: true,
        text: "申请人登录国家邮政局网上办事大厅提交材料，受理后二十个工作日内作出决定。",
    },
    Institution {
        column: "办事指南",
        link: "智能快件箱备案如何办理",
        title: "智能快件箱备案如何办理",
        dated: true,
        text: "运营企业自箱体投入使用之日起二十日内，向所在地邮政管理机构备案并填写箱体编号和设置地点。",
    },
];

/// The plain index that every site has at its root.
pub(super) fn index(view: &View) -> Page {
    let rows: Vec<String> = view
        .articles
        .iter()
        .map(|it| format!("<li><a href=\"/{}\">{}</a></li>", it.path, escape(&it.title)))
        .collect();
    let (name, rows) = (view.name(), rows.join("\n"));
    let list = escape(view.spec.list);
    if view.spec.shape == Shape::Trs {
        return trs::page(view, &trs::framed(name, "", &format!("<ul>\n{rows}\n</ul>")));
    }
    view.html(format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\"><head><meta charset=\"UTF-8\"><title>{name}</title></head>\n\
         <body><h1>{name}</h1>\n<p><a href=\"/{list}\">更多</a></p>\n<ul>\n{rows}\n</ul></body></html>\n"
    ))
}

/// The home page that is itself the source: articles over several blocks, some of them twice, among links
/// to pages that are no articles.
pub(super) fn blocks(view: &View) -> String {
    let (notices, news): (Vec<&Article>, Vec<&Article>) =
        view.articles.iter().copied().partition(|article| article.attachment.is_some());
    let pictures = join(news.iter().take(2).copied(), |it| {
        let title = escape(&it.title);
        format!(
            "<div class=\"swiper-slide\"><a href=\"/{}\" title=\"{title}\"><img src=\"/images/top.png\" alt=\"\">{}</a></div>",
            it.path,
            escape(&cut(&it.title))
        )
    });
    let dated = |it: &Article| {
        let day = stamp(it.published.at, "%Y-%m-%d");
        format!("<li><a href=\"/{}\">{}</a><em>{day}</em></li>", it.path, escape(&it.title))
    };
    let bare = |it: &Article| format!("<li><a href=\"/{}\">{}</a></li>", it.path, escape(&it.title));
    let main = format!(
        "<div class=\"swiper\">\n{pictures}\n</div>\n\
         <div class=\"block\"><h3>工作动态</h3><ul>\n{news}\n</ul></div>\n\
         <div class=\"block\"><h3>通知公告</h3><ul>\n{notices}\n\
         <li><a href=\"https://zwfw.example.com/notice/20260901.html\">关于网上办事大厅系统维护的公告</a></li>\n\
         <li><a href=\"/{GUIDE_PDF}\">寄递安全宣传手册</a></li></ul></div>\n\
         <div class=\"block\"><h3>最新发布</h3><ul>\n{latest}\n</ul></div>\n\
         <div class=\"block\"><h3>机构信息</h3><ul>\n{institutions}\n</ul></div>",
        news = join(news.iter().copied(), dated),
        notices = join(notices.iter().copied(), dated),
        latest = join(view.articles.iter().take(3).copied(), bare),
        institutions = institution_links(view),
    );
    framed(view, &Frame { column: "首页", title: "首页", made: view.changed_at, head: String::new(), main })
}

fn join<'a>(articles: impl Iterator<Item = &'a Article>, row: impl Fn(&Article) -> String) -> String {
    articles.map(row).collect::<Vec<_>>().join("\n")
}

fn institution_links(view: &View) -> String {
    let links = INSTITUTIONS
        .iter()
        .map(|it| format!("<li><a href=\"/{}\">{}</a></li>", institution_path(view, it), it.link));
    links.collect::<Vec<_>>().join("\n")
}

/// The page of an institution, when the path is one's.
pub(super) fn institution(view: &View, path: &str) -> Option<String> {
    let found = INSTITUTIONS.iter().find(|it| institution_path(view, it) == path)?;
    let made = stamp(view.started_at, "%Y-%m-%d %H:%M:%S");
    let head =
        metas(&Metas { title: found.title, made: &made, origin: view.name(), description: found.text });
    let date = if found.dated { stamp(view.started_at, "日期：%Y-%m-%d     ") } else { String::new() };
    let main = content(&Content {
        title: found.title,
        info: &format!("{date}来源：{}", view.name()),
        text: &format!("<p>　　{}</p>", found.text),
        files: None,
    });
    Some(framed(view, &Frame { column: found.column, title: found.title, made: view.started_at, head, main }))
}

fn institution_path(view: &View, it: &Institution) -> String {
    let top = view.spec.root.split('/').next().unwrap_or_default();
    format!("{top}/c100050/{}/{}.shtml", stamp(view.started_at, "%Y%m"), hex(it.title))
}
