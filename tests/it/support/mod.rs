//! What the tests share: an upstream that they script, and the house around it.

pub(crate) mod client;
pub(crate) mod desk;
pub(crate) mod fixture;
pub(crate) mod house;
pub(crate) mod schema;
pub(crate) mod stock;
pub(crate) mod subscriber;
pub(crate) mod upstream;
