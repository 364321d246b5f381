//! List pages of 开普云, in the forms that bureaus give them.

use super::kaipuyun::{Frame, framed};
use super::{View, cut, escape, stamp};
use crate::demo::world::spec::JSON_CHANNEL;
use crate::demo::world::story::{Article, hex};

/// Rows `li > a > img + p + span`, and the link that names the channel.
pub(super) fn rows(view: &View) -> String {
    let rows = join(view, |article| {
        format!(
            "<li><a href=\"/{}\" target=\"_blank\"><img src=\"/images/dot.png\"/><p>{}</p><span>{}</span></a></li>",
            article.path,
            escape(&article.title),
            stamp(article.published.at, "%Y-%m-%d"),
        )
    });
    let channel = hex(view.spec.root);
    let more = format!(
        "<a class=\"listmore\" href=\"/{}common_listmore.shtml?channelId={channel}&amp;code=c100058\">查看更多</a>",
        view.spec.root
    );
    list(view, &format!("<ul class=\"list\">\n{rows}\n</ul>\n{more}"))
}

/// Rows with a cut title and a date without its year.
pub(super) fn dated(view: &View) -> String {
    let rows = join(view, |article| {
        format!(
            "<li><a href=\"/{}\" title=\"{}\">{}</a><span class=\"date\">[{}]</span></li>",
            article.path,
            escape(&article.title),
            escape(&cut(&article.title)),
            stamp(article.published.at, "%m-%d"),
        )
    });
    list(view, &format!("<ul class=\"list\">\n{rows}\n</ul>"))
}

/// A table under a row of headings.
pub(super) fn table(view: &View) -> String {
    let rows = join(view, |article| {
        format!(
            "<tr><td><a href=\"/{}\">{}</a></td><td>{}</td></tr>",
            article.path,
            escape(&article.title),
            stamp(article.published.at, "%Y年%-m月%-d日"),
        )
    });
    list(view, &format!("<table class=\"news\">\n<tr><th>标题</th><th>发布日期</th></tr>\n{rows}\n</table>"))
}

/// A list that has no rows: a script fills it from the JSON endpoint.
pub(super) fn shell(view: &View) -> String {
    list(
        view,
        &format!(
            "<input id=\"page\" type=\"hidden\" value=\"1\"><input id=\"channelId\" type=\"hidden\" value=\"{JSON_CHANNEL}\">\n\
             <ul id=\"list\" class=\"list mt10\">\n</ul><div id=\"page_div\"></div>\n\
             <a class=\"listmore\" href=\"/{}common_listmore.shtml?channelId={JSON_CHANNEL}\">查看更多</a>",
            view.spec.root
        ),
    )
}

fn join(view: &View, row: impl Fn(&Article) -> String) -> String {
    view.articles.iter().map(|article| row(article)).collect::<Vec<_>>().join("\n")
}

fn list(view: &View, rows: &str) -> String {
    let root = view.spec.root;
    let main = format!(
        "<div class=\"main\"><div class=\"main-left\"><h2>新闻</h2><ul class=\"sidebar\">\n\
         <li><a href=\"/{root}common_list.shtml?channelid={channel}\">工作动态</a></li>\n\
         <li><a href=\"/{root}pubtz.shtml\">通知公告</a></li></ul></div>\n\
         <div class=\"main-right common-list\">\n{rows}\n</div></div>",
        channel = hex(root),
    );
    framed(
        view,
        &Frame {
            column: "工作动态", title: "工作动态", made: view.changed_at, head: String::new(), main
        },
    )
}
