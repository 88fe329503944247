//! Where a database is at home: on this machine, at this place. One that was copied or restored elsewhere must not send
//! what its twin sends as well.

use std::fs;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

/// The name of the place where a store's file lies, on the machine that this is: 32 hex digits that tell nothing else.
pub(super) fn here(store: &Path) -> String {
    let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let place = fs::canonicalize(store).unwrap_or_else(|_| store.to_owned());
    let name = [machine.trim().as_bytes(), b"\0", place.as_os_str().as_encoded_bytes()].concat();
    let mut hex = HEXLOWER.encode(digest(&SHA256, &name).as_ref());
    hex.truncate(32);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_place_is_another_home_and_the_same_place_by_another_road_is_not() {
        let folder = std::env::temp_dir();
        assert_ne!(here(Path::new("/srv/a.db")), here(Path::new("/srv/b.db")));
        assert_eq!(here(&folder), here(&folder.join(".")));
        assert_eq!(here(&folder).len(), 32);
    }
}
