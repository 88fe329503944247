//! Which names templates speak of, held against what they are given: a misspelt name in `{{#if …}}` would otherwise be
//! silently false for ever.

use std::collections::BTreeSet;
use std::sync::Arc;

use handlebars::Path;
use handlebars::template::{BlockParam, HelperTemplate, Parameter, Template, TemplateElement};
use serde_json::Value;

use super::compile::span_at;
use crate::diagnostic::{Diagnostic, Findings, Source, nearest};
use crate::edition::views::{
    ArticleView, IssueView, LinkNoteView, LogoView, Printed, PublicationView, ReaderView, RelatedItemView, RelatedView, SectionView,
};

/// Line and column, both from 1.
type Place = (usize, usize);

/// The names that templates use and those that they define.
#[derive(Debug, Default)]
pub(super) struct Used {
    names: Vec<(String, Arc<Source>, Place)>,
    defined: BTreeSet<String>,
}

impl Used {
    /// Takes the names of one template.
    pub(super) fn gather(&mut self, template: &Template, source: &Arc<Source>) {
        for (element, place) in template.elements.iter().zip(&template.mapping) {
            let place = (place.0, place.1);
            match element {
                TemplateElement::HelperBlock(block) | TemplateElement::Expression(block) | TemplateElement::HtmlExpression(block) => {
                    self.helper(block, source, place);
                }
                TemplateElement::PartialExpression(call)
                | TemplateElement::PartialBlock(call)
                | TemplateElement::DecoratorExpression(call)
                | TemplateElement::DecoratorBlock(call) => {
                    self.defined.extend(call.hash.keys().cloned());
                    let is_partial = matches!(element, TemplateElement::PartialExpression(_) | TemplateElement::PartialBlock(_));
                    let params = call.params.iter().filter(|_| is_partial);
                    params.chain(call.hash.values()).for_each(|parameter| self.parameter(parameter, source, place));
                    call.template.iter().for_each(|inner| self.gather(inner, source));
                }
                _ => {}
            }
        }
    }

    fn helper(&mut self, block: &HelperTemplate, source: &Arc<Source>, place: Place) {
        if block.params.is_empty() && block.hash.is_empty() {
            self.parameter(&block.name, source, place);
        }
        block.params.iter().chain(block.hash.values()).for_each(|parameter| self.parameter(parameter, source, place));
        match &block.block_param {
            Some(BlockParam::Single(one)) => self.define(one),
            Some(BlockParam::Pair((one, other))) => {
                self.define(one);
                self.define(other);
            }
            _ => {}
        }
        block.template.iter().chain(&block.inverse).for_each(|inner| self.gather(inner, source));
    }

    fn define(&mut self, parameter: &Parameter) {
        if let Parameter::Name(name) | Parameter::Path(Path::Relative((_, name))) = parameter {
            self.defined.insert(name.clone());
        }
    }

    fn parameter(&mut self, parameter: &Parameter, source: &Arc<Source>, place: Place) {
        match parameter {
            Parameter::Name(name) | Parameter::Path(Path::Relative((_, name))) => {
                self.names.push((name.clone(), Arc::clone(source), place));
            }
            Parameter::Subexpression(inner) => {
                if let TemplateElement::Expression(call) = inner.element.as_ref() {
                    call.params.iter().chain(call.hash.values()).for_each(|parameter| self.parameter(parameter, source, place));
                }
            }
            _ => {}
        }
    }

    /// Names that no view has, in no place.
    pub(super) fn suspects(self) -> Vec<Diagnostic> {
        let mut known = self.defined;
        known.extend(["this", "else", "..", ".", ""].map(str::to_owned));
        for view in specimens() {
            keys(&serde_json::to_value(view).unwrap_or_default(), &mut known);
        }
        let mut found = Findings::default();
        for (name, source, place) in self.names {
            let lost = name
                .split(['.', '/'])
                .map(|part| part.trim_matches(['[', ']']))
                .find(|part| !part.starts_with('@') && !known.contains(*part) && part.parse::<usize>().is_err());
            let Some(lost) = lost else { continue };
            if !found.has_room("template-name-suspect") {
                break;
            }
            let help = match nearest(lost, known.iter().map(String::as_str), 0.8) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "it is always empty; the template authors' guide lists every name".to_owned(),
            };
            let suspect = Diagnostic::warning("template-name-suspect", format!("no template is given anything called `{lost}`"));
            found.push(suspect.help(help).at(&source, span_at(source.text(), Some(place.0), Some(place.1))));
        }
        found.into_vec()
    }
}

fn keys(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                out.insert(key.clone());
                keys(inner, out);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, out)),
        _ => {}
    }
}

/// An issue with everything in it, and one with as little as can be.
pub(super) fn specimens() -> [IssueView; 2] {
    let printed = |text: &str| Printed(text.to_owned());
    let text = |text: &str| text.to_owned();
    let article = || ArticleView { title: printed("A title"), url: text("https://news.example.org/a"), body: printed("Some text.") };
    let full = IssueView {
        publication: PublicationView {
            name: text("The Specimen"),
            tagline: Some(text("A line")),
            url: text("https://news.example.org"),
            postal_address: text("1 Main Street"),
            privacy_url: Some(text("https://news.example.org/privacy")),
            reply_address: text("desk@news.example.org"),
            logo: Some(LogoView { url: text("https://news.example.org/logo.png"), width: 80, height: 40 }),
        },
        lang: text("en"),
        dir: "ltr",
        title: text("A title"),
        subject: text("A subject"),
        label: text("June 2026"),
        number: Some(text("Vol. 1, No. 6")),
        preheader: Some(text("A first line.")),
        url: text("https://news.example.org/issues/2026-06"),
        introduction: Some(printed("Some text.")),
        featured: article(),
        related: Some(RelatedView {
            heading: printed("Related Items"),
            introduction: Some(printed("Some text.")),
            items: vec![RelatedItemView {
                title: printed("A title"),
                url: text("https://news.example.org/b"),
                date: Some(text("April 2026")),
                file: Some(text("(PDF)")),
                note: Some(printed("A note.")),
            }],
            closing: Some(printed("Some text.")),
        }),
        sections: vec![SectionView { title: printed("A title"), introduction: Some(printed("Some text.")), pieces: vec![article()] }],
        footnotes: Some(printed("A note.")),
        links: vec![LinkNoteView { number: 1, url: text("https://news.example.org/b") }],
        reader: ReaderView {
            name: printed("Ann"),
            address: printed("ann@example.org"),
            list: printed("General"),
            unsubscribe_url: printed("https://news.example.org/u/1"),
            preferences_url: printed("https://news.example.org/preferences/1"),
        },
    };
    let mut bare = full.clone();
    (bare.publication.tagline, bare.publication.privacy_url, bare.publication.logo) = (None, None, None);
    (bare.number, bare.preheader, bare.introduction, bare.related, bare.footnotes) = (None, None, None, None, None);
    (bare.sections, bare.links) = (Vec::new(), Vec::new());
    [full, bare]
}
