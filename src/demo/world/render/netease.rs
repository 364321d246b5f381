//! The digest: one page of a NetEase account that retells several bureaus.

use std::fmt::Write as _;

use super::{View, escape, told_time};

/// The page. Its stories follow one another without headings; each ends with its bureau in brackets.
pub(super) fn digest(view: &View) -> String {
    let told = view.articles.first().map(|article| told_time(article)).unwrap_or_default();
    let mut lines = String::new();
    for article in &view.articles {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "<p>{}</p>", escape(&article.title));
        for (n, text) in article.paragraphs.iter().enumerate() {
            let last = n + 1 == article.paragraphs.len();
            let end = if last { format!("({})", article.bureau) } else { String::new() };
            let _ = writeln!(lines, "<p id=\"P{n}{}\">{}{end}</p>", article.number, escape(text));
        }
    }
    let (base, list, name) = (view.base, view.spec.list, view.spec.name);
    let iso = told.replace(' ', "T");
    format!(
        r##"<!DOCTYPE html>
<html id="ne_wrap" data-publishtime="{told}" lang="zh-CN"><head>
<meta charset="UTF-8">
<title>各地邮政管理工作动态|快递|邮政_网易订阅</title>
<link rel="canonical" href="{base}{list}">
<meta property="article:published_time" content="{iso}+08:00"></head><body>
<div class="post_main">
  <h1 class="post_title">各地邮政管理工作动态</h1>
  <div class="post_info">{told}　来源: <a href="/dy/media/T1700000000000.html">{name}</a> <img src="/images/place.png">北京 举报</div>
  <div class="post_top"><a href="#" class="post_top_share">分享至</a><div class="post_share_qr">用微信扫码二维码</div></div>
  <div id="content"><div class="post_body">
<p class="f_center"><img src="https://nimg.ws.126.net/?url=http%3A%2F%2Fdingyue.ws.126.net%2Fdemo.jpg&thumbnail=660x2147483647&quality=80&type=jpg"></p>
{lines}  </div></div>
  <div class="post_statement">特别声明：以上内容（含图片和视频，如有）由自媒体平台“网易号”的用户上传发布，本平台只提供信息存储服务。<br>
Notice: The above content (including any pictures and videos) was uploaded and posted by a user of NetEase Hao, a social media platform that provides information storage services only.</div>
  <div class="post_wemedia"><div class="post_wemedia_name"><a href="/dy/media/T1700000000000.html">{name}</a></div>
    <div class="post_wemedia_title">行业资讯每日汇总</div></div>
  <div class="post_recommends"><h3>相关推荐</h3><ul><li><a href="/dy/article/KH3Z0OTHER518BBB.html">快递柜前的冬天</a></li></ul></div>
</div></body></html>
"##
    )
}
