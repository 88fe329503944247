//! An inverted index, packed: which articles have a word, and how much each has of it.

/// How soon a word's further mentions stop to count.
const SATURATION: f32 = 1.2;

/// The number of an article within the index.
pub(super) type Place = u32;

/// Mentions, while they are gathered.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    mentions: Vec<(u64, Place, u16)>,
    lengths: Vec<f32>,
}

impl Gathering {
    /// Enters the next article: its words with their weights, and its length in words.
    pub(super) fn enter(&mut self, counted: impl Iterator<Item = (u64, f32)>, length: usize) {
        let place = place_of(self.lengths.len());
        self.mentions.extend(counted.map(|(term, weight)| (term, place, stored(weight))));
        self.lengths.push(measure(length));
    }

    /// Packs what was gathered. `levelling` says how far a long article is held to be long-winded, from 0 to 1.
    pub(super) fn pack(mut self, levelling: f32) -> Postings {
        self.mentions.sort_unstable();
        let mut packed = Postings { lengths: self.lengths, levelling, ..Postings::default() };
        packed.places.reserve_exact(self.mentions.len());
        packed.weights.reserve_exact(self.mentions.len());
        for (term, place, weight) in self.mentions {
            if packed.terms.last() != Some(&term) {
                packed.terms.push(term);
                packed.starts.push(place_of(packed.places.len()));
            }
            packed.places.push(place);
            packed.weights.push(weight);
        }
        packed.starts.push(place_of(packed.places.len()));
        packed.terms.shrink_to_fit();
        packed.starts.shrink_to_fit();
        packed
    }
}

/// What is known of the words of all articles.
#[derive(Debug, Default)]
pub(super) struct Postings {
    lengths: Vec<f32>,
    levelling: f32,
    terms: Vec<u64>,
    starts: Vec<u32>,
    places: Vec<Place>,
    weights: Vec<u16>,
}

impl Postings {
    /// The same as if there were only the articles that are marked.
    pub(super) fn among<'a>(&'a self, marked: &'a [bool]) -> Among<'a> {
        let lengths = self.lengths.iter().zip(marked).filter(|(_, marked)| **marked).map(|(length, _)| *length);
        let (count, sum) = lengths.fold((0.0_f32, 0.0_f32), |(count, sum), length| (count + 1.0, sum + length));
        Among { index: self, marked, count, average: (sum / count.max(1.0)).max(1.0) }
    }

    /// Its size in memory, in octets.
    pub(super) fn octets(&self) -> usize {
        self.terms.len() * 12 + self.places.len() * 6 + self.lengths.len() * 4
    }

    fn of(&self, term: u64) -> (&[Place], &[u16]) {
        let Ok(at) = self.terms.binary_search(&term) else { return (&[], &[]) };
        let range = self.starts[at] as usize..self.starts[at + 1] as usize;
        (&self.places[range.clone()], &self.weights[range])
    }
}

/// Some of the articles, weighed by BM25 (Robertson and Zaragoza 2009, section 3) as if there were no others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Among<'a> {
    index: &'a Postings,
    marked: &'a [bool],
    count: f32,
    average: f32,
}

impl Among<'_> {
    /// How telling a word is: the more, the fewer articles have it; nothing if none has.
    pub(super) fn rarity(&self, term: u64) -> f32 {
        let having = measure(self.index.of(term).0.iter().filter(|place| self.has(**place)).count());
        if having > 0.0 { (1.0 + (self.count - having + 0.5) / (having + 0.5)).ln() } else { 0.0 }
    }

    /// Adds to every article what it gains from a word that counts so much.
    pub(super) fn add(&self, term: u64, worth: f32, scores: &mut [f32]) {
        let (places, weights) = self.index.of(term);
        for (place, weight) in places.iter().zip(weights).filter(|(place, _)| self.has(**place)) {
            if let Some(score) = scores.get_mut(*place as usize) {
                *score += worth * self.gained(*place, *weight);
            }
        }
    }

    /// What one article gains from a word, from 0 to 1.
    pub(super) fn gain(&self, term: u64, place: Place) -> f32 {
        let (places, weights) = self.index.of(term);
        let weight = places.binary_search(&place).ok().and_then(|at| weights.get(at)).filter(|_| self.has(place));
        weight.map_or(0.0, |weight| self.gained(place, *weight))
    }

    fn gained(&self, place: Place, weight: u16) -> f32 {
        let length = self.index.lengths.get(place as usize).map_or(1.0, |length| length / self.average);
        let levelling = self.index.levelling;
        let weight = f32::from(weight);
        weight / (weight + SATURATION * (1.0 - levelling + levelling * length))
    }

    fn has(&self, place: Place) -> bool {
        self.marked.get(place as usize).copied().unwrap_or_default()
    }
}

fn place_of(count: usize) -> Place {
    Place::try_from(count).unwrap_or(Place::MAX)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "weights are whole numbers, and small")]
fn stored(weight: f32) -> u16 {
    weight.clamp(0.0, f32::from(u16::MAX)).round() as u16
}

#[allow(clippy::cast_precision_loss, reason = "numbers of words and of articles are small")]
fn measure(count: usize) -> f32 {
    count as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [bool; 3] = [true; 3];

    fn three() -> Postings {
        let mut gathering = Gathering::default();
        gathering.enter([(7, 1.0), (9, 1.0)].into_iter(), 2);
        gathering.enter([(9, 4.0)].into_iter(), 2);
        gathering.enter([(9, 1.0)].into_iter(), 40);
        gathering.pack(0.75)
    }

    #[test]
    fn a_rare_word_tells_more_than_one_that_all_have() {
        let packed = three();
        let index = packed.among(&ALL);
        assert!(index.rarity(7) > index.rarity(9) && index.rarity(9) > 0.0);
        assert!(index.rarity(8).abs() < f32::EPSILON);
    }

    #[test]
    fn more_mentions_gain_more_and_length_gains_less() {
        let packed = three();
        let index = packed.among(&ALL);
        assert!(index.gain(9, 1) > index.gain(9, 0) && index.gain(9, 0) > index.gain(9, 2));
        let mut scores = [0.0; 3];
        index.add(9, 2.0, &mut scores);
        assert!((scores[1] - 2.0 * index.gain(9, 1)).abs() < 1e-6);
        assert!(index.gain(7, 1).abs() < f32::EPSILON);
    }

    #[test]
    fn an_article_that_is_not_marked_might_as_well_not_be_there() {
        let mut gathering = Gathering::default();
        gathering.enter([(7, 1.0), (9, 1.0)].into_iter(), 2);
        gathering.enter([(9, 4.0)].into_iter(), 2);
        let (two, three) = (gathering.pack(0.75), three());
        let (two, three) = (two.among(&[true, true]), three.among(&[true, true, false]));
        assert!((two.rarity(9) - three.rarity(9)).abs() < 1e-6 && (two.gain(9, 1) - three.gain(9, 1)).abs() < 1e-6);
        assert!(three.gain(9, 2).abs() < f32::EPSILON);
    }
}
