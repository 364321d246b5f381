//! Renders the feed when the store says that readers would see a difference: at most once a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{clock, model::Timestamp, press::Press, publish::next_change_time, store::StoreError};

/// How often the store is asked; changes by other processes are seen too.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Keeps the shelf filled.
#[derive(Debug)]
pub struct Publisher {
    press: Arc<Press>,
    /// The count of changes at the last rendering, whether it succeeded or not.
    tried: AtomicI64,
}

impl Publisher {
    /// Makes a publisher; nothing is rendered yet.
    pub fn new(press: Arc<Press>) -> Self {
        Self { press, tried: AtomicI64::new(-1) }
    }

    /// Looks and renders until the stop. An error leaves the last good feed on the shelf.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if let Err(error) = self.render_if_changed(clock::now()).await {
                tracing::error!(%error, "could not render the feed; the last one is still served");
            }
        }
    }

    /// Renders when something changed, or nothing has been rendered in this process; says whether it did.
    pub async fn render_if_changed(&self, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.press.store().feed_state().await?;
        let changed = state.change_seq != state.rendered_seq;
        if self.tried.load(Ordering::Relaxed) == state.change_seq {
            return Ok(false);
        }
        if changed {
            state.changed_at = next_change_time(state.changed_at, now);
            state.rendered_seq = state.change_seq;
        }
        let published = self.press.shelf_at(state.clone()).await?;
        // The time is kept before it is shown, so that a restart shows the same.
        if changed {
            self.press.store().keep_feed_changed(state.change_seq, state.changed_at).await?;
        }
        self.tried.store(state.change_seq, Ordering::Relaxed);
        if let Some(published) = published {
            self.press.shelf().store(Some(Arc::new(published)));
        }
        Ok(true)
    }
}
