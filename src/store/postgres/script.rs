//! Statements that go to the server in one breath: each is sent before the one before it is answered, so that all of them cost
//! one wait.

use std::future::poll_fn;
use std::task::Poll;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::store::Result;

/// What one statement is given.
type Params = Vec<Box<dyn ToSql + Sync + Send>>;

/// Statements in their order.
#[derive(Default)]
pub(super) struct Script(Vec<(&'static str, Params)>);

/// Boxes what a statement is given.
macro_rules! given {
    ($($value:expr),* $(,)?) => {
        vec![$(Box::new($value) as Box<dyn tokio_postgres::types::ToSql + Sync + Send>),*]
    };
}
pub(super) use given;

impl Script {
    /// One more statement.
    pub(super) fn say(&mut self, sql: &'static str, given: Params) {
        self.0.push((sql, given));
    }

    /// Says all of it, and returns what each statement found. The first fault is that of all: what came after it failed with
    /// it, where they share a transaction.
    pub(super) async fn run(self, client: &impl GenericClient) -> Result<Vec<Vec<Row>>> {
        let mut prepared = Vec::with_capacity(self.0.len());
        for (sql, given) in self.0 {
            // Known by heart after the first time.
            prepared.push((client.prepare_cached(sql).await?, given));
        }
        let said = prepared.iter().map(|(statement, given)| async move {
            let given: Vec<&(dyn ToSql + Sync)> = given.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
            client.query(statement, &given).await
        });
        let answers = in_order(said.collect()).await;
        answers.into_iter().map(|answer| answer.map_err(Into::into)).collect()
    }
}

/// Begins all of them in their order, and waits for all. A statement is sent when it is first polled, so the order of that is
/// the order in which the server hears them.
async fn in_order<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut begun: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut is_pending = false;
        for (future, end) in begun.iter_mut().filter(|(_, end)| end.is_none()) {
            match future.as_mut().poll(context) {
                Poll::Ready(output) => *end = Some(output),
                Poll::Pending => is_pending = true,
            }
        }
        if is_pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    begun.into_iter().filter_map(|(_, end)| end).collect()
}
