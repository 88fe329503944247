//! Nodes that share a store sign alike: links and message ids are derived from a key, and what one node has signed every other
//! must know. The store keeps a fingerprint of the key, which tells nothing of it.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::AppError;
use crate::store::Store;

/// The word in the store that says that some key signs.
const SIGNS: &str = "signs";

/// What is signed for the fingerprint.
const WHAT: &[u8] = b"masthead: which key signs";

/// Makes sure that this node signs with the key that the others sign with. The first to come settles which that is; a newer
/// one takes its place where it stands above the one that is known.
pub(super) async fn must_sign_alike(store: &dyn Store, newest: &[u8; 32], older: &[[u8; 32]], now: Timestamp) -> Result<(), AppError> {
    let own = signs(newest);
    if store.told(&own).await?.is_some() {
        // Whoever knows a newer one would be signing what we cannot open.
        return if store.told(&signed(newest)).await?.is_none() { Ok(()) } else { Err(refused()) };
    }
    for known in older {
        if store.told(&signs(known)).await?.is_some() && store.told(&signed(known)).await?.is_none() {
            store.first_time(&own, now).await?;
            store.first_time(&signed(known), now).await?;
            tracing::info!("a newer key signs from now on; the other nodes need it too");
            return Ok(());
        }
    }
    // Written before the place is taken, so that no crash in between leaves a place that nobody has.
    store.first_time(&own, now).await?;
    if store.first_time(SIGNS, now).await? {
        return Ok(());
    }
    store.forget(&own).await?;
    Err(refused())
}

fn refused() -> AppError {
    let help = "copy the key's file, `data/token.key` or what `token_key_file` names, from one of them; \
                to change the key, write a new one above the old in the file of every node";
    AppError::Refused(format!("the nodes of this newsroom sign with another key: {help}"))
}

fn signs(key: &[u8; 32]) -> String {
    format!("{SIGNS} {}", fingerprint(key))
}

fn signed(key: &[u8; 32]) -> String {
    format!("signed {}", fingerprint(key))
}

fn fingerprint(key: &[u8; 32]) -> String {
    HEXLOWER.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), WHAT).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::SqliteStore;

    #[tokio::test]
    async fn one_key_signs_until_a_newer_one_stands_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("a.db")).unwrap();
        let (a, b, c) = ([1; 32], [2; 32], [3; 32]);
        let alike = async |newest, older: &[[u8; 32]]| must_sign_alike(&store, newest, older, Timestamp::UNIX_EPOCH).await.is_ok();
        assert!(alike(&a, &[]).await, "the first settles it");
        assert!(alike(&a, &[]).await);
        assert!(!alike(&b, &[]).await && !alike(&b, &[]).await, "another is refused, each time");
        assert!(alike(&b, &[a]).await, "a newer one above the known");
        assert!(alike(&b, &[a]).await && alike(&b, &[]).await);
        assert!(!alike(&a, &[]).await, "whoever has the old one alone has to be given the new one");
        assert!(!alike(&c, &[a]).await, "and from an old one nothing follows");
        assert!(alike(&c, &[b, a]).await);
    }
}
