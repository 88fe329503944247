//! Times as other tools write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Understands ISO 8601 with a blank or a `T`, with or without an offset (then it is UTC), and a mere date. `None` for the
/// rest: a day that could be a month is worse than no day.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse() {
        return Some(timestamp);
    }
    let mut parts = text.split_whitespace();
    let (date, time, offset) = (parts.next()?, parts.next(), parts.next());
    if let (Some(time), Some(offset)) = (time, offset) {
        // listmonk and other Go programs: `2018-12-09 20:12:33.644857 +0000 +0000`.
        let offset = if offset == "UTC" { "Z" } else { offset };
        return format!("{date}T{time}{offset}").parse().ok();
    }
    let civil = text.parse::<DateTime>().ok().or_else(|| Some(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())))?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_known_tools_are_understood() {
        for (text, expected) in [
            ("2018-12-09T20:12:33.644Z", "2018-12-09T20:12:33.644Z"),
            ("2018-12-09 20:12:33", "2018-12-09T20:12:33Z"),
            ("2018-12-09 20:12:33.5+02:00", "2018-12-09T18:12:33.5Z"),
            ("2018-12-09 20:12:33.644857 +0000 +0000", "2018-12-09T20:12:33.644857Z"),
            ("2018-12-09 20:12:33 +0000 UTC", "2018-12-09T20:12:33Z"),
            (" 2018-12-09 ", "2018-12-09T00:00:00Z"),
        ] {
            assert_eq!(parse(text), Some(expected.parse().unwrap()), "{text}");
        }
        for text in ["", "12/09/2018", "09.12.2018", "yesterday", "1.23457E+14", "2018-13-09"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
