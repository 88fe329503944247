//! Letters to readers as the library writes them: one that asks, one to whoever is on the list already, and two welcomes.

use masthead::edition::views::{ConfirmLetterView, WelcomeLetterView};
use masthead::edition::{Press, confirmation, welcome};

use crate::letters::{publication, written};

/// The golden letters by file name.
pub(crate) fn printed() -> [(&'static str, Vec<u8>); 4] {
    let press = Press::new(&[]).value.expect("the built-in templates are fine");
    let ask = |view: &ConfirmLetterView| written("confirm", confirmation(view, &press).expect("a letter"));
    let greet = |view: &WelcomeLetterView| written("welcome", welcome(view, &press).expect("a letter"));
    [
        ("letter-confirm.eml", ask(&asked())),
        ("letter-confirm-already.eml", ask(&ConfirmLetterView { url: None, ..asked() })),
        ("letter-welcome.eml", greet(&joined())),
        ("letter-welcome-before-the-first.eml", greet(&WelcomeLetterView { latest: None, latest_url: None, ..joined() })),
    ]
}

fn asked() -> ConfirmLetterView {
    ConfirmLetterView {
        publication: publication(),
        lists: vec!["The Letter".to_owned(), "Shelf & Ladder: \"new\" <books>".to_owned()],
        asked: "Monday, December 1, 2014, 09:00 EST".to_owned(),
        page: "https://news.example.org/subscribe".to_owned(),
        url: Some("https://news.example.org/confirm/AQABztXWMd7FF1aej4fvpryiog".to_owned()),
        days: 7,
    }
}

fn joined() -> WelcomeLetterView {
    WelcomeLetterView {
        publication: publication(),
        lists: vec!["The Letter".to_owned()],
        latest: Some("Story Hours in Family Shelters, und größere Fragen".to_owned()),
        latest_url: Some("https://news.example.org/issues/2014-12".to_owned()),
        preferences_url: "https://news.example.org/preferences/AQEXnI-FbYotMLwwUWUsJVEx2w".to_owned(),
    }
}
