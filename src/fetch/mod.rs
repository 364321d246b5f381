//! Stage 2: the only HTTP client.

pub mod robots;
