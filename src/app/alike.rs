//! Nodes that share a store sign alike: links and message ids are derived from a key, and what one node has signed every other
//! must know. The store keeps a fingerprint of the key, which tells nothing of it.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;

use super::AppError;
use crate::store::Nodes;

/// What is signed for the fingerprint.
const WHAT: &[u8] = b"masthead: which key signs";

/// Makes sure that this node signs with the key that the others sign with. The first to come settles which that is; a newer
/// one takes its place where it stands above the one that is known.
pub(super) async fn must_sign_alike(nodes: &dyn Nodes, newest: &[u8; 32], older: &[[u8; 32]]) -> Result<(), AppError> {
    let older: Vec<String> = older.iter().map(fingerprint).collect();
    if nodes.signs(&fingerprint(newest), &older).await? {
        return Ok(());
    }
    let help = "copy the key's file, `data/token.key` or what `token_key_file` names, from one of them; \
                to change the key, write a new one above the old in the file of every node";
    Err(AppError::Refused(format!("the nodes of this newsroom sign with another key: {help}")))
}

fn fingerprint(key: &[u8; 32]) -> String {
    HEXLOWER.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), WHAT).as_ref())
}
