//! A folder as a relay: one file a message, to look at.

use std::fs;

use masthead::mailing::Stage;
use masthead::relay::folder::FolderRelay;
use masthead::relay::{Relay, RelayError};

use super::{MESSAGE, message, said};

#[tokio::test]
async fn each_message_becomes_a_file_of_the_same_bytes_and_a_repeat_replaces_it() {
    let newsroom = tempfile::tempdir().unwrap();
    let outbox = newsroom.path().join("data/outbox");
    let mut connection = Relay::Folder(FolderRelay::new("outbox", &outbox)).connect().await.unwrap();
    let second = b"Message-ID: <2@example.org>\r\n\r\n\xff.\nanything\r".as_slice();
    for (recipient, octets) in [("ann@example.org", MESSAGE), ("bob@example.org", second), ("ann@example.org", MESSAGE)] {
        let answer = connection.submit(&message(recipient, octets)).await.unwrap();
        assert_eq!(said(&answer), (Stage::Message, 250, "2.0.0".to_owned()));
    }
    let mut files: Vec<_> = fs::read_dir(&outbox).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files.iter().all(|file| file.extension().unwrap() == "eml"));
    assert_eq!(files.iter().map(|file| fs::read(file).unwrap()).collect::<Vec<_>>(), [MESSAGE, second]);
    assert!(connection.is_usable());
    connection.close().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_an_error_at_opening() {
    let newsroom = tempfile::tempdir().unwrap();
    let file = newsroom.path().join("outbox");
    fs::write(&file, "in the way").unwrap();
    let Err(error) = FolderRelay::new("outbox", file.join("below")).connect().await else { panic!("a folder below a file") };
    assert!(matches!(error, RelayError::Open { transient: false, .. }), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_gone_is_an_error_that_may_pass() {
    let newsroom = tempfile::tempdir().unwrap();
    let outbox = newsroom.path().join("outbox");
    let mut connection = FolderRelay::new("outbox", &outbox).connect().await.unwrap();
    fs::remove_dir(&outbox).unwrap();
    let error = connection.hand_over(&message("ann@example.org", MESSAGE), None).await.0.unwrap_err();
    assert!(error.is_transient() && !error.is_in_doubt(), "{error}");
    assert!(!error.to_string().contains("ann@example.org"), "{error}");
}
