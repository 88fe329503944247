//! The headings of an article as they are printed: one level under another without a gap, whatever the editor skipped.

use crate::manuscript::document::{Block, BlockKind};

/// Deepest heading that HTML has.
const DEEPEST: u8 = 6;

/// Gives every heading the level at which it is printed, under a title that is printed at level `under`
/// (STANDARDS A2). A heading deeper than the one before it is one level deeper, however many marks it has.
pub(super) fn settle(blocks: &mut [Block], under: u8) {
    settle_within(blocks, under, &mut Vec::new());
}

fn settle_within(blocks: &mut [Block], under: u8, open: &mut Vec<u8>) {
    for block in blocks {
        match &mut block.kind {
            BlockKind::Heading { level, .. } => {
                open.retain(|above| *above < *level);
                open.push(*level);
                let depth = u8::try_from(open.len()).unwrap_or(DEEPEST);
                *level = under.saturating_add(depth).min(DEEPEST);
            }
            BlockKind::Quote(inner) => settle_within(inner, under, open),
            BlockKind::List { items, .. } => items.iter_mut().for_each(|item| settle_within(&mut item.blocks, under, open)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    #[test]
    fn no_level_is_skipped_and_siblings_stay_siblings() {
        let heading = |level| Block { kind: BlockKind::Heading { level, inlines: Vec::new() }, span: Span::default() };
        let mut blocks: Vec<Block> = [3, 3, 2, 4, 6, 2, 3].map(heading).into();
        settle(&mut blocks, 2);
        let printed: Vec<u8> = blocks
            .iter()
            .map(|block| match block.kind {
                BlockKind::Heading { level, .. } => level,
                _ => 0,
            })
            .collect();
        assert_eq!(printed, [3, 3, 3, 4, 5, 3, 4]);
    }
}
