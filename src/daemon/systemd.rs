//! What systemd is told: that we are ready, how we fare, that we are alive (`sd_notify(3)`). Elsewhere nobody listens, and
//! nothing is said.

use std::time::Duration;

use sd_notify::NotifyState;

/// Everything stands: editors, readers and the schedule are attended to.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The settings are read anew. Ends with [`ready`].
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(since) => tell(&[NotifyState::Reloading, since]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// We end; mail in flight is seen to first.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The loop still turns.
pub(super) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How we fare, in a line.
pub(super) fn status(line: &str) {
    tell(&[NotifyState::Status(line)]);
}

/// How long the loop may be silent before systemd takes us for dead (`WatchdogSec=`), if it watches at all.
pub(super) fn watchdog(environment: &[(String, String)]) -> Option<Duration> {
    let variable = |name: &str| environment.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let is_for_us = variable("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(std::process::id()));
    let span = variable("WATCHDOG_USEC").and_then(|span| span.parse().ok()).map(Duration::from_micros);
    span.filter(|span| is_for_us && !span.is_zero())
}

/// That nobody could be told changes nothing.
fn tell(what: &[NotifyState]) {
    if let Err(fault) = sd_notify::notify(what) {
        tracing::debug!(%fault, "systemd could not be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_counts_only_when_it_watches_this_process() {
        let variables = |pid: &str| vec![("WATCHDOG_USEC".to_owned(), "30000000".to_owned()), ("WATCHDOG_PID".to_owned(), pid.to_owned())];
        assert_eq!(watchdog(&variables(&std::process::id().to_string())), Some(Duration::from_secs(30)));
        assert_eq!(watchdog(&variables("1")), None);
        assert_eq!(watchdog(&[]), None);
        assert_eq!(watchdog(&[("WATCHDOG_USEC".to_owned(), "soon".to_owned())]), None);
    }
}
