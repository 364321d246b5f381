//! Which sources a hub says have something new: from the callbacks to the scheduler.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

/// Sources that are to be read soon; each stands once, however often it is told.
#[derive(Debug, Default)]
pub struct Hints {
    keys: Mutex<BTreeSet<String>>,
    woken: Notify,
}

impl Hints {
    /// A hub told of a source.
    pub fn add(&self, source_key: &str) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(source_key.to_owned());
        self.woken.notify_one();
    }

    /// Those told of since the last time.
    pub fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until something is told.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }
}
