//! What the tests share: an upstream that they script, and the house around it.

pub mod house;
pub mod upstream;
