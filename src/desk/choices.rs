//! Lists as the forms of readers offer them.

use crate::app::Newsroom;
use crate::edition::views::ListChoiceView;
use crate::subscription::{List, language};

/// A list as a form offers it. Its language is said where it is not the publication's.
pub fn choice(newsroom: &Newsroom, list: &List, is_on: bool) -> ListChoiceView {
    let lang = list.lang.clone().filter(|lang| !language::is_same(lang, &newsroom.config().house.lang));
    ListChoiceView {
        id: list.id.to_string(),
        name: list.name.clone(),
        description: list.description.clone(),
        frequency: list.frequency.clone(),
        language: lang.as_deref().map(|lang| language::own_name(lang).unwrap_or(lang).to_owned()),
        lang,
        is_on,
    }
}
