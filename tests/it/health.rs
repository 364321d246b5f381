//! Broken told apart from quiet, from a source's own history.

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use dibao::{clock, model::Timestamp, serve::Admin};
use tower::ServiceExt;
use url::Url;

use crate::support::{
    house::{House, after, settings},
    upstream::{Answer, Upstream},
};

/// A list of `n` rows that need no article; `round` makes the bytes differ.
fn list(n: usize, round: usize, dated: bool) -> Answer {
    let row = |i: usize| {
        let date =
            if dated { format!("<span>2026-11-{:02}</span>", i % 20 + 1) } else { "<span>x</span>".into() };
        format!("<li><a href=\"/a/{i}.html\">第{i}条工作动态消息</a>{date}</li>")
    };
    let rows: String = (0..n).map(row).collect();
    Answer::html(format!("<html><body><ul class=\"news\">{rows}</ul><!-- {round} --></body></html>"))
}

fn text(upstream: &Upstream) -> String {
    settings(&format!(
        "[[source]]\nkey = \"jx\"\nname = \"江西局\"\nkind = \"list\"\nurl = \"{}\"\nlist = {{ rows = \"ul.news > li\" }}\n\
        article = {{ fetch = false }}\n",
        upstream.url("/list")
    ))
}

/// Sets an answer, polls, and tells the state and whether the operator was told.
async fn state(house: &House, upstream: &Upstream, answer: Answer, at: Timestamp) -> (String, usize) {
    upstream.set("/list", answer);
    house.poll("jx", at).await;
    let poll = house.poller.store.polls_of("jx", 1).await.unwrap().remove(0);
    (poll.state, house.poller.store.alerts(99).await.unwrap().len())
}

#[tokio::test]
async fn what_is_wrong_has_a_name_since_when_and_is_told_once_as_is_the_recovery() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &text(&upstream)).await;
    let mut at = now;
    let mut round = 0;
    let mut check = async |answer: fn(usize) -> Answer, state_wanted: &str, told: usize| {
        at = after(at, 3_600);
        round += 1;
        let found = state(&house, &upstream, answer(round), at).await;
        assert_eq!(found, (state_wanted.to_owned(), told), "round {round}");
    };
    for _ in 0..4 {
        check(|round| list(20, round, true), "ok", 0).await;
    }
    check(|round| list(5, round, true), "rows-lost", 0).await;
    check(|round| list(5, round, true), "rows-lost", 1).await;
    check(|round| list(20, round, true), "ok", 2).await;
    check(|round| list(20, round, false), "dates-lost", 2).await;
    check(|round| list(20, round, true), "ok", 2).await;
    check(|_| Answer::html("<html><script>location.reload()</script></html>"), "script-only", 2).await;
    check(|_| Answer::html("<form><input type=\"password\"></form>"), "login-page", 3).await;
    check(|_| Answer::Status(521, vec![]), "challenge", 3).await;
    check(|_| Answer::html("<html><body><p>维护中</p></body></html>"), "no-rows", 3).await;
    check(|round| list(20, round, true), "ok", 4).await;
    let alerts = house.poller.store.alerts(9).await.unwrap();
    let told: Vec<(&str, &str)> =
        alerts.iter().map(|alert| (alert.kind.as_str(), alert.state.as_str())).collect();
    let expected = [
        ("recovered", "login-page"),
        ("broke", "login-page"),
        ("recovered", "rows-lost"),
        ("broke", "rows-lost"),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn the_operators_pages_tell_it() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &text(&upstream)).await;
    upstream.set("/list", Answer::Status(403, vec![]));
    for hour in 0..3 {
        house.poll("jx", after(now, hour * 3_600)).await;
    }
    let admin = dibao::serve::admin(Admin {
        config: house.poller.config.clone(),
        store: house.poller.store.clone(),
        shelf: house.shelf.clone(),
        base_url: Url::parse("http://127.0.0.1:8751/").unwrap(),
    });
    let get = async |path: &str| {
        let response = admin.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        to_bytes(response.into_body(), 1 << 20).await.unwrap()
    };
    let page = String::from_utf8(get("/status").await.to_vec()).unwrap();
    assert!(page.contains("1 of 1 sources need a look") && page.contains("refuses this machine"), "{page}");
    let json: serde_json::Value = serde_json::from_slice(&get("/status.json").await).unwrap();
    assert_eq!(
        (&json["sources"][0]["state"], &json["sources"][0]["failures_in_a_row"]),
        (&"refused".into(), &3.into())
    );
    let alerts = feed_rs::parser::parse(&*get("/alerts.atom").await).unwrap();
    assert_eq!(alerts.entries.len(), 1);
    assert_eq!(&*get("/healthz").await, b"ok\n");
}
