//! How much of its stories a document holds, so that none outgrows its readers and none is left out unseen.

use std::cmp::Reverse;

use super::item::{Item, escaped_bytes};
use crate::model::Story;

/// Largest feed document, in bytes: the W3C validator reads no more than 5 MB, and some readers less.
pub const MAX_FEED_BYTES: usize = 4_000_000;
/// Content of one story at most, where it would push others out: a fourth of a document.
const MAX_CONTENT_BYTES: usize = MAX_FEED_BYTES / 4;
/// Bytes allowed for a link or a file, beside its address and its title.
const LINK_BYTES: usize = 150;

/// An item with the bytes that it takes once written, at most.
struct Measured<'a> {
    item: Item<'a>,
    content_bytes: usize,
    /// All but its content.
    frame_bytes: usize,
    is_kept: bool,
}

impl Measured<'_> {
    fn n_bytes(&self) -> usize {
        self.frame_bytes + if self.item.is_whole { self.content_bytes } else { 0 }
    }

    fn shorten(&mut self) {
        self.item.is_whole = false;
    }
}

/// All stories: where they exceed so many bytes, the longest of them in short. `frame_bytes` is what the format writes
/// around each.
pub(super) fn all(stories: &[Story], frame_bytes: usize, max_bytes: usize) -> Vec<Item<'_>> {
    let mut measured = measured(stories, frame_bytes);
    let n_bytes: usize = measured.iter().map(Measured::n_bytes).sum();
    let mut excess = n_bytes.saturating_sub(max_bytes);
    let mut longest: Vec<&mut Measured> = measured.iter_mut().collect();
    longest.sort_by_key(|it| Reverse(it.content_bytes));
    for it in longest {
        if excess == 0 {
            break;
        }
        it.shorten();
        excess = excess.saturating_sub(it.content_bytes);
    }
    measured.into_iter().map(|it| it.item).collect()
}

/// Those stories that changed last, as many as fit into [`MAX_FEED_BYTES`], in their order; what is very long in short.
pub(super) fn latest(stories: &[Story], frame_bytes: usize) -> Vec<Item<'_>> {
    let mut measured = measured(stories, frame_bytes);
    measured.iter_mut().filter(|it| it.content_bytes > MAX_CONTENT_BYTES).for_each(Measured::shorten);
    let mut by_change: Vec<&mut Measured> = measured.iter_mut().collect();
    by_change.sort_by_key(|it| Reverse(it.item.story.seq));
    let mut room = MAX_FEED_BYTES;
    for it in by_change {
        // Once one is left out, so is what changed before it.
        room = room.saturating_sub(it.n_bytes());
        it.is_kept = room > 0;
    }
    measured.into_iter().filter(|it| it.is_kept).map(|it| it.item).collect()
}

fn measured(stories: &[Story], frame_bytes: usize) -> Vec<Measured<'_>> {
    let measure = |item: Item| frame_bytes + texts(&item).map(escaped_bytes).sum::<usize>() + links(&item);
    stories
        .iter()
        .filter_map(Item::of)
        .map(|item| Measured {
            content_bytes: escaped_bytes(&item.entry.content_html),
            frame_bytes: measure(item),
            is_kept: true,
            item,
        })
        .collect()
}

/// What is written of an item beside its content and its lead.
fn texts<'a>(item: &Item<'a>) -> impl Iterator<Item = &'a str> {
    let entry = item.entry;
    let copies = item.story.copies.iter();
    let copies = copies.flat_map(|copy| [copy.entry.url.as_str(), copy.source_name.as_str()]);
    let near = item.story.related.iter().flat_map(|it| [it.url.as_str(), it.title.as_str()]);
    let files = entry.enclosures.iter().map(|file| file.url.as_str());
    [entry.title.as_str()].into_iter().chain(entry.summary.as_deref()).chain(copies).chain(near).chain(files)
}

fn links(item: &Item) -> usize {
    let story = item.story;
    LINK_BYTES * (story.copies.len() + story.related.len() + item.entry.enclosures.len())
}
