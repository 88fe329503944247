//! Nodes on this very machine: of these it can be told for certain that one is dead.

use std::fs;

use crate::store::Node;

/// Whether the process of another node at our place is gone. `own` tells which place is ours. Where we cannot see every
/// process, nobody is taken for dead.
pub(super) fn is_gone(own: &Node, other: &Node) -> bool {
    let sees_all = fs::read_to_string("/proc/1/stat").is_ok();
    sees_all && own.place == other.place && is_a_place(&own.place) && !runs(&other.process)
}

/// A place is known by the machine's run and by the name space of its process numbers.
fn is_a_place(place: &str) -> bool {
    place.split_once(' ').is_some_and(|(boot, numbering)| !boot.is_empty() && numbering.starts_with("pid:"))
}

/// Whether a process of this number that was started then is there, and not only waiting to be buried itself.
fn runs(process: &str) -> bool {
    let Some((number, started_then)) = process.split_once(' ').filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit())) else {
        return true;
    };
    let Ok(stat) = fs::read_to_string(format!("/proc/{number}/stat")) else { return false };
    let is_dead = stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']));
    !is_dead && started(&stat) == started_then
}

/// When a process was started, in the kernel's ticks: the twenty-second field of `stat` (`proc_pid_stat(5)`).
pub(super) fn started(stat: &str) -> &str {
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(19)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_number_and_its_start() {
        let Ok(stat) = fs::read_to_string("/proc/self/stat") else { return };
        let number = std::process::id();
        assert!(runs(&format!("{number} {}", started(&stat))));
        assert!(!runs(&format!("{number} 1")), "another had that number before");
        assert!(!runs("4194999 77"), "there is none of this number");
        assert!(runs("whatever it is"), "who cannot be looked up is not taken for dead");
    }
}
