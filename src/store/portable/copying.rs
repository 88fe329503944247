//! The carrying itself, and the look back: both sides are read again, and must hold the same.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::hash::{Adder, Sum};
use super::{Destination, Origin, Side, TABLES, Table, value};
use crate::store::{Result, StoreError};

/// How far a move has come; read it as often as you like.
#[derive(Debug, Default)]
pub struct Progress {
    passed: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Rows that were carried or looked at again.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// How many there are to carry and to look at twice; 0 until they are counted.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    fn pass(&self, rows: usize) {
        self.passed.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

/// One table, as both sides have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Which.
    pub table: &'static str,
    /// What was left.
    pub from: Sum,
    /// What arrived.
    pub to: Sum,
}

impl Compared {
    /// Whether both hold the same.
    pub fn is_same(&self) -> bool {
        self.from == self.to
    }
}

/// Carries everything over, has what follows from it made anew, and compares.
///
/// # Errors
/// Those of the two stores. Whatever happens, the one stays as it was, and the other is unfinished.
pub async fn copy(from: &dyn Origin, to: &dyn Destination, progress: &Progress) -> Result<Vec<Compared>> {
    let mut rows = 0;
    for table in TABLES {
        rows += from.count(table).await?;
    }
    progress.total.store(rows * 3, Ordering::Relaxed);
    for table in TABLES {
        carry(from, to, table, progress).await?;
    }
    to.derive().await?;
    let mut compared = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let (left, arrived) = (sum(from, table, progress).await?, sum(to, table, progress).await?);
        compared.push(Compared { table: table.name, from: left, to: arrived });
        if table.gives_for_good && to.last_number(table).await? < from.last_number(table).await? {
            return Err(StoreError::Corrupt(format!("`{}` would give numbers again that it has given already", table.name)));
        }
    }
    Ok(compared)
}

async fn carry(from: &dyn Origin, to: &dyn Destination, table: &'static Table, progress: &Progress) -> Result<()> {
    to.clear(table).await?;
    let mut after = None;
    loop {
        let rows = from.page(table, after).await?;
        let Some(last) = rows.last() else { break };
        after = Some(value::key(table, last)?);
        let many = rows.len();
        to.write(table, rows).await?;
        progress.pass(many);
    }
    if table.number.is_some() {
        to.number_from(table, from.last_number(table).await?).await?;
    }
    Ok(())
}

async fn sum<S: Side + ?Sized>(side: &S, table: &'static Table, progress: &Progress) -> Result<Sum> {
    let (mut adder, mut after) = (Adder::of(table), None);
    loop {
        let rows = side.page(table, after).await?;
        let Some(last) = rows.last() else { return Ok(adder.finish()) };
        after = Some(value::key(table, last)?);
        for row in &rows {
            adder.add(row);
        }
        progress.pass(rows.len());
    }
}
