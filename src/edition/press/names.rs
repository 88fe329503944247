//! Which names templates speak of, held against what they are given: a misspelt name in `{{#if …}}` would otherwise be
//! silently false for ever.

use std::collections::BTreeSet;
use std::sync::Arc;

use handlebars::Path;
use handlebars::template::{BlockParam, HelperTemplate, Parameter, Template, TemplateElement};
use serde_json::Value;

use super::compile::span_at;
use super::specimens::{self, Mail};
use crate::diagnostic::{Diagnostic, Findings, Source, nearest};

/// Line and column, both from 1.
type Place = (usize, usize);

/// A name that is used, by a template of which mail, and where.
#[derive(Debug)]
struct Mention {
    name: String,
    mail: Option<Mail>,
    source: Arc<Source>,
    place: Place,
}

/// The names that templates use and those that they define.
#[derive(Debug, Default)]
pub(super) struct Used {
    /// The mail whose template is gathered now; nothing for a partial, which any mail may call.
    mail: Option<Mail>,
    names: Vec<Mention>,
    defined: BTreeSet<String>,
}

impl Used {
    /// Takes the names of the template that is called so.
    pub(super) fn gather(&mut self, called: &str, template: &Template, source: &Arc<Source>) {
        self.mail = Mail::of(called);
        self.take(template, source);
    }

    fn take(&mut self, template: &Template, source: &Arc<Source>) {
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
                    call.template.iter().for_each(|inner| self.take(inner, source));
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
        block.template.iter().chain(&block.inverse).for_each(|inner| self.take(inner, source));
    }

    fn define(&mut self, parameter: &Parameter) {
        if let Parameter::Name(name) | Parameter::Path(Path::Relative((_, name))) = parameter {
            self.defined.insert(name.clone());
        }
    }

    fn parameter(&mut self, parameter: &Parameter, source: &Arc<Source>, place: Place) {
        match parameter {
            Parameter::Name(name) | Parameter::Path(Path::Relative((_, name))) => {
                self.names.push(Mention { name: name.clone(), mail: self.mail, source: Arc::clone(source), place });
            }
            Parameter::Subexpression(inner) => {
                if let TemplateElement::Expression(call) = inner.element.as_ref() {
                    call.params.iter().chain(call.hash.values()).for_each(|parameter| self.parameter(parameter, source, place));
                }
            }
            _ => {}
        }
    }

    /// Names that no view has which the template is given, in no place.
    pub(super) fn suspects(self) -> Vec<Diagnostic> {
        let known = Mail::ALL.map(|mail| self.known(mail));
        let mut found = Findings::default();
        for Mention { name, mail, source, place } in &self.names {
            let known: Vec<&BTreeSet<String>> =
                Mail::ALL.iter().zip(&known).filter(|(of, _)| mail.is_none_or(|mail| mail == **of)).map(|(_, known)| known).collect();
            let is_lost =
                |part: &&str| !part.starts_with('@') && !known.iter().any(|known| known.contains(*part)) && part.parse::<usize>().is_err();
            let lost = name.split(['.', '/']).map(|part| part.trim_matches(['[', ']'])).find(is_lost);
            let Some(lost) = lost else { continue };
            if !found.has_room("template-name-suspect") {
                break;
            }
            let help = match nearest(lost, known.into_iter().flatten().map(String::as_str), 0.8) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "it is always empty; the template authors' guide lists every name".to_owned(),
            };
            let suspect = Diagnostic::warning("template-name-suspect", format!("this template is given nothing called `{lost}`"));
            found.push(suspect.help(help).at(source, span_at(source.text(), Some(place.0), Some(place.1))));
        }
        found.into_vec()
    }

    /// All that a template of this mail may speak of.
    fn known(&self, mail: Mail) -> BTreeSet<String> {
        let mut known = self.defined.clone();
        known.extend(["this", "else", "..", ".", ""].map(str::to_owned));
        for view in specimens::of(mail) {
            keys(&view, &mut known);
        }
        known
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
