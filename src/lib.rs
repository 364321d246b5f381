//! `dibao` reads what official sites publish, recognises the same story however often it is retold,
//! keeps it, and republishes one merged feed.
//!
//! The modules are the way of one entry through the house, in reading order:
//!
//! ```text
//! schedule → fetch → extract → normalise → deduplicate → store → publish
//! ```
//!
//! I/O stands at the ends (`fetch`, `store`, `serve`); every decision in between is a pure function of its
//! arguments. `poll` is the single place where the stages meet.

pub mod clock;
pub mod config;
pub mod model;

pub mod schedule;

pub mod fetch;

pub mod extract;

pub mod normalise;

pub mod dedup;

pub mod search;

pub mod store;

pub mod publish;

pub mod press;

pub mod site;

pub mod push;
pub mod serve;

pub mod observe;
pub mod poll;

pub mod daemon;

pub mod discover;
pub mod reprocess;
pub mod rulings;

pub mod exchange;
pub mod import;
pub mod preview;

pub mod demo;

pub mod cli;
