//! The mail as one kind of reader sees it, in a frame of the preview.

use crate::dateline::IssueId;
use crate::desk::preview::Printed;

/// For whom the mail is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// A reader with light paper.
    Light,
    /// A reader with dark paper.
    Dark,
    /// A reader whose program shows no images.
    Bare,
}

impl View {
    /// The view of this name in an address.
    pub(super) fn named(name: &str) -> Option<Self> {
        [("light", Self::Light), ("dark", Self::Dark), ("bare", Self::Bare)]
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, view)| view)
    }
}

/// The HTML part for a frame: on the paper asked for, whatever the editor's own screen prefers; with images and reports
/// from the issue's folder, though they are on no server yet; and with links that open beside the preview.
pub(super) fn framed(printed: &Printed, id: &IssueId, view: View) -> String {
    let paper = if view == View::Dark { "dark" } else { "light" };
    let html = on_paper(&printed.html, paper);
    let html = html.replace("content=\"light dark\"", &format!("content=\"{paper}\""));
    let html = html.replace(&format!("=\"{}", printed.files_url), &format!("=\"/issues/{id}/"));
    html.replacen("<head>", "<head><base target=\"_blank\">", 1)
}

/// Answers every question of the style sheet for the reader's paper.
fn on_paper(html: &str, paper: &str) -> String {
    const QUESTION: &str = "(prefers-color-scheme";
    let mut pieces = html.split(QUESTION);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let asked = piece.trim_start().strip_prefix(':').and_then(|rest| rest.split_once(')'));
        if let Some((value @ ("dark" | "light"), rest)) = asked.map(|(value, rest)| (value.trim(), rest)) {
            out.push_str(if value == paper { "(min-width:0px)" } else { "(max-width:0px)" });
            out.push_str(rest);
        } else {
            out.push_str(QUESTION);
            out.push_str(piece);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_is_the_one_asked_for_however_the_style_sheet_asks() {
        let css = "@media (prefers-color-scheme: dark){a{}}@media screen and (prefers-color-scheme:light){b{}}(prefers-color-scheme) (prefers-color-scheme: x)";
        let rest = "(prefers-color-scheme) (prefers-color-scheme: x)";
        assert_eq!(on_paper(css, "dark"), format!("@media (min-width:0px){{a{{}}}}@media screen and (max-width:0px){{b{{}}}}{rest}"));
        assert_eq!(on_paper(css, "light"), format!("@media (max-width:0px){{a{{}}}}@media screen and (min-width:0px){{b{{}}}}{rest}"));
        assert_eq!(on_paper("no style", "dark"), "no style");
    }

    #[test]
    fn files_of_the_issue_come_from_its_folder_and_all_else_from_where_it_was() {
        let printed = Printed {
            subject: String::new(),
            preheader: None,
            label: String::new(),
            number: None,
            lists: Vec::new(),
            is_ready: true,
            from: String::new(),
            html: "<head></head><img src=\"https://e.org/issues/2014-12/a.png\"><a href=\"https://e.org/issues/2014-12\"><a href=\"https://e.org/issues/2014-11/b.pdf\">".to_owned(),
            text: String::new(),
            head: Ok(String::new()),
            files_url: "https://e.org/issues/2014-12/".to_owned(),
        };
        let framed = framed(&printed, &"2014-12".parse().unwrap(), View::Light);
        assert_eq!(
            framed,
            "<head><base target=\"_blank\"></head><img src=\"/issues/2014-12/a.png\"><a href=\"https://e.org/issues/2014-12\"><a href=\"https://e.org/issues/2014-11/b.pdf\">"
        );
    }
}
