//! Where a database is at home: on this machine, at this place. One that was copied or restored elsewhere must not send
//! what its twin sends as well.

use std::fs;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use crate::store::{Result, Store};

/// The name of a store's home: 32 hex digits that tell nothing else. A file is at home where it lies, on the machine that this
/// is; a database on its server, whoever comes to it.
pub(super) async fn here(store: &dyn Store) -> Result<String> {
    let machine = match store.shared() {
        None => fs::read_to_string("/etc/machine-id").unwrap_or_default(),
        Some(_) => "a database".to_owned(),
    };
    Ok(name(&machine, &store.place().await?))
}

fn name(machine: &str, place: &[u8]) -> String {
    let name = [machine.trim().as_bytes(), b"\0", place].concat();
    let mut hex = HEXLOWER.encode(digest(&SHA256, &name).as_ref());
    hex.truncate(32);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_place_or_machine_is_another_home() {
        let here = name("one\n", b"/srv/a.db");
        assert_eq!((here.len(), &here), (32, &name("one", b"/srv/a.db")));
        assert_ne!(here, name("one", b"/srv/b.db"));
        assert_ne!(here, name("two", b"/srv/a.db"));
    }
}
