//! Rolls as people and tools write them, and what becomes of each row.

use super::*;
use crate::subscription::{PersonName, Standing};

fn read(octets: &[u8], file_name: &str, assume: Option<Standing>) -> Result<Roll, RollFault> {
    super::read(octets, Ways { file_name: file_name.to_owned(), assume, mapping: Mapping::default() })
}

fn roll(text: &str) -> Roll {
    read(text.as_bytes(), "readers.csv", None).unwrap_or_else(|fault| panic!("{fault}"))
}

fn assumed(text: &str) -> Roll {
    read(text.as_bytes(), "readers.csv", Some(Standing::Confirmed)).unwrap_or_else(|fault| panic!("{fault}"))
}

fn mapped(text: &str, mapping: &str) -> Result<Roll, RollFault> {
    super::read(text.as_bytes(), Ways { file_name: "r.csv".to_owned(), assume: None, mapping: mapping.parse().unwrap() })
}

/// The addresses of those who are never to be written to again.
fn gone(roll: &Roll) -> Vec<&str> {
    roll.entries.iter().filter(|entry| entry.is_gone).map(|entry| entry.enrolment.address.as_str()).collect()
}

/// Line, address and standing of each entry.
fn entries(roll: &Roll) -> Vec<(u64, &str, Standing)> {
    roll.entries.iter().map(|entry| (entry.line, entry.enrolment.address.as_str(), entry.enrolment.standing)).collect()
}

fn names(roll: &Roll) -> Vec<&str> {
    roll.entries.iter().map(|entry| entry.enrolment.name.as_ref().map_or("", PersonName::as_str)).collect()
}

#[test]
fn c2_consent_is_said_assumed_or_asked_for() {
    let text = "email,name\nann@x.org,Ann Lee\n";
    let fault = read(text.as_bytes(), "readers.csv", None).unwrap_err();
    assert!(fault.to_string().contains("--assume confirmed") && fault.to_string().contains("`email`, `name`"), "{fault}");
    let roll = assumed(text);
    assert_eq!(entries(&roll), [(2, "ann@x.org", Standing::Confirmed)]);
    assert_eq!(roll.entries[0].enrolment.evidence.channel, "import");
    assert_eq!(roll.entries[0].enrolment.evidence.detail, "readers.csv, line 2: not said in the file, assumed confirmed");
    let said = read(b"email,standing\nann@x.org,pending\n", "r.csv", Some(Standing::Confirmed)).unwrap();
    assert_eq!(said.entries[0].enrolment.evidence.detail, "r.csv, line 2: standing = pending");
    assert_eq!(entries(&said), [(2, "ann@x.org", Standing::Pending)]);
}

#[test]
fn listmonk_has_a_word() {
    let roll = roll(
        "uuid,email,name,attributes,status,created_at,updated_at\n1,ann@x.org,Ann,\"{\"\"a\"\": \"\"b, c\"\"}\",enabled,2020-01-02 03:04:05.6 +0000 +0000,x\n2,bo@x.org,Bo,{},blocklisted,,\n3,cy@x.org,Cy,{},disabled,,\n4,di@x.org,Di,{},odd,,\n5,ed@x.org,Ed,{},,,\n",
    );
    assert_eq!(roll.shape.tool, Some(Tool::Listmonk));
    assert_eq!(entries(&roll), [(2, "ann@x.org", Standing::Confirmed), (3, "bo@x.org", Standing::Ended), (4, "cy@x.org", Standing::Ended)]);
    assert_eq!(roll.entries[0].enrolment.since, Some("2020-01-02T03:04:05.6Z".parse().unwrap()));
    assert_eq!(roll.rejected[0].reason, RowFault::Consent { column: "status".into(), word: "odd".into() });
    assert_eq!((roll.rejected[1].line, &roll.rejected[1].reason), (6, &RowFault::Silent));
    assert_eq!(
        roll.shape.to_string(),
        "listmonk export, UTF-8; address from `email`, names from `name`, consent from `status`, since from `created_at`"
    );
}

