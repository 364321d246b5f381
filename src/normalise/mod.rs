//! Stage 4: strings as found become an entry: address, title, time, text, bureau.
//!
//! Pure: the time of first sight and the source's zone are parameters.

pub mod html;
pub mod time;
