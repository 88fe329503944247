//! Archives to measure on: made ones, and those of a folder.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use masthead::dateline::{IssueId, VolumeRule};
use masthead::diagnostic::Source;
use masthead::issue::archive::Archive;
use masthead::issue::{House, Issue, assemble};
use masthead::manuscript::{Draft, parse};

/// How many words the made archives draw from.
const VOCABULARY: u64 = 20_000;

/// Longest issue id.
const LONGEST: usize = 64;

/// An archive, and issues to ask about.
pub(crate) struct Sample {
    pub(crate) archive: Archive,
    pub(crate) queries: Vec<(String, Issue)>,
    /// The files' names by the ids of their issues, which are shorter.
    pub(crate) names: HashMap<String, String>,
}

pub(crate) fn house() -> House {
    House {
        base_url: "https://news.example.org".to_owned(),
        volume_rule: VolumeRule { begins: 1 },
        lang: "en".to_owned(),
        lists: Vec::new(),
        default_lists: Vec::new(),
        related_heading: "Related Items".to_owned(),
    }
}

/// Issues of so many articles each, of 400 words, drawn as words are: a few often, most seldom.
pub(crate) fn made(issues: usize, articles: usize) -> Sample {
    let mut state = 7;
    let mut texts = (0..issues + 50).map(|number| {
        let mut text = "---\ntitle: Made\npreheader: A line.\n---\n".to_owned();
        for article in 0..articles {
            let heading = if article == 1 { "# In brief\n\n## " } else { "# " };
            text.push_str(if article > 1 { "## " } else { heading });
            words(&mut state, 6, &mut text);
            for _ in 0..8 {
                text.push_str("\n\n");
                words(&mut state, 50, &mut text);
            }
            text.push_str("\n\n");
        }
        let (year, month, day) = (1980 + number / 300, 1 + number / 25 % 12, 1 + number % 25);
        (format!("{year}-{month:02}-{day:02}-x{number}"), text)
    });
    let out = texts.by_ref().take(issues).collect::<Vec<_>>();
    sample(&out, &texts.collect::<Vec<_>>())
}

/// What a folder has below `archive` and `queries`.
pub(crate) fn folder(place: &Path) -> Result<Sample, Box<dyn Error>> {
    let read = |below: &str| -> Result<Vec<(String, String)>, Box<dyn Error>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(place.join(below))? {
            let path = entry?.path();
            let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            found.push((name, fs::read_to_string(&path)?));
        }
        found.sort();
        Ok(found)
    };
    Ok(sample(&read("archive")?, &read("queries")?))
}

fn sample(out: &[(String, String)], asked: &[(String, String)]) -> Sample {
    let mut names = HashMap::new();
    let issues = out.iter().filter_map(|(name, text)| {
        let issue = issue(name, text)?;
        names.insert(issue.id.as_str().to_owned(), name.clone());
        Some(issue.archived(jiff::Timestamp::UNIX_EPOCH))
    });
    let archive = Archive::new(issues.collect());
    let queries = asked.iter().filter_map(|(name, text)| Some((name.clone(), issue(name, text)?))).collect();
    Sample { archive, queries, names }
}

fn issue(name: &str, text: &str) -> Option<Issue> {
    let id: IssueId = name.get(..name.len().min(LONGEST))?.trim_end_matches('-').parse().ok()?;
    let draft = Draft { id, source: Source::new(name, text), files: Vec::new() };
    let house = house();
    assemble(&parse(&draft, &house.related_heading).value?, &Archive::default(), &house).value
}

/// The sum of drawn logarithms makes the frequent words frequent, about as Zipf has it.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers of words")]
fn words(state: &mut u64, count: usize, text: &mut String) {
    for _ in 0..count {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = (*state >> 11) as f64 / (1_u64 << 53) as f64;
        let rank = (VOCABULARY as f64).powf(drawn) as u64;
        text.push_str(&format!("w{}o{} ", rank % 97, rank));
    }
}