#[test]
fn mailchimp_has_a_time_of_confirmation() {
    let text = "Email Address,First Name,Last Name,OPTIN_TIME,CONFIRM_TIME\nann@x.org,Ann,Lee,2020-01-01 00:00:00,2020-01-02 00:00:00\nbo@x.org,,Ng,2020-01-01 00:00:00,\n";
    let roll = roll(text);
    assert_eq!(roll.shape.tool, Some(Tool::Mailchimp));
    assert_eq!(entries(&roll), [(2, "ann@x.org", Standing::Confirmed), (3, "bo@x.org", Standing::Pending)]);
    assert_eq!(names(&roll), ["Ann Lee", "Ng"]);
    assert_eq!(roll.entries[0].enrolment.since, Some("2020-01-02T00:00:00Z".parse().unwrap()));
    assert_eq!(entries(&assumed(text))[1].2, Standing::Confirmed);
    assert_eq!(entries(&self::roll("Email Address,OPTIN_TIME,CONFIRM_TIME,UNSUB_TIME\nann@x.org,a,b,c\n"))[0].2, Standing::Ended);
}

#[test]
fn substack_pays_apart_from_reading() {
    let roll = roll(
        "email,active_subscription,expiry,email_disabled,created_at\nann@x.org,false,,false,2020-01-01T00:00:00.000Z\nbo@x.org,true,,true,\n",
    );
    assert_eq!(roll.shape.tool, Some(Tool::Substack));
    assert_eq!(entries(&roll), [(2, "ann@x.org", Standing::Confirmed), (3, "bo@x.org", Standing::Ended)]);
}

#[test]
fn ghost_buttondown_and_phplist_say_it_their_way() {
    let ghost = roll(
        "id,email,name,subscribed_to_emails,created_at,deleted_at\r\n1,ann@x.org,Ann,true,,\r\n2,bo@x.org,Bo,false,,\r\n3,cy@x.org,Cy,true,,2020-01-01\r\n",
    );
    assert_eq!(ghost.shape.tool, Some(Tool::Ghost));
    assert_eq!(
        entries(&ghost),
        [(2, "ann@x.org", Standing::Confirmed), (3, "bo@x.org", Standing::Ended), (4, "cy@x.org", Standing::Ended)]
    );
    let buttondown = roll(
        "email,subscriber_type,subscription_date,unsubscription_date\nann@x.org,regular,2020-01-01,\nbo@x.org,unactivated,,\ncy@x.org,undeliverable,,\ndi@x.org,premium,,2021-01-01\n",
    );
    assert_eq!(buttondown.shape.tool, Some(Tool::Buttondown));
    assert_eq!(
        entries(&buttondown).iter().map(|entry| entry.2).collect::<Vec<_>>(),
        [Standing::Confirmed, Standing::Pending, Standing::Ended, Standing::Ended]
    );
    let phplist = roll(
        "id\tEmail\tIs this subscriber confirmed\tIs this subscriber blacklisted\tEntered\tName\n1\tann@x.org\t1\t0\t2020-01-01 00:00:00\tAnn\n2\tbo@x.org\t0\t0\t\tBo\n3\tcy@x.org\t1\t1\t\tCy\n",
    );
    assert_eq!((phplist.shape.tool, phplist.shape.delimiter), (Some(Tool::PhpList), '\t'));
    assert_eq!(
        entries(&phplist),
        [(2, "ann@x.org", Standing::Confirmed), (3, "bo@x.org", Standing::Pending), (4, "cy@x.org", Standing::Ended)]
    );
    assert_eq!(
        (gone(&ghost), gone(&buttondown), gone(&phplist)),
        (vec!["bo@x.org", "cy@x.org"], vec!["cy@x.org", "di@x.org"], vec!["cy@x.org"])
    );
}

