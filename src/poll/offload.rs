//! Reading documents off the asynchronous threads: parsing may take long, and as many at once as there are cores is
//! enough. What was read waits for the store, in few places.

use std::sync::LazyLock;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::observe::Fault;

/// One place a core: more would only take memory.
static CORES: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));

/// Lists of whole entries that are read and not written yet: each takes ten times its bytes.
static READ: Semaphore = Semaphore::const_new(4);

/// A place for a list from its reading to its writing. Who waits for other documents meanwhile gives it back before.
pub(crate) async fn place() -> Option<SemaphorePermit<'static>> {
    READ.acquire().await.ok()
}

/// Runs work on a blocking thread; a panic in it becomes a fault of the source whose document it read.
pub(crate) async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let _core = CORES.acquire().await.map_err(|closed| Fault::of_panic(&closed.to_string()))?;
    tokio::task::spawn_blocking(work).await.map_err(|panic| Fault::of_panic(&panic.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_fault() {
        assert_eq!(offload(|| 7).await, Ok(7));
        let fault = offload(|| -> u8 { panic!("torn page") }).await.unwrap_err();
        assert!(fault.name == "defect" && fault.told().contains("torn page"), "{fault:?}");
    }
}
