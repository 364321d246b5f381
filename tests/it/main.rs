//! Integration tests: one binary.

mod changes;
mod faults;
mod seed;
mod support;
mod world;