#[test]
fn mailchimps_files_of_the_unsubscribed_and_the_cleaned_make_no_reader() {
    for (columns, cells) in
        [("UNSUB_TIME,UNSUB_REASON", ","), ("CLEAN_TIME,CLEAN_CAMPAIGN_TITLE", "2021-01-01 00:00:00,x"), ("UNSUB_REASON,NOTES", "bored,")]
    {
        let text = format!("Email Address,OPTIN_TIME,CONFIRM_TIME,{columns}\nann@x.org,2020-01-01 00:00:00,2020-01-01 00:00:00,{cells}\n");
        assert_eq!(gone(&roll(&text)), ["ann@x.org"], "{columns}");
    }
}

#[test]
fn an_export_that_lost_its_status_is_not_taken_for_consent() {
    for (header, tool, column) in [
        ("uuid,email,name,attributes", Tool::Listmonk, "status"),
        ("id,email,name,complimentary_plan,created_at,deleted_at", Tool::Ghost, "subscribed_to_emails"),
        ("email,subscription_date,creation_date,unsubscription_date", Tool::Buttondown, "subscriber_type"),
        ("Email Address,MEMBER_RATING,OPTIN_TIME", Tool::Mailchimp, "CONFIRM_TIME"),
        ("Email,Is this subscriber confirmed,Entered", Tool::PhpList, "Is this subscriber blacklisted"),
        ("email,active_subscription,expiry", Tool::Substack, "email_disabled"),
        ("email,name,list,since,channel,evidence", Tool::Masthead, "status"),
    ] {
        let text = format!("{header}\n");
        assert_eq!(read(text.as_bytes(), "r.csv", None), Err(RollFault::LostColumn { tool, column }), "{header}");
        assert!(read(text.as_bytes(), "r.csv", Some(Standing::Pending)).is_ok(), "{header}");
    }
}

#[test]
fn columns_may_be_named_by_the_operator() {
    let text = "Adresse|Vorname|Zuname|Stand|Seit\nann@x.org|Ann|Lee|active|2020-01-01\nbo@x.org|||bounced|\n";
    let roll = mapped(text, "email=Adresse,name=Vorname,name=zuname,status=Stand,since=Seit").unwrap();
    assert_eq!(entries(&roll), [(2, "ann@x.org", Standing::Confirmed), (3, "bo@x.org", Standing::Ended)]);
    assert_eq!((names(&roll), gone(&roll), roll.shape.delimiter), (vec!["Ann Lee", ""], vec!["bo@x.org"], '|'));
    assert_eq!(roll.entries[0].enrolment.since, Some("2020-01-01T00:00:00Z".parse().unwrap()));
    assert!(matches!(mapped(text, "email=Mail"), Err(RollFault::NoSuchColumn { name, .. }) if name == "Mail"));
}

#[test]
fn a_row_whose_cells_are_not_the_headers_is_left_out_and_so_is_one_that_was_cut() {
    let roll = roll("email,name,status\nann@x.org,Lee, Ann,confirmed\nbo@x.org,Bo\ncy@x.org,Cy,confirmed,,\ndi@x.org,Di,confi");
    assert_eq!(entries(&roll), [(4, "cy@x.org", Standing::Confirmed)]);
    let told: Vec<_> = roll.rejected.iter().map(|row| (row.line, row.reason.kind())).collect();
    let (ragged, word) = ("more or fewer cells than the header", "a word that does not tell whether the reader agreed");
    assert_eq!(told, [(2, ragged), (3, ragged), (5, word)]);
    let cut = assumed("email,name,town\nann@x.org,Ann,Here\nbo@x.or");
    assert_eq!((cut.entries.len(), &cut.rejected[0].reason), (1, &RowFault::Cut));
}

