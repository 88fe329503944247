//! The templates that come with the binary; a newsroom's own take their places file by file.

/// Path below `templates/` and text of every built-in template and style sheet.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("issue/body.html.hbs", include_str!("../../templates/issue/body.html.hbs")),
    ("issue/body.txt.hbs", include_str!("../../templates/issue/body.txt.hbs")),
    ("issue/subject.txt.hbs", include_str!("../../templates/issue/subject.txt.hbs")),
    ("partials/article.txt.hbs", include_str!("../../templates/partials/article.txt.hbs")),
    ("partials/featured.html.hbs", include_str!("../../templates/partials/featured.html.hbs")),
    ("partials/footer.html.hbs", include_str!("../../templates/partials/footer.html.hbs")),
    ("partials/footer.txt.hbs", include_str!("../../templates/partials/footer.txt.hbs")),
    ("partials/footnotes.html.hbs", include_str!("../../templates/partials/footnotes.html.hbs")),
    ("partials/masthead.html.hbs", include_str!("../../templates/partials/masthead.html.hbs")),
    ("partials/masthead.txt.hbs", include_str!("../../templates/partials/masthead.txt.hbs")),
    ("partials/piece.html.hbs", include_str!("../../templates/partials/piece.html.hbs")),
    ("partials/preheader.html.hbs", include_str!("../../templates/partials/preheader.html.hbs")),
    ("partials/related.html.hbs", include_str!("../../templates/partials/related.html.hbs")),
    ("partials/related.txt.hbs", include_str!("../../templates/partials/related.txt.hbs")),
    ("partials/section.html.hbs", include_str!("../../templates/partials/section.html.hbs")),
    ("partials/section.txt.hbs", include_str!("../../templates/partials/section.txt.hbs")),
    ("report/body.txt.hbs", include_str!("../../templates/report/body.txt.hbs")),
    ("report/subject.txt.hbs", include_str!("../../templates/report/subject.txt.hbs")),
    ("style/mail.css", include_str!("../../templates/style/mail.css")),
    ("style/screen.css", include_str!("../../templates/style/screen.css")),
];
