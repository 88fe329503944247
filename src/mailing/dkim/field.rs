//! The signature's own field, folded as it grows: what is signed of it must be what is sent.

/// Longest line, in octets.
pub(super) const LINE: usize = 76;

const NAME: &str = "DKIM-Signature:";

/// A field under way at the end of a string.
pub(super) struct Field<'a> {
    out: &'a mut String,
    begin: usize,
    column: usize,
}

impl<'a> Field<'a> {
    /// Octets that a field takes with an RSA key of 2048 bits and a head such as ours, generously.
    pub(super) const ROOM: usize = 1280;

    pub(super) fn new(out: &'a mut String) -> Self {
        out.push_str(NAME);
        Self { begin: out.len(), out, column: NAME.len() }
    }

    /// What stands after the colon so far.
    pub(super) fn value(&self) -> &str {
        &self.out[self.begin..]
    }

    /// A word after a blank, on the next line if this one is full.
    pub(super) fn word(&mut self, word: &str) {
        self.joined([word, "", ""]);
    }

    pub(super) fn tag(&mut self, tag: &str, value: &str) {
        self.joined([tag, value, ";"]);
    }

    /// A list with colons; a line may end after any of them.
    pub(super) fn list<'n>(&mut self, tag: &str, names: impl Iterator<Item = &'n str>) {
        let mut names = names.peekable();
        let mut before = tag;
        while let Some(name) = names.next() {
            let after = if names.peek().is_some() { ":" } else { ";" };
            self.joined([before, name, after]);
            before = "";
        }
    }

    /// A value that may be broken anywhere.
    pub(super) fn long(&mut self, tag: &str, value: &str) {
        self.word(tag);
        self.rest(value);
        self.push(";");
    }

    /// The last of a value that may be broken anywhere.
    pub(super) fn rest(&mut self, value: &str) {
        let mut rest = value;
        while !rest.is_empty() {
            if self.column >= LINE {
                self.out.push_str("\r\n ");
                self.column = 1;
            }
            let (now, later) = rest.split_at((LINE - self.column).min(rest.len()));
            self.push(now);
            rest = later;
        }
    }

    pub(super) fn end(self) {
        self.out.push_str("\r\n");
    }

    fn joined(&mut self, parts: [&str; 3]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if self.column + 1 + length > LINE {
            self.out.push_str("\r\n");
            self.column = 0;
        }
        self.push(" ");
        for part in parts {
            self.push(part);
        }
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.len();
    }
}