#[test]
fn an_export_of_ours_keeps_list_date_and_evidence() {
    let roll = roll(
        "email,name,list,status,since,channel,evidence\nann@x.org,Ann,weekly,ended,2020-01-01T00:00:00Z,form,page 3\nbo@x.org,,,suppressed,2020-01-01T00:00:00Z,suppression,550 no\ncy@x.org,,No List,confirmed,,import,x\n",
    );
    assert_eq!(roll.shape.tool, Some(Tool::Masthead));
    assert_eq!(roll.entries[0].list.as_ref().map(ListId::as_str), Some("weekly"));
    assert_eq!((roll.entries[0].is_gone, roll.entries[0].enrolment.evidence.channel.as_str()), (false, "form"));
    assert_eq!((gone(&roll), roll.entries[1].enrolment.evidence.detail.as_str()), (vec!["bo@x.org"], "550 no"));
    assert_eq!(roll.rejected[0].reason, RowFault::List("No List".into()));
}

#[test]
fn a_roll_in_pieces_of_any_size_is_the_same_roll() {
    let mut text = "email,name,status\r\n".to_owned();
    for number in 0..2000 {
        text.push_str(&format!(
            "r{number}@x.org,\"Zoë \"\"{number}\"\"\",{}\r\n",
            if number % 7 == 0 { "\"un\nclear\"" } else { "pending" }
        ));
    }
    let whole = roll(&text);
    assert_eq!((whole.entries.len(), whole.rejected.len()), (1714, 286));
    for size in [1, 7, 1000, 20_000, 65_536] {
        let mut reader = RollReader::new(Ways { file_name: "readers.csv".into(), ..Ways::default() }, Encoding::Utf8);
        let (mut entries, mut rejected) = (Vec::new(), Vec::new());
        let mut take = |row| match row {
            RollRow::Reader(entry) => entries.push(entry),
            RollRow::Rejected(row) => rejected.push(row),
        };
        text.as_bytes().chunks(size).for_each(|piece| reader.feed(piece, &mut take).unwrap());
        let shape = reader.finish(take).unwrap();
        assert_eq!(Roll { entries, rejected, shape }, whole, "in pieces of {size}");
    }
}

#[test]
fn lines_are_those_of_the_file() {
    let roll = assumed("\r\nemail,note\r\n\r\nann@x.org,\"one\r\ntwo\nthree\"\r\n,,\r\n \r\nbo@x.org\r\nnobody,x\r\n");
    assert_eq!(entries(&roll).iter().map(|entry| (entry.0, entry.1)).collect::<Vec<_>>(), [(4, "ann@x.org"), (9, "bo@x.org")]);
    assert_eq!(roll.rejected, [RejectedRow { line: 10, excerpt: "nobody,x".into(), reason: AddressFault::NoAt.into() }]);
    let old_mac = assumed("email\rann@x.org\r\rbo@x.org");
    assert_eq!(entries(&old_mac).iter().map(|entry| entry.0).collect::<Vec<_>>(), [2, 4]);
    let separator = assumed("sep=;\r\nemail;name\r\nann@x.org;Ann\r\n");
    assert_eq!((entries(&separator)[0].0, names(&separator)), (3, vec!["Ann"]));
}

#[test]
fn encodings_of_spreadsheets_are_understood() {
    let text = "email;name\r\nzoe@x.org;Zoë\r\n";
    let read = |bytes: &[u8]| {
        let roll = read(bytes, "r.csv", Some(Standing::Pending)).unwrap();
        assert_eq!(names(&roll), ["Zoë"]);
        assert_eq!((roll.entries[0].line, roll.shape.delimiter), (2, ';'));
        roll.shape.encoding
    };
    assert_eq!(read(text.as_bytes()), Encoding::Utf8);
    assert_eq!(read(format!("\u{feff}{text}").as_bytes()), Encoding::Utf8);
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(read(&[&[0xFF, 0xFE], little.as_slice()].concat()), Encoding::Utf16Little);
    assert_eq!(read(&[&[0xFE, 0xFF], big.as_slice()].concat()), Encoding::Utf16Big);
    assert_eq!(read(&little), Encoding::Utf16Little);
    assert_eq!(read(&big), Encoding::Utf16Big);
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    assert_eq!(read(&latin), Encoding::Windows1252);
}

