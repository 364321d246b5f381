//! The one place that reads the clock. Everything else is handed `now`.

use jiff::Timestamp;

/// Returns the present instant, cut to milliseconds: the precision of the store.
#[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// What a test's own thread works. Unlike the time that passes, it hardly depends on what else the machine does.
#[cfg(test)]
pub(crate) struct Effort(std::time::Duration);

#[cfg(test)]
impl Effort {
    pub(crate) fn start() -> Self {
        Self(Self::so_far())
    }

    /// Since the start.
    pub(crate) fn spent(&self) -> std::time::Duration {
        Self::so_far().saturating_sub(self.0)
    }

    fn so_far() -> std::time::Duration {
        rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).try_into().unwrap()
    }
}
