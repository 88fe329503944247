//! Finds the paths that a Rust source mentions, without comments and literals, each with its line.

/// A path, written out from its root, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) line: usize,
    pub(crate) path: String,
}

/// Every path of at least two segments, groups in braces taken apart.
pub(crate) fn mentions(file: &str, text: &str) -> Vec<Mention> {
    let tokens = tokens(&bare(text));
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let opens = is_name(&tokens[at].1) && tokens.get(at + 1).is_some_and(|(_, next)| next == "::");
        if opens {
            at = tree(&tokens, at, "", &mut found);
        } else {
            at += 1;
        }
    }
    let depth = depth(file);
    for mention in &mut found {
        mention.path = rooted(&mention.path, depth);
    }
    found
}

/// How many modules a file is deep: 2 for `src/mailing/fate.rs`, 1 for `src/mailing/mod.rs` and `src/app.rs`.
fn depth(file: &str) -> usize {
    let below = file.strip_prefix("src/").unwrap_or(file);
    below.matches('/').count() + usize::from(!below.ends_with("/mod.rs"))
}

/// A path that climbs to the crate's root is one that begins there.
fn rooted(path: &str, depth: usize) -> String {
    let steps = path.split("::").take_while(|segment| *segment == "super").count();
    if steps == 0 || steps < depth {
        return path.to_owned();
    }
    format!("crate::{}", path.split("::").skip(steps).collect::<Vec<_>>().join("::"))
}

/// Reads one path or group from `at` on; returns where it ends.
fn tree(tokens: &[(usize, String)], mut at: usize, prefix: &str, found: &mut Vec<Mention>) -> usize {
    let start = tokens.get(at).map_or(0, |(line, _)| *line);
    let mut path = prefix.to_owned();
    loop {
        match tokens.get(at).map(|(_, token)| token.as_str()) {
            Some("{") if !path.is_empty() => {
                at += 1;
                while tokens.get(at).is_some_and(|(_, token)| token != "}") {
                    let end = tree(tokens, at, &path, found);
                    // Whatever is no path, such as a comma or `as`, is passed over.
                    at = end.max(at + 1);
                }
                return at + 1;
            }
            Some(name) if is_name(name) || name == "*" => {
                if name != "self" || path.is_empty() {
                    path = if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") };
                }
                at += 1;
            }
            _ => return at,
        }
        if tokens.get(at).is_some_and(|(_, token)| token == "::") {
            at += 1;
        } else {
            break;
        }
    }
    if tokens.get(at).is_some_and(|(_, token)| token == "as") {
        at += 2;
    }
    if path.contains("::") {
        found.push(Mention { line: start, path });
    }
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_') && token != "as" && token != "use" && token != "pub"
}

/// Names, `::` and single signs, each with its line.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                _ if rest.starts_with("::") => 2,
                c if c.is_alphanumeric() || c == '_' => rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()),
                c => c.len_utf8(),
            };
            if !first.is_whitespace() {
                tokens.push((number + 1, rest[..length].to_owned()));
            }
            rest = &rest[length..];
        }
    }
    tokens
}

/// The text with comments and literals blanked out, line by line as long as before.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = silent(rest);
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    out
}

/// How long the comment or literal is that begins here; 0 if none does.
fn silent(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block(text);
    }
    if text.starts_with('"') {
        return quoted(text);
    }
    if let Some(hashes) = text.strip_prefix('r').map(|rest| rest.len() - rest.trim_start_matches('#').len())
        && text[1 + hashes..].starts_with('"')
    {
        let end = format!("\"{}", "#".repeat(hashes));
        return text[2 + hashes..].find(&end).map_or(text.len(), |at| 2 + hashes + at + end.len());
    }
    if let Some(rest) = text.strip_prefix('\'') {
        let mut inner = rest.chars();
        return match (inner.next(), inner.next()) {
            (Some('\\'), Some(escaped)) => {
                let after = 2 + escaped.len_utf8();
                text[after..].find('\'').map_or(0, |at| after + at + 1)
            }
            (Some(c), Some('\'')) => c.len_utf8() + 2,
            _ => 0,
        };
    }
    0
}

fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn block(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}
