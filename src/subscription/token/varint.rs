//! Numbers in as few octets as they need: seven bits each, lowest first, the top bit says that more follow (LEB128).

/// Most octets that a number takes.
pub(crate) const MAX: usize = 10;

/// Appends a number.
pub(crate) fn write(mut number: u64, out: &mut impl Extend<u8>) {
    while number >= 0x80 {
        out.extend([lowest(number) | 0x80]);
        number >>= 7;
    }
    out.extend([lowest(number)]);
}

fn lowest(number: u64) -> u8 {
    let [lowest, ..] = number.to_le_bytes();
    lowest
}

/// The number that octets begin with, and what follows it. `None` if it is cut short, too great, or not written in its
/// shortest form: one number, one spelling.
pub(crate) fn read(octets: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (place, &octet) in octets.iter().enumerate().take(MAX) {
        let bits = u64::from(octet & 0x7F);
        if place + 1 == MAX && bits > 1 {
            return None;
        }
        number |= bits << (7 * place);
        if octet < 0x80 {
            let shortest = octet != 0 || place == 0;
            return if shortest { Some((number, octets.get(place + 1..)?)) } else { None };
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX >> 1, u64::MAX] {
            let mut octets = Vec::new();
            write(number, &mut octets);
            assert!(octets.len() <= MAX);
            octets.push(9);
            assert_eq!(read(&octets), Some((number, [9].as_slice())));
        }
    }

    #[test]
    fn a_number_has_one_spelling() {
        for octets in
            [&[][..], &[0x80], &[0x80, 0], &[0xFF, 0x80, 0], &[0xFF; 10], &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2]]
        {
            assert_eq!(read(octets), None, "{octets:?}");
        }
    }
}
