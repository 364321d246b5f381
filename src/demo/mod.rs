//! Replica sites on loopback, for `dibao demo` and the tests.

pub mod settings;
pub mod world;
