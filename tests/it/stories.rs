//! What holds of stories whatever happens to them, in whatever order.

use std::collections::BTreeMap;

use dibao::{
    clock,
    dedup::Rule,
    model::{AtomId, CanonicalUrl, Timestamp},
    poll::ingest::{self, Step},
    reprocess::regroup::{apply, regroup},
    rulings::Overruler,
    store::{Attached, Standing, Store},
};
use proptest::prelude::*;

use crate::support::{
    desk::{Desk, Telling, hours_before},
    house::after,
};

/// Sequences tried of each kind; each opens a store of its own.
const CASES: u32 = 24;
/// Seconds between two things that happen; some wait for a day to pass.
const STEP: u64 = 90_000;

const TEXTS: [&str; 3] = [
    "为推动农村寄递物流体系建设走深走实，省邮政管理局近日派出三个督导组，赴赣州、上饶、抚州等地的四十二个乡镇开展专项督导。\
    督导组随机走访村级寄递物流综合服务站一百二十六个，现场查看快件到站时间、取件登记和收费公示情况，与村干部、站点经营者和取件村民逐一交谈。\
    省局要求，各市局要建立问题台账，十二月底前完成整改，并将整改结果纳入年度考核。",
    "近日,省邮政管理局派出三个督导组,赴赣州、上饶、抚州等地的四十二个乡镇开展专项督导,随机走访村级寄递物流综合服务站一百二十六个,现场查看快件到站时间、取件登记和收费公示情况。\
    省局要求,各市局要建立问题台账,十二月底前完成整改,并将整改结果纳入年度考核。",
    "针对近期部分分拨中心消防设施维护不到位的情况，江西省邮政管理局与省消防救援总队联合约谈五家寄递企业省级总部负责人。\
    约谈会通报了十月份联合检查发现的六十三项火灾隐患，其中电气线路敷设不规范二十一项，安全出口堵塞九项。",
];

/// Eight tellings of two events: copies letter for letter, an abridgement, and another event.
fn tellings(now: Timestamp) -> Vec<Telling> {
    let told = [
        ("jx", "a", "江西省邮政管理局组织开展农村寄递物流服务质量专项督导", 0, 60),
        ("portal", "b", "江西督导农村寄递", 0, 50),
        ("spb", "c", "江西局组织农村寄递物流专项督导", 0, 40),
        ("paper", "d", "江西局督导农村寄递物流服务质量", 1, 30),
        ("portal", "e", "督导农村寄递物流服务质量", 1, 20),
        ("jx", "f", "江西局联合约谈寄递企业", 2, 55),
        ("paper", "g", "江西局约谈五家寄递企业", 2, 25),
        ("jx-city", "h", "组织开展农村寄递物流服务质量专项督导", 0, 45),
    ];
    let telling = |(source, id, title, text, hours): (&'static str, &str, &str, usize, u64)| {
        Telling::new(source, id, title, TEXTS[text], hours_before(now, hours))
    };
    told.into_iter().map(telling).collect()
}

#[derive(Debug, Clone)]
enum Event {
    Ingest(usize),
    Revise(usize),
    Split(usize),
    UndoSplit(usize),
    Join(usize, usize),
    UndoJoin(usize, usize),
    /// What was held back is let in.
    Accept(usize),
    /// Its source gives it under another id and address.
    Readdress(usize),
    /// All entries are put into stories anew, by strict rules or the usual ones.
    Replay(bool),
    Gone(usize),
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let which = 0..8_usize;
    prop_oneof![
        6 => which.clone().prop_map(Event::Ingest),
        2 => which.clone().prop_map(Event::Revise),
        2 => which.clone().prop_map(Event::Split),
        1 => which.clone().prop_map(Event::UndoSplit),
        2 => (which.clone(), which.clone()).prop_map(|(a, b)| Event::Join(a, b)),
        1 => (which.clone(), which.clone()).prop_map(|(a, b)| Event::UndoJoin(a, b)),
        1 => which.clone().prop_map(Event::Accept),
        1 => which.clone().prop_map(Event::Readdress),
        2 => any::<bool>().prop_map(Event::Replay),
        2 => which.prop_map(Event::Gone),
        1 => Just(Event::Restart),
    ]
}

