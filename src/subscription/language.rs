//! Languages by their tags (BCP 47), and how those who speak them call them.

/// A tag as it is written, if it can be one: `en`, `es-MX`, `zh-Hant`.
pub fn parse(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('-').collect();
    let good = (2..=35).contains(&text.len())
        && (2..=3).contains(&parts[0].len())
        && parts.iter().all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    good.then(|| text.to_owned())
}

/// What a language is called by those who speak it, where we know; its first subtag decides.
pub fn own_name(tag: &str) -> Option<&'static str> {
    let first = tag.split('-').next()?;
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(first)).map(|(_, name)| *name)
}

/// Whether two tags are of one language, whatever the region.
pub fn is_same(one: &str, other: &str) -> bool {
    let first = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    first(one) == first(other)
}

const NAMES: [(&str, &str); 44] = [
    ("am", "አማርኛ"),
    ("ar", "العربية"),
    ("bg", "български"),
    ("bn", "বাংলা"),
    ("ca", "català"),
    ("cs", "čeština"),
    ("cy", "Cymraeg"),
    ("da", "dansk"),
    ("de", "Deutsch"),
    ("el", "ελληνικά"),
    ("en", "English"),
    ("es", "español"),
    ("et", "eesti"),
    ("eu", "euskara"),
    ("fa", "فارسی"),
    ("fi", "suomi"),
    ("fr", "français"),
    ("ga", "Gaeilge"),
    ("he", "עברית"),
    ("hi", "हिन्दी"),
    ("hr", "hrvatski"),
    ("ht", "kreyòl ayisyen"),
    ("hu", "magyar"),
    ("id", "Bahasa Indonesia"),
    ("is", "íslenska"),
    ("it", "italiano"),
    ("ja", "日本語"),
    ("ko", "한국어"),
    ("lt", "lietuvių"),
    ("lv", "latviešu"),
    ("nb", "norsk bokmål"),
    ("nl", "Nederlands"),
    ("no", "norsk"),
    ("pl", "polski"),
    ("pt", "português"),
    ("ro", "română"),
    ("ru", "русский"),
    ("so", "Soomaali"),
    ("sv", "svenska"),
    ("tl", "Tagalog"),
    ("tr", "Türkçe"),
    ("uk", "українська"),
    ("vi", "Tiếng Việt"),
    ("zh", "中文"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_language_whatever_the_region() {
        for (tag, name) in [("es", Some("español")), ("ES-mx", Some("español")), ("zh-Hant", Some("中文")), ("xx", None)] {
            assert_eq!(own_name(&parse(tag).unwrap()), name, "{tag}");
        }
        assert!(is_same("en", "EN-gb") && !is_same("en", "es"));
        for wrong in ["", "e", "spanish", "es_MX", "es-", "es-mexicanos", "日本"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert!(NAMES.is_sorted());
    }
}
