//! Whatever a file holds, reading it as a roll ends in rows or in a reason, and no row is lost.

use masthead::subscription::Standing;
use masthead::subscription::roll::{self, Mapping, Roll, RollFault, RollReader, RollRow, Ways};
use proptest::prelude::*;

fn ways() -> Ways {
    Ways { file_name: "r.csv".to_owned(), assume: Some(Standing::Pending), mapping: Mapping::default() }
}

fn read_in_pieces(bytes: &[u8], size: usize) -> Result<Roll, RollFault> {
    let mut probe = roll::Probe::default();
    bytes.chunks(size).for_each(|piece| probe.look(piece));
    let mut reader = RollReader::new(ways(), probe.encoding());
    let (mut entries, mut rejected) = (Vec::new(), Vec::new());
    let mut take = |row| match row {
        RollRow::Reader(entry) => entries.push(entry),
        RollRow::Rejected(row) => rejected.push(row),
    };
    for piece in bytes.chunks(size) {
        reader.feed(piece, &mut take)?;
    }
    let shape = reader.finish(take)?;
    Ok(Roll { entries, rejected, shape })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_octets_end_in_rows_or_in_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = roll::read(&bytes, ways());
        let _ = roll::read(&[b"email,name\n", bytes.as_slice()].concat(), ways());
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
        let roll = roll::read(text.as_bytes(), ways()).unwrap();
        let mut told: Vec<u64> = roll.entries.iter().map(|entry| entry.line).collect();
        told.extend(roll.rejected.iter().map(|row| row.line));
        told.sort_unstable();
        prop_assert_eq!(told, lines, "{:?}", text);
    }

    #[test]
    fn a_long_roll_is_the_same_in_pieces(cells in prop::collection::vec("[a-c]{1,3}@x\\.org|\"[a\r\n,]{0,4}\"|[\",;\r\n é]{0,3}|a\"", 1..60), size in 1_usize..9000) {
        // Longer than what is gathered before the header is looked for.
        let text = format!("email,name\n{}\n{}", "fill@x.org,Fill\n".repeat(1100), cells.join("\n"));
        prop_assert_eq!(read_in_pieces(text.as_bytes(), size), roll::read(text.as_bytes(), ways()));
    }
}
