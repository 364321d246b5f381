//! Tests of parsing within bounds.

use proptest::prelude::*;

use super::*;

/// What becomes of a page.
fn excess(text: &str) -> Option<Excess> {
    document(text).map_or_else(Some, |parsed| parsed.is_cut.then_some(Excess::Nodes))
}

#[test]
fn deep_nesting_is_refused_and_sloppy_pages_are_not() {
    for deep in [
        "<div>",
        "<div></span>",
        "<span><div></span>",
        "<div \">",
        "<table><tr><td>",
        "<div><!-- > </div> -->",
        "<div><style></div></style>",
        "<b id=1><b id=2>",
        "<svg>",
        "<template>",
        "<object>",
        "<a href=x><div>",
    ] {
        assert_eq!(excess(&deep.repeat(5000)), Some(Excess::Depth), "{deep}");
    }
    for fine in [
        "<li><a href=x>题</a>",
        "<p>段",
        "<tr><td>格<td>格",
        "<div><span>行</div>",
        "<div><br><img></div>",
        "<b><p>文</b></p>",
        "<dt>一<dd>二",
        "<option>一",
        "<p><font color=red>文</p>",
        "</div>",
        "<!-- <div> -->",
        "<script>'<div>'</script>",
        "<div title='<div>'></div>",
        "<a href=x>",
        "<svg><path d=''></path></svg>",
        "<textarea><div></textarea>",
        "1 < 2",
        "<ul><li>x</ul>",
    ] {
        assert_eq!(excess(&fine.repeat(5000)), None, "{fine}");
        assert_eq!(excess(&format!("<table>{}</table>", fine.repeat(5000))), None, "table of {fine}");
    }
}

/// Start tags that differ, `pattern` with a number for its `#`.
fn numbered(pattern: &str, times: usize) -> String {
    (0..times).fold(String::new(), |text, i| text + &pattern.replace('#', &i.to_string()))
}

#[test]
fn pages_built_to_cost_are_given_up() {
    let attributes = numbered("a# ", 30_000);
    let some_attributes = numbered("a# ", 500);
    let formatting = numbered("<b id=#>", 90);
    let scopes = "<span>".repeat(900);
    for (name, text) in [
        ("one tag of many attributes", format!("<p {attributes}>")),
        ("a tag that never ends", format!("<p {attributes}")),
        ("an end tag of many attributes", format!("<p></p {attributes}>")),
        ("many tags of some attributes", format!("<p {some_attributes}>").repeat(1000)),
        ("many formatting tags of some attributes", numbered(&format!("<b i=# {some_attributes}>"), 900)),
        ("formatting opened again and again", format!("<p>{formatting}{}", "<p>x".repeat(50_000))),
        ("stray end tags", format!("{scopes}{}", "</x>".repeat(200_000))),
        ("marks that outlive their elements", "<table><object></table><b></b>".repeat(40_000)),
    ] {
        let found = excess(&text);
        assert!(matches!(found, Some(Excess::Work | Excess::Nodes)), "{name}: {found:?}");
    }
}

#[test]
fn long_texts_that_look_like_tags_are_no_attributes() {
    let words = "a = 'b' / c ".repeat(20_000);
    for fine in [
        format!("<script>if (i<n) {words}</script>"),
        format!("<style></div {words}</style>"),
        format!("<!-- <p {words} -->"),
        format!("<p>{words}"),
        format!("<textarea><p {words}</textarea>"),
        format!("<img src='data:image/png;base64,{}'>", "A".repeat(3_000_000)),
        format!("<p title='{}'>", "词 ".repeat(9_000)),
    ] {
        assert_eq!(excess(&fine), None, "{fine:.40}");
    }
}

#[test]
fn a_page_of_too_many_nodes_is_cut_there() {
    let parsed = document(&"<li>x".repeat(300_000)).unwrap();
    let n_nodes = parsed.page.tree.nodes().count();
    assert!(parsed.is_cut && (MAX_NODES..MAX_NODES + 10).contains(&n_nodes), "{n_nodes}");
    assert!(!document(&"<li>x".repeat(100_000)).unwrap().is_cut);
}

#[test]
fn a_wide_page_may_not_be_deep_and_a_deep_one_not_wide() {
    let (deep, wide) = ("<div>".repeat(500), "<i>x</i>".repeat(30_000));
    assert_eq!(excess(&deep), None);
    assert_eq!(excess(&wide), None);
    assert_eq!(excess(&format!("{deep}{wide}")), Some(Excess::Work));
    assert_eq!(excess(&format!("{deep}{}", "x".repeat(1_000_000))), Some(Excess::Work));
}

#[test]
fn a_fragment_is_bounded_like_a_page() {
    assert_eq!(fragment("<td>x").unwrap().page, Html { errors: Vec::new(), ..Html::parse_fragment("<td>x") });
    assert_eq!(fragment(&"<div>".repeat(5000)).err(), Some(Excess::Depth));
}

const TAGS: [&str; 46] = [
    "<div>",
    "</div>",
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<b id=1>",
    "<a>",
    "</a>",
    "<li>",
    "</li>",
    "<ul>",
    "</ul>",
    "<table>",
    "</table>",
    "<tr>",
    "</tr>",
    "<td>",
    "</td>",
    "<caption>",
    "<span>",
    "</span>",
    "<svg>",
    "</svg>",
    "<style>",
    "</style>",
    "<title>",
    "</title>",
    "<select>",
    "</select>",
    "<option>",
    "<button>",
    "</button>",
    "<form>",
    "</form>",
    "<h1>",
    "</h2>",
    "<foreignObject>",
    "</foreignObject>",
    "<path/>",
    "<template>",
    "</template>",
    "<!--",
    "-->",
    "<object \">",
    "字",
];

proptest! {
    #[test]
    fn pages_are_parsed_as_the_library_does(
        picks in prop::collection::vec((0..TAGS.len(), 1_usize..4), 0..40),
        text in "[<>/a-z!\\-= \"'\\[\\]邮\u{a0}&;#\\x00\r\n]{0,60}",
    ) {
        let text = picks.iter().fold(text, |text, &(pick, times)| text + &TAGS[pick].repeat(times));
        let expected = Html { errors: Vec::new(), ..Html::parse_document(&text) };
        prop_assert_eq!(document(&text).unwrap().page, expected);
        let expected = Html { errors: Vec::new(), ..Html::parse_fragment(&text) };
        prop_assert_eq!(fragment(&text).unwrap().page, expected);
    }

    #[test]
    fn what_is_parsed_is_within_bounds(picks in prop::collection::vec(0..TAGS.len(), 1..9)) {
        let pattern: String = picks.iter().map(|&pick| TAGS[pick]).collect();
        if let Ok(Parsed { page, .. }) = document(&pattern.repeat(400)) {
            let deepest = page.tree.nodes().map(|node| node.ancestors().count()).max();
            // The document itself and the text in the deepest element are no elements.
            prop_assert!(deepest <= Some(MAX_DEPTH + 1), "{deepest:?}: {pattern}");
        }
    }
}
