//! Pages of 大汉: a list whose rows are HTML in CDATA in XML in a script, and articles.

use super::{View, attachment_link, body, cut, escape, stamp, told_time};
use crate::demo::world::story::Article;

/// The list page.
pub(super) fn list(view: &View) -> String {
    let records: Vec<String> = view
        .articles
        .iter()
        .map(|article| format!("<record><![CDATA[{}]]></record>", row(article)))
        .collect();
    let unit = format!(
        "<div id=\"78506\" class=\"default_pgContainer\"></div>\n\
         <script type=\"text/xml\"><datastore>\n\
         <nextgroup><![CDATA[<a href=\"/module/web/jpage/dataproxy.jsp?page=1&columnid=78506&unitid=220431\"></a>]]></nextgroup>\n\
         <recordset>\n{}\n</recordset></datastore></script>",
        records.join("\n")
    );
    framed(view, "工作动态", "", &unit)
}

/// A row, in one of the three forms that stand mixed on such pages.
fn row(article: &Article) -> String {
    let (path, title) = (&article.path, escape(&article.title));
    let shown = escape(&cut(&article.title));
    let day = stamp(article.published.at, "%Y-%m-%d");
    match article.number % 3 {
        0 => format!("<li><a href=\"/{path}\" title=\"{title}\">{title}</a><span>{day}</span></li>"),
        1 => {
            format!(
                "<li><a href=\"/{path}\" title=\"{title}\" target=\"_blank\">{shown}</a><b>{day}</b></li>"
            )
        }
        _ => {
            format!("<li><a href=\"/{path}\"><span class=\"list_title\">{shown}</span><i>{day}</i></a></li>")
        }
    }
}

/// An article page.
pub(super) fn article(view: &View, article: &Article) -> String {
    let title = escape(&article.title);
    let (told, origin) = (told_time(article), &article.bureau);
    let head = format!(
        "<meta name=\"ArticleTitle\" content=\"{title}\">\n<meta name=\"PubDate\" content=\"{told}\">\n\
         <meta name=\"ContentSource\" content=\"{origin}\">\n<meta name=\"ColumnName\" content=\"工作动态\">\n"
    );
    let text = body(article, "../../../../picture/", |_, text| format!("<p>　　{text}</p>"));
    let files = attachment_link(article).map(|link| format!("<p>附件：{link}</p>\n")).unwrap_or_default();
    let main = format!(
        "<div id=\"article\">\n<h1 class=\"title\">{title}</h1>\n\
         <div class=\"info\"><span>发布日期：{told}</span> <span>来源：{origin}</span> <span>浏览次数：</span></div>\n\
         <div id=\"zoom\">\n<!--ZJEG_RSS.content.begin-->\n{text}\n{files}<!--ZJEG_RSS.content.end-->\n</div>\n\
         <div class=\"share\"><a href=\"javascript:window.close()\">关闭窗口</a></div>\n</div>"
    );
    framed(view, &article.title, &head, &main)
}

fn framed(view: &View, title: &str, head: &str, main: &str) -> String {
    let (site, title) = (view.name(), escape(title));
    format!(
        "<!DOCTYPE html>\n<html><head>\n<meta charset=\"UTF-8\">\n{head}<title>{title}-{site}</title>\n</head><body>\n\
         <ul class=\"menu\"><li><a href=\"/\">首页</a></li><li><a href=\"/col/col78500/index.html\">政务公开</a></li></ul>\n\
         {main}\n<div class=\"foot\">主办单位：{site}</div>\n</body></html>\n"
    )
}
