//! Any bytes as a roll of readers: read or refused, never a panic, and the same rows whether the file comes whole or in pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use masthead::subscription::roll::{Probe, Roll, RollFault, RollReader, RollRow, Ways, read};
use masthead::subscription::{EmailAddress, Standing};

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = (usize::from(input.0) + 1, input.1);
    let _ = read(bytes, Ways::default());
    let assumed = || Ways { assume: Some(Standing::Confirmed), ..Ways::default() };
    let whole = read(bytes, assumed());
    // A quotation mark that is never closed is found sooner or later, as the pieces fall.
    if let (Ok(whole), Ok(pieced)) = (&whole, in_pieces(bytes, size, assumed())) {
        assert_eq!(*whole, pieced);
    }
    for entry in whole.iter().flat_map(|roll| &roll.entries) {
        let address = &entry.enrolment.address;
        assert_eq!(EmailAddress::parse(address.as_str()).as_ref(), Ok(address), "what was read is read again");
        assert!(!entry.is_gone || entry.enrolment.standing == Standing::Ended);
    }
});

fn in_pieces(bytes: &[u8], size: usize, ways: Ways) -> Result<Roll, RollFault> {
    let mut probe = Probe::default();
    bytes.chunks(size).for_each(|piece| probe.look(piece));
    let mut reader = RollReader::new(ways, probe.encoding());
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
