//! A newsletter of 96 articles on eight themes. A theme has three strands, and its strands have the same words: only
//! how these stand together, and the title now and then, tells which articles belong to each other.

use masthead::dateline::VolumeRule;
use masthead::diagnostic::Source;
use masthead::issue::archive::Archive;
use masthead::issue::{House, Issue, assemble};
use masthead::manuscript::{Draft, parse};

/// Four words that can stand together in any way, and four of the theme's own.
const THEMES: [([&str; 4], [&str; 4]); 8] = [
    (["water", "pump", "mill", "wheel"], ["spring", "bucket", "cellar", "frost"]),
    (["bread", "oven", "stone", "yard"], ["flour", "yeast", "crust", "baker"]),
    (["school", "garden", "book", "club"], ["teacher", "pupil", "lesson", "holiday"]),
    (["night", "train", "station", "garden"], ["ticket", "carriage", "signal", "platform"]),
    (["stone", "bridge", "river", "walk"], ["bank", "ferry", "flood", "fisher"]),
    (["bee", "house", "summer", "market"], ["honey", "swarm", "clover", "keeper"]),
    (["street", "lamp", "oil", "market"], ["wick", "glass", "ladder", "dusk"]),
    (["choir", "hall", "winter", "song"], ["alto", "hymn", "rehearsal", "piano"]),
];

/// How the four words stand together in each strand.
const STRANDS: [[usize; 4]; 3] = [[0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 2, 1]];

const TITLES: [&str; 4] = ["What became of the {a}", "A visit after a long week", "Three letters from readers", "Once more: the {a}"];

const SAID: [&str; 6] = [
    "Last week somebody mended the {a}, and nobody saw who it was.",
    "We asked about the {b} at the office and were told to come back in a month.",
    "There is a drawing of the {a} from the year of the great storm.",
    "Those who remember the {b} say that it was never finished.",
    "A neighbour offered to paint the {a} if somebody brings the colour.",
    "The council voted on the {b}, with two voices against.",
];

const AROUND: [&str; 5] = [
    "Nobody thought of the {x} until the {y} was gone.",
    "The {y} is dear this year, and the {x} is no better.",
    "Between {x} and {y} there is little to choose.",
    "One {x} more would have spared us the trouble.",
    "Ask for the {y} at the counter, it is free of charge.",
];

const EVERYWHERE: [&str; 6] = [
    "Write to us if you know more, and we shall print it.",
    "The next meeting is on the first Tuesday, as always.",
    "Thanks to all who came and stayed to sweep the floor.",
    "As so often, the weather had the last word.",
    "More of this in a month, if the paper lasts.",
    "Some readers wished for larger print, and here it is.",
];

/// An issue, and what its editor would list as related.
pub(crate) struct Asked {
    pub(crate) issue: Issue,
    pub(crate) text: String,
    pub(crate) wanted: Vec<String>,
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

/// Reads a text as an issue.
pub(crate) fn issue(id: &str, text: &str, archive: &Archive) -> Issue {
    let draft = Draft { id: id.parse().unwrap(), source: Source::new(id, text), files: Vec::new() };
    assemble(&parse(&draft, "Related Items").value.unwrap(), archive, &house()).value.unwrap()
}

/// Three articles of every strand are out, mixed over four years; the fourth asks for the three.
pub(crate) fn newsletter() -> (Archive, Vec<Asked>) {
    let mut out = Vec::new();
    let mut asked = Vec::new();
    for round in 0..TITLES.len() {
        for strand in 0..STRANDS.len() {
            for theme in 0..THEMES.len() {
                let id = id(round, strand, theme);
                let text = article(round, strand, theme);
                let issue = issue(&id, &text, &Archive::default());
                if round + 1 < TITLES.len() {
                    out.push(issue.archived(jiff::Timestamp::UNIX_EPOCH));
                } else {
                    let wanted = (0..round).map(|round| self::id(round, strand, theme)).collect();
                    asked.push(Asked { issue, text, wanted });
                }
            }
        }
    }
    (Archive::new(out), asked)
}

fn id(round: usize, strand: usize, theme: usize) -> String {
    format!("{}-{:02}-{:02}", 2020 + round, 1 + theme, 3 + 7 * ((strand + theme) % 3))
}

fn article(round: usize, strand: usize, theme: usize) -> String {
    let (words, own) = THEMES[theme];
    let [first, second] = [0, 2].map(|at| format!("{} {}", words[STRANDS[strand][at]], words[STRANDS[strand][at + 1]]));
    let seed = round * 31 + strand * 7 + theme * 3;
    let fill = |line: &str, shift: usize| {
        let (x, y) = (own[(seed + shift) % 4], own[(seed + shift + 1 + round % 3) % 4]);
        line.replace("{a}", &first).replace("{b}", &second).replace("{x}", x).replace("{y}", y)
    };
    let title = fill(TITLES[round], 0);
    let mut text = format!("---\ntitle: \"{title}\"\npreheader: A line.\n---\n# {title}\n");
    for paragraph in 0..3 {
        let at = seed + paragraph;
        text.push_str(&format!(
            "\n{} {} {}\n",
            fill(SAID[(at * 5 + round) % SAID.len()], paragraph),
            fill(AROUND[(at + round) % AROUND.len()], paragraph + 1),
            EVERYWHERE[(at * 7 + round) % EVERYWHERE.len()],
        ));
    }
    text
}
