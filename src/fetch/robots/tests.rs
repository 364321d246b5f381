use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::clock::Effort;

fn check(file: &str, allowed: &[&str], forbidden: &[&str]) {
    let robots = Robots::parse(file.as_bytes(), "Dibao");
    for path in allowed {
        assert!(robots.allows(path), "`{path}` should be allowed by {file:?}");
    }
    for path in forbidden {
        assert!(!robots.allows(path), "`{path}` should be forbidden by {file:?}");
    }
}

#[test]
fn the_longest_rule_decides_and_allow_wins_ties() {
    let file = "User-agent: *\nDisallow: /news/\nAllow: /news/jx/\nDisallow: /news/jx/draft\n";
    check(file, &["/", "/news", "/news/jx/1.html"], &["/news/", "/news/hb/1.html", "/news/jx/draft2"]);
    check("user-agent: dibao\nallow: /page\ndisallow: /page", &["/page", "/page/2"], &[]);
    check("user-agent: dibao\ndisallow: /*.htm\nallow: /page", &["/page.pdf"], &["/page.htm"]);
}

#[test]
fn the_group_that_names_us_replaces_the_one_for_everyone() {
    let file = "User-agent: *\nDisallow: /\n\nUser-Agent: DIBAO/2.0 (reader)\nDisallow: /private\n\
                User-agent: other\nDisallow: /open\n\nUser-agent: dibao\nDisallow: /hidden";
    check(file, &["/open", "/"], &["/private", "/hidden"]);
    check("user-agent: dibaobot\ndisallow: /", &["/a"], &[]);
    check("user-agent: *\ndisallow: /\nuser-agent: dibao", &["/a"], &[]);
    let versioned = Robots::parse(b"user-agent: dibao\ndisallow: /", "Dibao/1.0 (+https://example.org)");
    assert!(!versioned.allows("/a"));
}

#[test]
fn several_user_agents_share_a_group() {
    let file = "user-agent: one\nuser-agent: dibao\nuser-agent: two\ndisallow: /a\ndisallow: /b\n\
                user-agent: three\ndisallow: /c";
    check(file, &["/c"], &["/a", "/b"]);
    let delayed = "user-agent: dibao\ncrawl-delay: 4\nsitemap: http://a/s.xml\nuser-agent: x\ndisallow: /a";
    check(delayed, &["/b"], &["/a"]);
    check("user-agent: *\nuser-agent: x\ndisallow: /a", &["/b"], &["/a"]);
}

#[test]
fn wildcards_match_any_run_and_a_dollar_sign_the_end() {
    check("user-agent: *\ndisallow: /*.pdf$", &["/a.pdf?x=1", "/a.html"], &["/a.pdf", "/b/c.pdf"]);
    check("user-agent: *\ndisallow: /a*b*c", &["/ab", "/acb"], &["/abc", "/a-b-c-d", "/abbc"]);
    check("user-agent: *\ndisallow: /a*b$", &["/abc", "/a"], &["/ab", "/abab"]);
    check("user-agent: *\ndisallow: *.php", &["/a.html"], &["/x/y.php"]);
    check("user-agent: *\ndisallow: /$", &["/a"], &["/", ""]);
    check("user-agent: *\ndisallow: /search?*page=", &["/search?q=1"], &["/search?q=1&page=2"]);
    check("user-agent: *\ndisallow: /pri$ce", &["/price"], &["/pri$ce", "/pri%24ce"]);
    check("user-agent: *\ndisallow: /*", &[], &["/", "/a"]);
    check("user-agent: *\ndisallow: /x*aa*aa*z", &["/xaaaz"], &["/xaaaaz", "/xaa-aa-z"]);
    check("user-agent: *\ndisallow: /aba*aba$", &["/aba", "/ababa"], &["/abaaba"]);
}

#[test]
fn spellings_of_one_path_are_one_path() {
    let file = "user-agent: *\ndisallow: /邮政\ndisallow: /%7eold\ndisallow: /r?to=http%3A%2F%2Fa";
    check(file, &["/%E9%82%AE"], &["/%e9%82%ae%E6%94%BF/1", "/邮政", "/~old", "/%7Eold/x", "/r?to=http://a"]);
    check("user-agent: *\ndisallow: /file-%2A.html", &["/file-1.html"], &["/file-*.html", "/file-%2a.html"]);
    check("user-agent: *\ndisallow: /100%", &["/100"], &["/100%", "/100%25"]);
}

