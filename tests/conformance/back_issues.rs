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

pub(crate) async fn the_shelf_has_all_but_the_manuscripts_and_one_issue_is_had_whole(store: Arc<dyn Store>) {
    let whole = ArchivedIssue { manuscript: "---\n---\n# Wells".to_owned(), ..archived("2014-12") };
    store.shelve(vec![whole.clone(), archived("2013-02")]).await.unwrap();
    let bare = |issue: ArchivedIssue| ArchivedIssue { manuscript: String::new(), ..issue };
    assert_eq!(store.shelf().await.unwrap(), [bare(archived("2013-02")), bare(whole.clone())]);
    assert_eq!(store.back_issue(&whole.id).await.unwrap(), Some(whole));
    assert_eq!(store.back_issue(&"2014-11".parse().unwrap()).await.unwrap(), None);
}

pub(crate) async fn an_issue_of_the_same_id_is_replaced(store: Arc<dyn Store>) {
    store.shelve(vec![archived("2014-12")]).await.unwrap();
    let mended = ArchivedIssue { title: "Mended".to_owned(), ..archived("2014-12") };
    store.shelve(vec![mended.clone()]).await.unwrap();
    assert_eq!(store.back_issues().await.unwrap(), [mended]);
}