/// Each telling that is stored, with the story in which it stands.
async fn places(store: &Store, tellings: &[Telling]) -> BTreeMap<String, AtomId> {
    let mut places = BTreeMap::new();
    for telling in tellings {
        let (known, _) = store.known_rows(telling.source, &[&telling.id]).await.unwrap();
        for known in known.values() {
            let account = store.account(known.story_id).await.unwrap().unwrap();
            places.insert(telling.id.clone(), account.atom_id);
        }
    }
    places
}

async fn happen(desk: &Desk, tellings: &mut [Telling], event: &Event, now: Timestamp) {
    let ruled = Overruler { store: &desk.store, config: &desk.config, now };
    match event {
        Event::Ingest(i) => {
            desk.put(&tellings[*i], now).await;
        }
        Event::Revise(i) => {
            tellings[*i].text.push_str("有关情况将持续跟踪。");
            desk.put(&tellings[*i], now).await;
        }
        // What cannot be ruled is refused; that is another test's.
        Event::Split(i) => drop(ruled.split(&[tellings[*i].url()], None).await),
        Event::UndoSplit(i) => drop(ruled.undo_split(&[tellings[*i].url()]).await),
        Event::Join(i, j) => drop(ruled.join(&tellings[*i].url(), &tellings[*j].url(), None).await),
        Event::UndoJoin(i, j) => drop(ruled.undo_join(&tellings[*i].url(), &tellings[*j].url()).await),
        Event::Accept(i) => {
            desk.take(&tellings[*i], true, now).await;
        }
        Event::Readdress(i) => readdress(desk, &mut tellings[*i], now).await,
        Event::Replay(is_strict) => replay(desk, *is_strict, now).await,
        Event::Gone(i) => desk.gone(&tellings[*i], now).await,
        Event::Restart => {}
    }
}

/// Gives a stored telling a further id, as a source does that changes all of them.
async fn readdress(desk: &Desk, telling: &mut Telling, now: Timestamp) {
    let (known, _) = desk.store.known_rows(telling.source, &[&telling.id]).await.unwrap();
    let Some(known) = known.into_values().next() else { return };
    telling.id.push('+');
    let attached = Attached {
        entry_id: known.id,
        source_entry_id: telling.id.clone(),
        url: telling.url(),
        canonical_url: CanonicalUrl::parse(&telling.url()),
        row_hash: None,
        row: None,
    };
    let source = desk.config.source(telling.source).unwrap();
    ingest::write(&desk.store, &desk.config, source, vec![Step::Attached(attached)], now).await.unwrap();
}

/// `dibao reprocess --dedup --apply`; under strict rules hardly anything is one story.
async fn replay(desk: &Desk, is_strict: bool, now: Timestamp) {
    let mut config = (*desk.config).clone();
    if is_strict {
        config.dedup.settings.without_rules = Rule::JOINING.to_vec();
    }
    let found = regroup(&desk.store, &config, now).await.unwrap();
    apply(&desk.store, &config, &found, now).await.unwrap();
    let again = regroup(&desk.store, &config, now).await.unwrap();
    assert_eq!(
        (again.changes.len(), again.reshown.len()),
        (0, 0),
        "a second replay changes nothing: {again:?}"
    );
}

