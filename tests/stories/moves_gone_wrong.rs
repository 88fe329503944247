//! A move that cannot be made, or breaks off at its worst moment: nothing is lost, and whoever moves is told what to do.

use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::postgres;
use crate::support::running::Told;

const FILE: &str = "sqlite:data/masthead.db";
const BACK: &str = "sqlite:data/back.db";

fn run(newsroom: &Newsroom, store: &str, arguments: &[&str]) -> Told {
    Told::of(newsroom.command(arguments.iter().copied()).env("MASTHEAD_STORE__URL", store))
}

fn newsroom() -> Newsroom {
    Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(3).relay_at("folder:out").build()
}

#[test]
fn of_two_stores_it_is_said_which_cannot_be_opened() {
    let Some(database) = postgres::empty() else { return };
    let newsroom = newsroom();
    let (server, name) = database.url().rsplit_once('/').map(|(server, name)| (server.to_owned(), name.to_owned())).unwrap();
    run(&newsroom, FILE, &["store", "copy", FILE, &format!("{server}/none")])
        .exits(2)
        .says(&["could not open the store the database none at", "does not exist"]);
    database.tell("CREATE ROLE stranger LOGIN");
    let stranger = database.url().replace("masthead@", "stranger@");
    run(&newsroom, FILE, &["store", "copy", FILE, &stranger]).exits(2).says(&[&format!("the database {name} at"), "permission denied"]);
    database.tell("DROP ROLE stranger");
    run(&newsroom, FILE, &["store", "copy", FILE, "postgres://masthead@127.0.0.1:1/none"])
        .exits(2)
        .says(&["the database none at 127.0.0.1", "refused"]);
    run(&newsroom, FILE, &["send", "2014-12"]).ok().says(&["3 accepted"]);
}

#[test]
fn a_database_that_would_not_keep_every_name_is_none() {
    let Some(database) = postgres::empty() else { return };
    let newsroom = newsroom();
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let name = format!("odd_{}", encoding.to_lowercase());
        database.tell(&format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"));
        let url = format!("{}/{name}", database.url().rsplit_once('/').unwrap().0);
        let told = run(&newsroom, FILE, &["store", "copy", FILE, &url]);
        database.tell(&format!("DROP DATABASE {name}"));
        told.exits(2).says(&[&format!("it keeps texts as {encoding}"), "ENCODING 'UTF8'"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_still_at_work_in_an_old_session_is_waited_for_and_told() {
    let Some(database) = postgres::empty() else { return };
    let (newsroom, url) = (newsroom(), database.url());
    run(&newsroom, FILE, &["store", "copy", FILE, &url]).ok();
    let (session, driver) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(driver);
    session.batch_execute("BEGIN; UPDATE subscribers SET name = 'x'").await.unwrap();
    run(&newsroom, &url, &["store", "copy", &url, BACK]).exits(2).says(&["another session is still changing it", "copy again"]);
    drop(session);
    driver.await.unwrap().unwrap();
    run(&newsroom, &url, &["store", "copy", &url, BACK]).ok();
}

#[test]
fn a_move_that_breaks_off_half_way_leaves_the_newsroom_where_it_was() {
    let Some(database) = postgres::empty() else { return };
    let (newsroom, url) = (newsroom(), database.url());
    run(&newsroom, &url, &["store", "migrate"]).ok();
    database.tell("ALTER TABLE subscribers ADD CHECK (address <> 'reader0002@example.org')");
    let told = run(&newsroom, FILE, &["store", "copy", FILE, &url]);
    told.exits(2).says(&["violates check constraint", "stays where it was", "emptied before the next try"]);
    run(&newsroom, &url, &["send", "2014-12"]).exits(2).says(&["broken off", "empty it"]);
    run(&newsroom, FILE, &["send", "2014-12"]).ok().says(&["3 accepted"]);
}

#[test]
fn a_move_that_fails_at_its_last_word_is_begun_again() {
    let Some(database) = postgres::empty() else { return };
    let (newsroom, url) = (newsroom(), database.url());
    run(&newsroom, &url, &["store", "migrate"]).ok();
    database.tell("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more room'; END $$");
    database.tell("CREATE TRIGGER fails BEFORE INSERT ON home FOR EACH ROW EXECUTE FUNCTION fail()");
    let told = run(&newsroom, FILE, &["store", "copy", FILE, &url]);
    told.exits(2).says(&["no more room", "has left the old store", "`masthead adopt`"]);
    for store in [FILE, &url] {
        assert_ne!(run(&newsroom, store, &["send", "2014-12"]).code, Some(0), "neither sends");
    }
    run(&newsroom, FILE, &["adopt"]).ok();
    database.tell("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    run(&newsroom, FILE, &["store", "copy", FILE, &url]).ok();
    run(&newsroom, &url, &["send", "2014-12"]).ok().says(&["3 accepted"]);
}
