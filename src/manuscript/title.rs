//! How two titles compare: as a person reads them aloud, not letter by letter.

use unicode_normalization::UnicodeNormalization;

/// A title as it is compared: case folded, quotes gone, dashes and spaces alike.
pub fn fold_title(title: &str) -> String {
    let mut folded = String::with_capacity(title.len());
    for c in title.nfkc().flat_map(char::to_lowercase) {
        match c {
            '"'
            | '\''
            | '`'
            | '\u{2018}'..='\u{201f}'
            | '\u{2032}'
            | '\u{2033}'
            | '\u{ab}'
            | '\u{bb}'
            | '\u{ad}'
            | '\u{200b}'
            | '\u{feff}' => {}
            c if c.is_whitespace() || c == '-' || ('\u{2010}'..='\u{2015}').contains(&c) => {
                if !folded.ends_with(' ') {
                    folded.push(' ');
                }
            }
            c => folded.push(c),
        }
    }
    folded.trim().trim_end_matches(['.', ',', ';', ':']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_compare_as_a_person_reads_them() {
        let printed = "Who’s at Home?  A Guide — for “Relatives”";
        for quoted in ["Who's at home? A guide - for \"relatives\"", "WHO’S AT HOME? A GUIDE – FOR RELATIVES."] {
            assert_eq!(fold_title(printed), fold_title(quoted));
        }
        assert_ne!(fold_title("Guide to A"), fold_title("Guide to B"));
    }
}
