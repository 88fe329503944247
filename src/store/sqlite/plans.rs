//! How SQLite means to answer what is asked most: by an index that leads to the rows, never by reading a whole ledger.

use rusqlite::{Connection, params_from_iter};

use super::{
    audience, claiming, counting, enclosing, enrolling, figures, finding, importing, library, recording, reports, schema, strangers,
};

/// The steps that SQLite would take, on tables of which it knows nothing.
fn plan(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let numbers = vec![1_i64; statement.parameter_count()];
    let steps = statement.query_map(params_from_iter(numbers), |row| row.get::<_, String>("detail")).unwrap();
    steps.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
}

fn store() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::tune(&connection).unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

#[test]
fn a_claim_reads_only_the_indexes_of_what_waits() {
    let store = store();
    for (sql, step) in [
        (claiming::QUEUED, "INDEX deliveries_queued (mailing=? AND wave=? AND provider=?)"),
        (claiming::DUE, "INDEX deliveries_deferred (mailing=? AND provider=? AND next_at<?)"),
        (claiming::CLAIM_RUN, "INDEX deliveries_queued (mailing=? AND wave=? AND provider=? AND subscriber>? AND subscriber<?)"),
        (claiming::CLAIM, "PRIMARY KEY (mailing=? AND subscriber=?)"),
    ] {
        let plan = plan(&store, sql);
        assert!(plan.contains(step), "no `{step}` in\n{plan}");
        for word in ["SCAN", "TEMP B-TREE"] {
            assert!(!plan.contains(word), "`{word}` in\n{plan}");
        }
    }
}

#[test]
fn a_note_goes_straight_to_its_line() {
    let store = store();
    for sql in [recording::SUBMITTING_AS_GUESSED, recording::SETTLE_SUBMITTED, recording::HELD] {
        let plan = plan(&store, sql);
        assert_eq!(plan, "SEARCH deliveries USING PRIMARY KEY (mailing=? AND subscriber=?)");
    }
}

#[test]
fn what_is_asked_while_a_mailing_is_under_way_reads_counts_and_no_lines() {
    let store = store();
    for sql in [reports::TALLY, reports::WAITING, figures::TRAFFIC, figures::DAYS, figures::REASONS] {
        let plan = plan(&store, sql);
        assert!(!plan.contains("deliveries") && !plan.contains("attempts"), "{plan}");
        assert!(["SEARCH tallies", "SEARCH t ", "SEARCH r "].iter().any(|step| plan.contains(step)), "{plan}");
    }
    assert_eq!(plan(&store, reports::NEXT_DUE), "SEARCH deliveries USING COVERING INDEX deliveries_deferred (mailing=? AND provider=?)");
}

#[test]
fn a_page_of_lines_begins_where_the_last_one_ended() {
    let plan = plan(&store(), reports::LINES);
    assert!(plan.contains("SEARCH d USING PRIMARY KEY (mailing=? AND subscriber>?)"), "{plan}");
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
}

#[test]
fn what_is_queued_is_counted_in_the_order_of_its_index() {
    let plan = plan(&store(), counting::COUNT_QUEUED);
    assert!(plan.contains("COVERING INDEX deliveries_queued (mailing=?)") && !plan.contains("TEMP B-TREE"), "{plan}");
}

#[test]
fn what_the_public_asks_reads_only_what_it_is_about() {
    let store = store();
    for (sql, step) in [
        (finding::FIND, "SCAN article_words VIRTUAL TABLE INDEX 0:M"),
        (finding::SHOW, "SCAN article_words VIRTUAL TABLE INDEX 0:M"),
        (finding::MANY, "SCAN article_words VIRTUAL TABLE INDEX 0:M"),
        (library::REFERRING, "SEARCH r USING INDEX refers_to (to_id=?)"),
        (library::MARK, "SEARCH shelf USING INTEGER PRIMARY KEY (rowid=?)"),
        (enclosing::ENCLOSED_AS, "SEARCH e USING PRIMARY KEY (issue=? AND name=?)"),
        (enclosing::ONE_PART, "SEARCH p USING INDEX file_parts_in_order (file=? AND part=?)"),
    ] {
        let plan = plan(&store, sql);
        assert!(plan.contains(step), "no `{step}` in\n{plan}");
        assert!(!plan.replace("VIRTUAL TABLE", "").contains("SCAN r") && !plan.contains("SCAN p"), "{plan}");
    }
}

#[test]
fn an_entry_of_a_roll_is_looked_up_and_never_looked_for() {
    let store = store();
    for (sql, steps) in [
        (enrolling::HELD, ["SEARCH s USING", "INDEX sqlite_autoindex_subscribers_1 (address_key=?)"]),
        (enrolling::IS_SUPPRESSED, ["SEARCH suppressions", "PRIMARY KEY (address_key=?)"]),
        (enrolling::IS_ERASED, ["SEARCH erased", "PRIMARY KEY (mark=?)"]),
        (importing::ON_LIST, ["SEARCH subscriptions", "COVERING INDEX subscriptions_by_list (list=?)"]),
        (audience::UNCONFIRMED, ["SEARCH joinings", "INDEX joinings_by_address (address_key=?)"]),
        (audience::SUPPRESSION_OF, ["SEARCH suppressions", "PRIMARY KEY (address_key=?)"]),
        (audience::ERASED, ["SEARCH erased", "PRIMARY KEY (mark=?)"]),
    ] {
        let plan = plan(&store, sql);
        assert!(steps.iter().all(|step| plan.contains(step)), "no {steps:?} in\n{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
    assert_eq!(plan(&store, strangers::ADD_IF_NEW), "", "no table is read to enter a stranger");
}

#[test]
fn a_page_of_an_export_begins_where_the_last_one_ended() {
    let store = store();
    for (sql, step) in [
        (audience::SUPPRESSIONS, "SEARCH suppressions USING PRIMARY KEY (address_key>?)"),
        (audience::SUPPRESSIONS_OF_LIST, "SEARCH x USING PRIMARY KEY (address_key>?)"),
    ] {
        let plan = plan(&store, sql);
        assert!(plan.contains(step), "no `{step}` in\n{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
    // What is sorted here is one page, which is the only thing that is read from end to end.
    let plan = plan(&store, audience::REGISTER);
    assert!(plan.contains("SEARCH subscribers USING INTEGER PRIMARY KEY (rowid>?)"), "{plan}");
    assert!(!plan.replace("SCAN p\n", "").contains("SCAN"), "{plan}");
}