/// No id that was ever given is lost, and but for what parts stories every telling stays under the id it had, or the one that its
/// story turned out to be.
async fn hold(desk: &Desk, event: &Event, before: &BTreeMap<String, AtomId>, tellings: &[Telling]) {
    let now = places(&desk.store, tellings).await;
    for (telling, id) in before {
        // Under another id now, if its source gave it one.
        let telling =
            now.keys().find(|key| key.trim_end_matches('+') == telling.trim_end_matches('+')).unwrap();
        let found = desk.store.story_by(&id.0).await.unwrap().expect("an id is never lost");
        assert_eq!(found.atom_id, *id);
        let is_split = matches!(event, Event::Split(_) | Event::UndoJoin(..) | Event::Replay(_));
        let lives_as = match &found.standing {
            Standing::Merged { atom_id, .. } => atom_id,
            Standing::Live | Standing::Withdrawn { .. } => id,
        };
        assert!(is_split || now[telling] == *lives_as, "{telling} left its story by {event:?}");
    }
    let live = desk.stories().await;
    for story in &live {
        assert!(story.canonical().is_some(), "{story:?}");
    }
    let n_ids = live.iter().map(|story| &story.atom_id).collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(n_ids, live.len());
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ids_never_change_whatever_happens(events in proptest::collection::vec(event(), 1..16)) {
        run(async {
            let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
            let mut desk = Desk::open(&folder, "").await;
            let mut tellings = tellings(now);
            let mut ids: Vec<AtomId> = Vec::new();
            for (i, event) in (0..).zip(&events) {
                let before = places(&desk.store, &tellings).await;
                if matches!(event, Event::Restart) {
                    desk.store.close().await;
                    desk = Desk::open(&folder, "").await;
                }
                happen(&desk, &mut tellings, event, after(now, i * STEP)).await;
                hold(&desk, event, &before, &tellings).await;
                ids.extend(desk.stories().await.into_iter().map(|story| story.atom_id));
                for id in &ids {
                    assert!(desk.store.story_by(&id.short()).await.unwrap().is_some(), "{id:?} is lost");
                }
            }
        });
    }

    #[test]
    fn ingesting_again_changes_nothing(order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(), again in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle()) {
        run(async {
            let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
            let desk = Desk::open(&folder, "").await;
            let tellings = tellings(now);
            for (i, which) in (0..).zip(&order) {
                desk.put(&tellings[*which], after(now, i)).await;
            }
            let all = async || {
                let stories = desk.stories().await;
                let stories = format!("{stories:?}");
                (stories, desk.store.feed_state().await.unwrap(), desk.store.counts().await.unwrap())
            };
            let before = all().await;
            for (i, which) in (0..).zip(&again) {
                let tally = desk.put(&tellings[*which], after(now, 100 + i)).await;
                assert_eq!((tally.n_new, tally.n_updated, tally.n_unchanged), (0, 0, 1));
            }
            assert_eq!(all().await, before);
        });
    }

    #[test]
    fn copies_letter_for_letter_share_a_story_in_any_order(order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle()) {
        run(async {
            let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
            let desk = Desk::open(&folder, "").await;
            let tellings = tellings(now);
            for (i, which) in (0..).zip(&order) {
                desk.put(&tellings[*which], after(now, i)).await;
            }
            let places = places(&desk.store, &tellings).await;
            for copies in [["a", "b", "c", "h"].as_slice(), &["d", "e"], &["f", "g"]] {
                assert!(copies.iter().all(|copy| places[*copy] == places[copies[0]]), "{order:?}: {places:?}");
            }
            assert_ne!(places["a"], places["f"], "and another event does not");
        });
    }

    #[test]
    fn what_was_split_is_not_joined_by_what_comes_again(
        order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(),
        again in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(),
        which in 0..8_usize,
    ) {
        run(async {
            let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
            let desk = Desk::open(&folder, "").await;
            let tellings = tellings(now);
            for (i, which) in (0..).zip(&order) {
                desk.put(&tellings[*which], after(now, i)).await;
            }
            let before = places(&desk.store, &tellings).await;
            let split = &tellings[which];
            let ruled = Overruler { store: &desk.store, config: &desk.config, now: after(now, 50) };
            ruled.split(&[split.url()], None).await.unwrap();
            for (i, which) in (0..).zip(&again) {
                desk.put(&tellings[*which], after(now, 100 + i)).await;
                // And a copy of it that was never there.
                let copy = Telling { id: format!("{}-again", tellings[*which].id), source: "portal", ..tellings[*which].clone() };
                desk.put(&copy, after(now, 200 + i)).await;
            }
            let places = places(&desk.store, &tellings).await;
            let others = before.iter().filter(|(id, story)| **id != split.id && **story == before[&split.id]);
            for (other, _) in others {
                assert_ne!(places[other], places[&split.id], "{other} and {} are one again", split.id);
            }
        });
    }
}