#[test]
fn t1_a_row_that_would_break_a_head_is_left_out() {
    let roll = assumed(
        "email,name\nann@x.org,\"Ann\r\nBcc: v@y.org\"\n\"bo@x.org\r\nBcc: v@y.org\",Bo\nc\0y@x.org,Cy\ndi@x.org,\"\n\"\nok@x.org,Ok\n",
    );
    assert_eq!(entries(&roll).iter().map(|entry| (entry.0, entry.1)).collect::<Vec<_>>(), [(9, "ok@x.org")]);
    assert_eq!(roll.rejected[0].reason, NameFault::LineBreak.into());
    assert_eq!(roll.rejected[0].excerpt, "ann@x.org,\"Ann\\r\\nBcc: v@y.org\"");
    assert_eq!(roll.rejected[1].reason, AddressFault::Invisible('\r').into());
    assert_eq!(roll.rejected[2].reason, AddressFault::Invisible('\0').into());
    assert_eq!(roll.rejected[3].reason, NameFault::LineBreak.into());
}

#[test]
fn a_mailbox_in_a_cell_gives_its_name_where_no_column_does() {
    let roll = assumed("name,E-Mail\n,Ann Lee <ann@x.org>\nBo,\"\"\"Ng, B\"\" <bo@x.org>\"\n");
    assert_eq!(names(&roll), ["Ann Lee", "Bo"]);
}

#[test]
fn an_apostrophe_against_formulas_is_no_part_of_the_address() {
    let roll = assumed("email,name\n'+tag@x.org,'=Ann\n' -dash@x.org,'Bo\n'quoted@x.org,\n'@x.org,\n");
    assert_eq!(entries(&roll).iter().map(|entry| entry.1).collect::<Vec<_>>(), ["+tag@x.org", "-dash@x.org", "'quoted@x.org"]);
    assert_eq!(names(&roll), ["=Ann", "'Bo", ""]);
    assert_eq!(roll.rejected[0].reason, AddressFault::NoLocal.into());
}

#[test]
fn what_is_no_roll_is_told_why() {
    let fault = |bytes: &[u8]| read(bytes, "r.csv", Some(Standing::Pending)).unwrap_err();
    assert_eq!(fault(b""), RollFault::Empty);
    assert_eq!(fault(b"\xEF\xBB\xBF\n \n"), RollFault::Empty);
    assert_eq!(fault(b"PK\x03\x04rest"), RollFault::Spreadsheet);
    assert_eq!(fault(b"ann@x.org,Ann\n"), RollFault::NoHeader);
    assert_eq!(fault(b"id,phone\n1,2\n").to_string(), "no column is named `email`; found: `id`, `phone`");
    assert_eq!(fault(b"email,note\nann@x.org,\"open\nbo@x.org,x\n"), RollFault::OpenQuote { line: 2 });
    assert!(assumed("email\n").entries.is_empty());
    assert_eq!(
        read(b"email,unsubscribed\nann@x.org,no\n", "r.csv", None).unwrap_err(),
        RollFault::NoConsent { found: vec!["email".into(), "unsubscribed".into()] }
    );
}

#[test]
fn a_cell_without_end_is_left_out() {
    let roll = assumed(&format!("email,note\nann@x.org,{}\nbo@x.org,{}\n", "x".repeat(MAX_CELL + 1), "é".repeat(MAX_CELL)));
    assert_eq!(entries(&roll).len(), 1);
    assert_eq!(roll.rejected[0].reason, RowFault::LongCell);
    assert_eq!(roll.rejected[0].excerpt.chars().count(), EXCERPT);
}
