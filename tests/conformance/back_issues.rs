//! What is promised of the shelf.

use std::sync::Arc;

use masthead::issue::archive::ArchivedIssue;
use masthead::store::Store;

use crate::newsroom::archived;

pub(crate) async fn what_is_out_comes_oldest_first(store: Arc<dyn Store>) {
    store.shelve(vec![archived("2014-12"), archived("2013-02")]).await.unwrap();
    store.shelve(vec![archived("2014-03"), archived("2014-03-extra")]).await.unwrap();
    let out = store.back_issues().await.unwrap();
    assert_eq!(out, ["2013-02", "2014-03", "2014-03-extra", "2014-12"].map(archived));
}

pub(crate) async fn an_issue_of_the_same_id_is_replaced(store: Arc<dyn Store>) {
    store.shelve(vec![archived("2014-12")]).await.unwrap();
    let mended = ArchivedIssue { title: "Mended".to_owned(), ..archived("2014-12") };
    store.shelve(vec![mended.clone()]).await.unwrap();
    assert_eq!(store.back_issues().await.unwrap(), [mended]);
}