#[test]
fn line_ends_marks_comments_and_unknown_lines_do_not_matter() {
    check("\u{feff}User-agent: *\r\nDisallow: /a # not for us\r\n", &["/b"], &["/a"]);
    check("user-agent: *\rdisallow: /a\rdisallow: /b", &["/c"], &["/a", "/b"]);
    check("  USER-AGENT :  * \n#x\n\nnonsense\nHost: a\n DISALLOW :/a", &["/b"], &["/a"]);
    check("user-agent: *\ndisallow:\nallow:", &["/a"], &[]);
    check("disallow: /a\nuser-agent: *\ndisallow: /b", &["/a"], &["/b"]);
    check("disallow: /", &["/a"], &[]);
    let page = "<!doctype html><html><head><meta name=\"robots\" content=\"noindex: all\"></head>\n\
                <body>Disallow: /<br>\nUser-agent: * is not found</body></html>";
    check(page, &["/", "/a"], &[]);
}

#[test]
fn the_rules_themselves_may_always_be_read() {
    let none = Robots::deny_all();
    assert!(none.allows("/robots.txt") && !none.allows("/") && !none.allows("/robots.txt.bak"));
    assert!(Robots::allow_all().allows("/a") && Robots::parse(b"", "dibao").allows("/a"));
    assert!(!none.allows(""), "an empty path is the root");
}

#[test]
fn a_crawl_delay_is_honoured_up_to_a_minute() {
    let check = |lines: &str, expected: Option<f64>| {
        let robots = Robots::parse(format!("user-agent: *\n{lines}").as_bytes(), "dibao");
        assert_eq!(robots.crawl_delay(), expected.map(Duration::from_secs_f64), "{lines}");
    };
    check("crawl-delay: 10", Some(10.0));
    check("Crawl-Delay: 0.5 # s", Some(0.5));
    check("crawl-delay: 1e300", Some(60.0));
    check("crawl-delay: 2\ncrawl-delay: 5", Some(5.0));
    check("crawl-delay: -1\ncrawl-delay: inf\ncrawl-delay: NaN\ncrawl-delay: soon", None);
    check("user-agent: x\ndisallow: /\nuser-agent: y\ncrawl-delay: 9", None);
}

#[test]
fn a_file_past_the_limit_is_cut_between_lines() {
    let mut file = String::from("user-agent: *\n");
    while file.len() < MAX_BODY_BYTES - 12 {
        file.push_str("#\n");
    }
    file.push_str("disallow: /long-path\ndisallow: /b\n");
    assert!(file.len() > MAX_BODY_BYTES, "the limit falls inside the rule");
    check(&file, &["/a", "/b", "/long-path"], &[]);
    assert!(Robots::parse(&vec![b'a'; MAX_BODY_BYTES + 1], "dibao").allows("/"));
}

#[test]
fn many_wildcards_take_no_exponential_time() {
    let pattern = format!("user-agent: *\ndisallow: /{}b$", "a*".repeat(2_000));
    let robots = Robots::parse(pattern.as_bytes(), "dibao");
    let started = Effort::start();
    assert!(robots.allows(&format!("/{}", "a".repeat(8_000))));
    assert!(started.spent() < Duration::from_secs(2));
}

proptest! {
    #[test]
    fn no_file_and_no_path_make_it_panic(file in any::<Vec<u8>>(), path in ".*") {
        Robots::parse(&file, "dibao").allows(&path);
    }

    #[test]
    fn a_rule_made_of_a_path_matches_that_path(path in "/[ -~邮政]{0,30}") {
        let pattern = path.replace('%', "%25").replace('*', "%2A").replace('$', "%24");
        let rule = Rule::new(false, &pattern);
        prop_assert!(rule.matches(&normal_form(path.replace('%', "%25").as_bytes())));
    }
}
