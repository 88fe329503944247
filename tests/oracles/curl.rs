//! curl as the mail programs use it: the one-click as Gmail sends it, and as others do.

use std::process::Command;

use super::support::served::Served;
use super::{on_path, skip};

/// What curl says of a request: status, number of redirects that it followed, and where it was sent.
fn curl(arguments: &[&str], url: &str) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "60", "--location", "--output", "/dev/null"]);
    curl.args(["--write-out", "%{http_code} %{num_redirects} %{redirect_url}"]).args(arguments).arg(url);
    let output = curl.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_l6_curl_leaves_as_gmail_does_and_looks_as_scanners_do() {
    if !on_path("curl") {
        return skip("curl", "no curl on the PATH");
    }
    let ways: [&[&str]; 7] = [
        &["--data", "List-Unsubscribe=One-Click"],
        &["--form", "List-Unsubscribe=One-Click"],
        &["--http1.0", "--data", "List-Unsubscribe=One-Click"],
        &["--header", "Transfer-Encoding: chunked", "--data", "List-Unsubscribe=One-Click"],
        &["--header", "Expect: 100-continue", "--form", "List-Unsubscribe=One-Click"],
        &["--request", "POST"],
        &["--cookie", "a=b", "--user", "a:b", "--referer", "https://mail.example/", "--data", "List-Unsubscribe=One-Click"],
    ];
    let served = Served::with_readers("none", ways.len()).await;
    let links = served.deliver();
    let url = |path: &str| format!("http://{}{path}", served.address);
    for look in [&["--head"][..], &["--request", "OPTIONS"], &[], &["--user-agent", "scanner"]] {
        for link in links.iter().flatten() {
            let said = tokio::task::block_in_place(|| curl(look, &url(link)));
            assert!(said == "200 0" || said == "405 0", "{look:?}: {said}");
        }
    }
    served.newsroom.run(["lists"]).ok().says(&[&format!("{} confirmed", ways.len())]);
    for ([leave, _], way) in links.iter().zip(ways) {
        for _ in 0..2 {
            assert_eq!(tokio::task::block_in_place(|| curl(way, &url(leave))), "200 0", "{way:?}");
        }
    }
    served.newsroom.run(["lists"]).ok().says(&[&format!("{} ended", ways.len())]);
}
