//! An editor asks what the archive has on the subject, pastes what suits, or leaves the choice to the press.

use serde_json::Value;

use crate::support::newsroom::Newsroom;

const FRONT: &str = "title: A Second Winter with Story Hours\npreheader: One sentence.\nstatus: ready";

const BODY: &str = "# A Second Winter with Story Hours\n\nThe story hours in family shelters go on. Every shelter keeps a quiet corner \
    with a rug and a lamp, and a volunteer who reads aloud each week. The field guide is in its second printing.\n";

const BACK: [(&str, &str, &str); 5] = [
    ("2014-04", "A Guide to Quiet Corners", "A quiet corner needs a rug, a lamp and a rule: whoever sits there is left alone."),
    ("2014-06", "Reading Aloud on the Bus", "A volunteer reads aloud each week on the bus to the shelters."),
    ("2014-09", "What the Roof Cost", "The roof of the boathouse was dear: slate, lead and nails."),
    ("2014-10", "Story Hours in Family Shelters", "A field guide tells what family shelters tried with story hours."),
    ("2014-11", "A Guide to Quiet Corners", "Once more: a quiet corner with a rug and a lamp, this time at school."),
];

fn newsroom(front: &str, end: &str) -> Newsroom {
    let newsroom = Newsroom::new().issue("2015-02", &format!("---\n{front}\n---\n{BODY}{end}")).subscribers(1);
    for (id, title, text) in BACK {
        newsroom.write(&format!("back/{id}.md"), &format!("---\ntitle: {title}\n---\n# {title}\n\n{text}\n"));
    }
    let newsroom = newsroom.build();
    newsroom.run(["archive", "import", &newsroom.shown("back")]).ok();
    newsroom
}

#[test]
fn the_lines_are_pasted_as_they_come_and_the_issue_is_clean() {
    let newsroom = newsroom(FRONT, "");
    let told = newsroom.run(["suggest", "2015-02"]).ok();
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert_eq!(lines[0], "- \"Story Hours in Family Shelters\" (October 2014)");
    assert!(lines.contains(&"- \"A Guide to Quiet Corners\" (April 2014)"), "{lines:?}");
    assert!(lines.contains(&"- \"A Guide to Quiet Corners\" (November 2014)"), "{lines:?}");
    assert!(!told.stdout.contains("Roof"), "{}", told.stdout);
    assert!(told.stderr.contains("both say \"story hours\", \"family shelters\""), "{}", told.stderr);
    let end = format!("\n## Related Items\n\n{}", told.stdout);
    newsroom.write("issues/2015-02.md", &format!("---\n{FRONT}\n---\n{BODY}{end}"));
    newsroom.run(["check", "2015-02"]).ok().says(&["no findings"]);
    let again = newsroom.run(["suggest", "2015-02"]).ok();
    assert_eq!(again.stdout, "");
    assert!(again.stderr.contains("listed already: \"Story Hours in Family Shelters\" (October 2014)"), "{}", again.stderr);
}

#[test]
fn programs_get_ids_titles_dates_scores_and_why() {
    let newsroom = newsroom(FRONT, "\n## Related Items\n\n- \"Reading Aloud on the Bus\" (June 2014)\n");
    let told = newsroom.run(["suggest", "2015-02", "--most", "2", "--json"]).ok().json();
    let all = told.as_array().unwrap();
    let fresh: Vec<&Value> = all.iter().filter(|one| one["is_listed"] == false).collect();
    assert_eq!(fresh.len(), 2, "{all:?}");
    let first = fresh[0];
    assert_eq!((&first["issue"], &first["slug"]), (&"2014-10".into(), &"story-hours-in-family-shelters".into()));
    assert_eq!((&first["title"], &first["date"]), (&"Story Hours in Family Shelters".into(), &"October 2014".into()));
    assert_eq!(first["line"], "- \"Story Hours in Family Shelters\" (October 2014)");
    assert_eq!(first["url"], "https://news.example.org/articles/2014-10/story-hours-in-family-shelters");
    assert!(first["score"].as_f64().unwrap() > fresh[1]["score"].as_f64().unwrap());
    assert!(first["why"].as_array().unwrap().iter().any(|why| why["phrases"].to_string().contains("story hours")), "{first}");
}

#[test]
fn the_press_fills_the_list_where_it_is_asked_to_and_says_so() {
    let newsroom = newsroom(&format!("{FRONT}\nrelated: auto 2"), "");
    let told = newsroom.run(["check", "2015-02"]).ok();
    assert!(told.stderr.contains("related-filled") && told.stderr.contains("Story Hours in Family Shelters"), "{}", told.stderr);
    let text = newsroom.run(["render", "2015-02"]).ok().stdout;
    assert!(text.contains("RELATED ITEMS") && text.contains("articles/2014-10/story-hours-in-family-shelters"), "{text}");
    assert_eq!(text.matches("/articles/2014-").count(), 2, "{text}");
    assert_eq!(newsroom.run(["render", "2015-02"]).ok().stdout, text);
    newsroom.run(["send", "2015-02"]).ok();
    let after = newsroom.run(["check", "2015-02"]).ok();
    assert_eq!(after.stderr, told.stderr, "that it is out itself, now, changes nothing");
}

#[test]
fn a_newsroom_without_an_archive_is_told_that_there_is_nothing() {
    let newsroom = Newsroom::new().issue("2015-02", &format!("---\n{FRONT}\n---\n{BODY}")).build();
    let told = newsroom.run(["suggest", "2015-02"]).ok();
    assert_eq!(told.stdout, "");
    assert!(told.stderr.contains("nothing that was out before 2015-02"), "{}", told.stderr);
    newsroom.run(["suggest", "2015-02", "--most", "0"]).exits(2);
    newsroom.run(["suggest", "2015-03"]).exits(1).says(&["did you mean 2015-02?"]);
}
