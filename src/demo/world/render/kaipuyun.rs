//! Article pages of 开普云, with all that stands around the text in them.

use jiff::Timestamp;

use super::{View, attachment_link, body, escape, stamp, told_time};
use crate::demo::world::spec::{Listing, Shape};
use crate::demo::world::story::Article;

/// The parts of a page that tell whose it is.
pub(super) struct Frame<'a> {
    pub column: &'a str,
    pub title: &'a str,
    /// When the page was generated: with a list, at each new row.
    pub made: Timestamp,
    /// `meta` elements and such, for the head.
    pub head: String,
    pub main: String,
}

/// A whole page with head, navigation and footer.
pub(super) fn framed(view: &View, frame: &Frame) -> String {
    let Frame { column, title, made, head, main } = frame;
    let (site, root) = (view.name(), view.spec.root);
    let (title, top) = (escape(title), root.split('/').next().unwrap_or_default());
    let made = stamp(*made, "%Y-%m-%d %H:%M:%S");
    format!(
        r#"<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width,initial-scale=1" />
<meta name="SiteName" content="{site}"/>
<meta name="SiteIDCode" content="bm71000099"/>
<meta name="ColumnName" content="{column}" />
<meta name="ColumnType" content="{column}"/>
{head}
<meta name="others" content="页面生成时间 {made}" />
<title>{title}_{site}</title>
<link rel="stylesheet" href="/{top}/xhtml/css/common.css">
<script>var siteCode = "bm71000099"; if (1 < 2 && siteCode) {{ document.title = "{site}"; }}</script>
</head>
<body>
<div class="header"><a href="/"><img src="/{top}/xhtml/images/logo.gif" alt="{site}"></a></div>
<div class="nav"><ul class="nav-bar">
<li><a href="/">首页</a></li>
<li><a href="/{top}/c100050/jggk.shtml">机构概况</a></li>
<li><a href="/{root}common_list.shtml">工作动态</a></li>
<li><a href="/{top}/c100052/zmhd.shtml">政民互动</a></li>
</ul></div>
{main}
<div class="footpc"><ul>
<li><a href="/{top}/c100099/wzdt.shtml">网站地图</a></li>
<li><a href="/{top}/c100099/lxwm.shtml">联系我们</a></li>
</ul><p>版权所有：{site} 网站标识码：bm71000099</p></div>
<div style="display:none;">
  < img src ="" />
</div>
<script type="text/javascript" src="/{top}/xhtml/js/foot.js"></script>
</body>
</html>
"#
    )
}

/// An article page.
pub(super) fn article(view: &View, article: &Article) -> String {
    let lead: String = article.paragraphs.iter().flat_map(|text| text.chars()).take(60).collect();
    let head = metas(&Metas {
        title: &article.title,
        // The moment this page was generated, which is not when the article was published.
        made: &stamp(article.visible_at, "%Y-%m-%d %H:%M:%S"),
        origin: &article.bureau,
        description: &format!("{lead}..."),
    });
    let text = body(article, "images/", |n, text| paragraph(view, n, text));
    let main = content(&Content {
        title: &article.title,
        info: &format!("日期：{}     来源：{}", told_time(article), article.bureau),
        text: &text,
        files: attachment_link(article),
    });
    framed(view, &Frame { column: "工作动态", title: &article.title, made: article.visible_at, head, main })
}

/// What the metas of an article say.
pub(super) struct Metas<'a> {
    pub title: &'a str,
    pub made: &'a str,
    pub origin: &'a str,
    pub description: &'a str,
}

/// The metas; `ContentSource` stands there twice.
pub(super) fn metas(metas: &Metas) -> String {
    let title = escape(metas.title);
    let Metas { made, origin, .. } = metas;
    let description = escape(metas.description);
    format!(
        r#"<meta name="ContentSource" content="{origin}">
<meta name="ArticleTitle" content="{title}"/>
<meta name="PubDate" content="{made}"/>
<meta name="ContentSource" content="{origin}"/>
<meta name="Keywords" content=""/>
<meta name="Description" content="{description}"/>"#
    )
}

/// What the middle of an article page says.
pub(super) struct Content<'a> {
    pub title: &'a str,
    pub info: &'a str,
    pub text: &'a str,
    pub files: Option<String>,
}

/// The middle of an article page.
pub(super) fn content(content: &Content) -> String {
    let Content { info, text, .. } = content;
    let title = escape(content.title);
    let files = content.files.as_ref().map(|link| format!("<div class=\"fujian\"><p>附件：</p>{link}</div>"));
    let files = files.unwrap_or_default();
    format!(
        r##"<div class="BreadcrumbNav">当前位置：<a href="/">首页</a>><span>正文</span></div>
<div class="main"><div class="content">
<h2>{title}</h2>
<div class="info">
  <p class="fl">{info}</p>
  <div class="share fr" id="share">
    <div class="print-icon"></div>
    <a class="share-btn" data-w="gwds_weixin" title="微信"> </a>
    <div class="share-popup" style="display: none;"><h6>分享到：<b></b></h6>
      <ul><li><a data-w="gwds_qzone" class="share-btn" href="#">QQ空间</a></li></ul></div>
  </div>
  <p class="fr changeSize" id="changeSize">【字号：<span>大</span> <span>中</span> <span class="on">小</span>】</p>
  <div class="clear"></div>
</div>
<div class="detail-news">
{text}
<div class="ewm" id="QRCode"><p>扫一扫在手机打开当前页</p><img src="/images/qr.png" alt=""></div>
</div>
{files}
<a class="printIco" href="javascript:window.print()">打印本页</a>
</div></div>"##
    )
}

/// A paragraph with the markup that the editors of this site are used to.
fn paragraph(view: &View, n: usize, text: &str) -> String {
    match view.spec.shape {
        Shape::Kaipuyun(Listing::Home) => format!("<p>　　{text}</p>"),
        Shape::Kaipuyun(Listing::Json) => format!(
            "<p class=\"MsoNormal\"><span style=\"font-family: 仿宋_GB2312;\">&ensp;&ensp;{text}<o:p></o:p></span></p>"
        ),
        Shape::Kaipuyun(Listing::Dated) if n == 0 => {
            format!("<p style=\"text-indent: 2em;\"><strong></strong>{text}</p><p>&nbsp;</p>")
        }
        _ => format!("<p style=\"text-indent: 2em;\">{text}</p>"),
    }
}
