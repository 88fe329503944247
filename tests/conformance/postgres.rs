//! What is promised of PostgreSQL as an engine beyond the traits.

use std::sync::Arc;

use masthead::store::postgres::{Address, PgStore};
use masthead::store::{Seat, Store};

use crate::cluster::{self, Database};
use crate::newsroom::Empty;

/// An empty store in a database of its own; `None` where there is no server.
pub(crate) async fn open() -> Option<Empty> {
    let database = cluster::empty()?;
    Some(Empty::new(Arc::new(open_in(&database, "a").await), database))
}

/// A node of this name at a database.
pub(crate) async fn open_in(database: &Database, name: &str) -> PgStore {
    open_at(&database.url(), name).await
}

/// A node of this name that reaches its database there.
pub(crate) async fn open_at(url: &str, name: &str) -> PgStore {
    let address: Address = url.parse().unwrap();
    let seat = Seat { name: name.to_owned(), place: "here".to_owned(), process: name.to_owned() };
    PgStore::open(address, seat).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_network_it_is_reached_under_tls_and_only_where_somebody_trusted_vouches_for_it() {
    let [ours, others] = [0, 1].map(|_| rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap());
    let Some(cluster) = cluster::secured(&ours.cert.pem(), &ours.signing_key.serialize_pem()) else { return };
    let (database, folder) = (cluster.database(), tempfile::tempdir().unwrap());
    let name = database.url().rsplit_once('/').unwrap().1.to_owned();
    let url = format!("postgres://masthead@127.0.0.1:{}/{name}?sslmode=require", cluster.port());
    let seat = || Seat { name: "a".to_owned(), place: "here".to_owned(), process: "1".to_owned() };
    let trusting = |pem: String| {
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, pem).unwrap();
        url.parse::<Address>().unwrap().trusting(file)
    };
    for address in [trusting(others.cert.pem()), url.parse().unwrap()] {
        let refused = PgStore::open(address, seat()).await.err().expect("nobody whom we trust vouches for it").to_string();
        assert!(refused.contains("signed the server's certificate") && refused.contains("`ca_file`"), "{refused}");
    }
    let refused = PgStore::open(trusting("what is this".to_owned()), seat()).await.err().unwrap().to_string();
    assert!(refused.contains("ca.pem: there is no certificate in it"), "{refused}");
    assert_eq!(database.ask("SELECT COUNT(*) FROM pg_tables WHERE tablename = 'subscribers'"), [["0"]]);
    let store: Arc<dyn Store> = Arc::new(PgStore::open(trusting(ours.cert.pem()), seat()).await.unwrap());
    crate::newsroom::settle_in(&store, 3).await;
    let ours = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'masthead'";
    assert_eq!(database.ask(ours), [["t"]]);
}

#[test]
fn an_address_tells_no_password_and_no_network_is_open_to_all() {
    let read = |url: &str| url.parse::<Address>();
    let address = read("postgres://masthead:hunter2@db.example.org/news").unwrap();
    for shown in [address.to_string(), format!("{address:?}")] {
        assert_eq!(shown, "the database news at db.example.org");
    }
    assert!(address.has_password() && !read("postgres://masthead@db.example.org/news").unwrap().has_password());
    assert!(read("postgres://masthead@db.example.org/news?sslmode=disable").unwrap_err().to_string().contains("this machine only"));
    assert!(read("postgres://masthead@127.0.0.1/news?sslmode=disable").is_ok());
    for elsewhere in ["localhost/news?hostaddr=10.0.0.1&sslmode=disable", "localhost,db.example.org/news?sslmode=disable"] {
        assert!(read(&format!("postgres://masthead@{elsewhere}")).is_err(), "{elsewhere}");
    }
    for known_elsewhere in ["sslmode=verify-full", "sslrootcert=ca.pem"] {
        let refused = read(&format!("postgres://masthead@db.example.org/news?{known_elsewhere}")).unwrap_err().to_string();
        assert!(refused.contains("looked at in full") && refused.contains("`ca_file`"), "{refused}");
    }
    let either = read("postgres://masthead@one.example.org,two.example.org:5433/news").unwrap();
    assert_eq!(either.to_string(), "the database news at one.example.org or two.example.org");
    assert!(read("postgres://masthead@db.example.org/news?port=5433").unwrap_err().to_string().contains("behind its host"));
    assert!(read("postgres://masthead@db.example.org").unwrap_err().to_string().contains("the database is missing"));
}
