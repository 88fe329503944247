//! What a page or file is, as a browser is told. Files that came with an issue are shown only if they are of a kind that
//! runs nothing; all others are offered for saving (STANDARDS T4).

/// What something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A page.
    Html,
    /// The feed.
    Atom,
    /// The sitemap.
    Xml,
    /// Plain text.
    Text,
    /// A style sheet.
    Css,
    /// A picture of this media type.
    Picture(&'static str),
    /// A PDF.
    Pdf,
    /// Anything else: to be saved, never shown.
    Other,
}

impl Kind {
    /// What a file is by the ending of its name.
    pub fn of_file(name: &str) -> Self {
        let (_, ending) = name.rsplit_once('.').unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "png" => Self::Picture("image/png"),
            "jpg" | "jpeg" => Self::Picture("image/jpeg"),
            "gif" => Self::Picture("image/gif"),
            "webp" => Self::Picture("image/webp"),
            "avif" => Self::Picture("image/avif"),
            "pdf" => Self::Pdf,
            _ => Self::Other,
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Xml => "application/xml; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Css => "text/css; charset=utf-8",
            Self::Picture(media_type) => media_type,
            Self::Pdf => "application/pdf",
            Self::Other => "application/octet-stream",
        }
    }

    /// Whether it came with an issue and is shown, or read, from elsewhere too: by mail programs.
    pub fn is_file(self) -> bool {
        matches!(self, Self::Picture(_) | Self::Pdf | Self::Other)
    }
}

/// Whether a web server that goes by endings would have a browser run this file, or show it as a page of the site.
pub(super) fn is_run_by_browsers(name: &str) -> bool {
    let (_, ending) = name.rsplit_once('.').unwrap_or_default();
    let ending = ending.to_ascii_lowercase();
    ending.contains("htm")
        || ending.contains("xml")
        || ["svg", "svgz", "xsl", "xslt", "mht", "js", "mjs", "css", "swf"].contains(&ending.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t4_only_what_runs_nothing_is_shown() {
        assert_eq!(Kind::of_file("Well.PNG"), Kind::Picture("image/png"));
        for name in ["a.svg", "a.html", "a.xhtml", "a.png.svg", "png", "a.", "a.js", "a.txt", ".pdf.exe"] {
            assert_eq!(Kind::of_file(name), Kind::Other, "{name}");
        }
        for name in ["a.svg", "a.HTML", "a.shtml", "a.xhtml", "a.xml", "a.js"] {
            assert!(is_run_by_browsers(name), "{name}");
        }
        assert!(!is_run_by_browsers("a.csv") && !is_run_by_browsers("htm"));
    }
}
