//! Whatever a file holds, reading it as a roll ends in rows or in a reason, and no row is lost.

use masthead::subscription::{Standing, roll};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_octets_end_in_rows_or_in_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = roll::read(&bytes, "r.csv", Some(Standing::Pending));
        let _ = roll::read(&[b"email,name\n", bytes.as_slice()].concat(), "r.csv", Some(Standing::Pending));
    }

    #[test]
    fn each_row_is_entered_or_reported_with_its_line(rows in prop::collection::vec("[a-c]?@?[a-c]{1,2}\\.org|[ -~&&[^\",]]{1,9}|", 0..30)) {
        let mut text = "email\n".to_owned();
        let mut lines = Vec::new();
        for (number, row) in (2_u64..).zip(&rows) {
            text.push_str(row);
            text.push('\n');
            if !row.trim().is_empty() {
                lines.push(number);
            }
        }
        let roll = roll::read(text.as_bytes(), "r.csv", Some(Standing::Pending)).unwrap();
        let mut told: Vec<u64> = roll.entries.iter().map(|entry| entry.line).collect();
        told.extend(roll.rejected.iter().map(|row| row.line));
        told.extend(roll.duplicates.iter().map(|row| row.line));
        told.sort_unstable();
        prop_assert_eq!(told, lines, "{:?}", text);
    }
}
