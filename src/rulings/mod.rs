//! What the operator says about stories: what they are and why, and that two are one or one is two.
//!
//! A ruling is remembered and holds for ever: no later arrival merges what was split, and a replay of all entries
//! under today's rules keeps to it. It can be taken back, or overruled by its opposite.
//!
//! **Invariant:** no ruling changes an id. A story that is split keeps its own; what leaves gets the id back that it
//! once had, or a new one.

mod explain;
mod overrule;
mod target;

pub use explain::{Account, Compared, Copy, Seen, explain};
pub(crate) use overrule::open_story;
pub use overrule::{Done, Overruler};
pub use target::{Target, TargetError};
