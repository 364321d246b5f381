use proptest::prelude::*;

use super::*;

const NOTICE: &str = "国家邮政局发布通知，快递业务量同比增长";

fn utf16(text: &str, is_big_endian: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if is_big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
        .collect()
}

fn gbk(text: &str) -> Vec<u8> {
    GBK.encode(text).0.into_owned()
}

#[test]
fn declarations_are_followed_in_the_order_of_their_authority() {
    let check = |body: Vec<u8>, header: Option<&str>, charset: &str, has_note: bool| {
        let it = decode(&body, header);
        assert!(it.text.contains(NOTICE), "{header:?} {charset}: {}", it.text);
        assert_eq!((it.charset, it.note.is_some()), (charset, has_note), "{header:?}: {:?}", it.note);
    };
    let meta = |label: &str| format!("<html><head><meta charset=\"{label}\"></head>{NOTICE}");
    let http_equiv = |label: &str| {
        format!("<html><META http-equiv=Content-Type content='text/html; CHARSET={label}'>{NOTICE}")
    };
    let xml = |label: &str| format!("<?xml version='1.0' encoding='{label}' ?><rss>{NOTICE}</rss>");
    let html = Some("text/html; charset=GBK");

    check(gbk(NOTICE), html, "GBK", false);
    check(gbk(NOTICE), Some("text/html;Charset = \"gb2312\""), "GBK", false);
    check(gbk(&meta("gb2312")), Some("text/html"), "GBK", false);
    check(gbk(&meta("cp936")), None, "GBK", false);
    check(gbk(&meta("gb18030")), None, "gb18030", false);
    check(gbk(&http_equiv("gbk")), None, "GBK", false);
    check(gbk(&xml("gb2312")), Some("text/xml"), "GBK", false);
    check(gbk(&meta("gbk")), Some("text/html; charset=ISO-8859-1"), "GBK", false);
    check(gbk(&meta("gbk")), Some("text/html; charset=us-ascii"), "GBK", false);
    check(gbk(&meta("gbk")), Some("text/html; charset=nonsense"), "GBK", false);
    check(gbk(&format!("<!-- <meta charset=utf-8> -->{}", meta("gbk"))), None, "GBK", false);
    check(meta("utf-8").into_bytes(), html, "UTF-8", true);
    check(NOTICE.into(), None, "UTF-8", false);
    check(NOTICE.into(), Some("text/html; charset=ISO-8859-1"), "UTF-8", false);
    check(utf16(&xml("utf-16"), true), None, "UTF-16BE", false);
    check(utf16(&xml("utf-16"), false), Some("text/xml; charset=utf-8"), "UTF-16LE", false);
    check(utf16(&format!("\u{feff}<a>{NOTICE}"), false), None, "UTF-16LE", false);
    check(utf16(&format!("\u{feff}{NOTICE}"), true), None, "UTF-16BE", false);
    check(format!("\u{feff}{}", meta("gbk")).into_bytes(), html, "UTF-8", false);
}

#[test]
fn what_the_bytes_refute_is_not_believed() {
    let check = |body: &[u8], header: Option<&str>, charset: &str, note: Option<&str>| {
        let it = decode(body, header);
        assert_eq!((it.charset, it.note.as_deref()), (charset, note), "{header:?}: {}", it.text);
    };
    let utf8 = Some("text/xml; charset=utf-8");
    check(
        NOTICE.as_bytes(),
        Some("a/b; charset=gb2312"),
        "UTF-8",
        Some("declares `GBK` but its bytes are `UTF-8`"),
    );
    check(b"<?xml encoding='utf-16'?><a/>", None, "UTF-8", None);
    check(b"<meta charset=hz-gb-2312>", None, "UTF-8", None);
    check(&gbk(NOTICE), utf8, "GBK", Some("declares `UTF-8` but its bytes are `GBK`"));
    check(&gbk(NOTICE), None, "GBK", Some("no charset is declared; read as `GBK` from its bytes"));
    // A server's default says nothing.
    let latin = Some("text/html; charset=ISO-8859-1");
    check(&gbk(NOTICE), latin, "GBK", Some("no charset is declared; read as `GBK` from its bytes"));

    let mut damaged = NOTICE.repeat(2).into_bytes();
    damaged[30] = 0xff;
    let note = Some("some bytes are no `UTF-8` and became U+FFFD");
    check(&damaged, utf8, "UTF-8", note);
    check(&damaged, None, "UTF-8", note);
    let mut damaged = gbk(NOTICE);
    damaged[4] = 0xff;
    check(&damaged, Some("a/b; charset=gbk"), "GBK", Some("some bytes are no `GBK` and became U+FFFD"));
}

#[test]
fn a_character_cut_at_the_end_does_not_change_the_charset() {
    let body = &NOTICE.as_bytes()[..NOTICE.len() - 1];
    assert_eq!(decode(body, None).charset, "UTF-8");
    assert_eq!(decode(body, Some("a/b; charset=utf-8")).charset, "UTF-8");
}

#[test]
fn nothing_decodes_to_nothing() {
    assert_eq!(decode(b"", None), Decoded { text: String::new(), charset: "UTF-8", note: None });
}

#[test]
fn letters_that_only_gb18030_has_are_read_under_the_label_gb2312() {
    let (body, _, _) = GB18030.encode("镕㐀€");
    assert_eq!(decode(&body, Some("text/html; charset=gb2312")).text, "镕㐀€");
}

proptest! {
    #[test]
    fn any_bytes_decode(body in proptest::collection::vec(any::<u8>(), 0..300), header in "(charset=)?[a-z0-9-]{0,12}") {
        decode(&body, Some(&header));
    }

    #[test]
    fn text_in_utf_8_comes_back_whatever_is_declared(text in "[\\u{4e00}-\\u{9fa5}]{4,40}") {
        for header in [None, Some("a/b; charset=gbk"), Some("a/b; charset=utf-8"), Some("a/b; charset=latin1")] {
            prop_assert_eq!(&decode(text.as_bytes(), header).text, &text);
        }
    }
}
