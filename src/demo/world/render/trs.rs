//! Pages of 拓尔思, as older sites still have them: GBK bytes, declared as gb2312 in the page only.

use encoding_rs::GBK;

use super::{Page, View, attachment_link, body, escape, picture_name, stamp, told_time};
use crate::demo::world::story::Article;

/// A page of this kind: the header says nothing of the encoding.
pub(super) fn page(view: &View, html: &str) -> Page {
    let (bytes, _, _) = GBK.encode(html);
    Page { content_type: "text/html", body: bytes.into_owned(), changed_at: view.changed_at }
}

/// The list page; its links have no text, the titles stand in an attribute.
pub(super) fn list(view: &View) -> String {
    let rows: Vec<String> = view
        .articles
        .iter()
        .map(|article| {
            let path = article.path.trim_start_matches(view.spec.root);
            let day = stamp(article.published.at, "%Y-%m-%d");
            let title = escape(&article.title);
            format!(
                "<li><span>[{day}]</span><a href=\"./{path}\" target=\"_blank\" title=\"{title}\"></a></li>"
            )
        })
        .collect();
    let main = format!(
        "<div class=\"main\"><ul>\n{}\n</ul>\n<script>createPageHTML(1, 0, \"index\", \"html\");</script></div>",
        rows.join("\n")
    );
    framed(view.name(), "", &main)
}

/// An article page.
pub(super) fn article(view: &View, article: &Article) -> String {
    let title = escape(&article.title);
    let (told, origin) = (told_time(article), &article.bureau);
    let head = format!(
        "<meta name=\"ArticleTitle\" content=\"{title}\" />\n<meta name=\"PubDate\" content=\"{told}\" />\n\
         <meta name=\"ContentSource\" content=\"{origin}\" />\n"
    );
    let text = body(article, "./", |_, text| format!("<P align=justify>&nbsp;&nbsp;&nbsp;&nbsp;{text}</P>"));
    let name = picture_name(article);
    let text = text.replace(" alt=", &format!(" OLDSRC=\"{name}\" alt="));
    let files = attachment_link(article).map(|link| format!("<P>附件：{link}</P>\n")).unwrap_or_default();
    let main = format!(
        "<div class=\"title\"><div class=\"title1\">{title}</div></div>\n\
         <div class=\"time\">发布时间：{told}　　来源：{origin}　　<a href=\"javascript:doPrint()\">打印</a></div>\n\
         <div class=\"nr\"><div class=\"content\"><div class=\"TRS_Editor\">\n\
         <style type=\"text/css\">.TRS_Editor P{{line-height:1.5;font-family:宋体;}}</style>\n{text}\n{files}</div></div></div>"
    );
    framed(view.name(), &head, &main)
}

/// A whole page.
pub(super) fn framed(site: &str, head: &str, main: &str) -> String {
    format!(
        "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=gb2312\" />\n{head}\
         <title>{site}</title>\n</head>\n<body>\n\
         <div class=\"menu\"><ul><li><a href=\"../../\">首页</a></li><li><a href=\"../../zcfg/\">政策法规</a></li></ul></div>\n\
         {main}\n<div class=\"bottom\">{site} 版权所有</div>\n</body>\n</html>\n"
    )
}
