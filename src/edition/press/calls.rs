//! Which template calls which: partials that are not there, or that would call each other without end.

use std::collections::BTreeMap;
use std::sync::Arc;

use handlebars::template::{Parameter, Template, TemplateElement};

use super::compile::{MAX_NESTING, span_at};
use super::{TemplateFile, medium_is_html, name_of};
use crate::diagnostic::{Diagnostic, Source, Span};

/// A call of a partial: its name, or nothing where the name is reckoned at print time, and where it stands.
type Call = (Option<String>, (usize, usize));

/// The partials that a template calls, and those that it defines for itself with the calls in them.
#[derive(Debug, Default)]
pub(super) struct Calls {
    called: Vec<Call>,
    defined: BTreeMap<String, Vec<Call>>,
}

impl Calls {
    fn all(&self) -> impl Iterator<Item = &Call> {
        self.called.iter().chain(self.defined.values().flatten())
    }
}

pub(super) fn called(template: &Template) -> Calls {
    let mut calls = Calls::default();
    gather(template, None, &mut calls);
    calls
}

fn gather(template: &Template, within: Option<&str>, calls: &mut Calls) {
    for (element, place) in template.elements.iter().zip(&template.mapping) {
        match element {
            TemplateElement::HelperBlock(block) | TemplateElement::Expression(block) | TemplateElement::HtmlExpression(block) => {
                block.template.iter().chain(&block.inverse).for_each(|inner| gather(inner, within, calls));
            }
            TemplateElement::PartialExpression(partial) | TemplateElement::PartialBlock(partial) => {
                let call = (named(&partial.name), (place.0, place.1));
                match within {
                    Some(name) => calls.defined.entry(name.to_owned()).or_default().push(call),
                    None => calls.called.push(call),
                }
                partial.template.iter().for_each(|inner| gather(inner, within, calls));
            }
            TemplateElement::DecoratorExpression(decorator) | TemplateElement::DecoratorBlock(decorator) => {
                let name = decorator.params.first().and_then(named);
                if let Some(name) = &name {
                    calls.defined.entry(name.clone()).or_default();
                }
                decorator.template.iter().for_each(|inner| gather(inner, name.as_deref().or(within), calls));
            }
            _ => {}
        }
    }
}

fn named(parameter: &Parameter) -> Option<String> {
    match parameter {
        Parameter::Name(name) | Parameter::Path(handlebars::Path::Relative((_, name)) | handlebars::Path::Local((_, _, name))) => {
            Some(name.clone())
        }
        Parameter::Literal(literal) => literal.as_str().map(str::to_owned),
        _ => None,
    }
}

/// The newsroom's own partials that nothing calls: mostly a misspelt name of a built-in one.
pub(super) fn idle(own: &[TemplateFile], templates: &BTreeMap<String, Calls>) -> Vec<Diagnostic> {
    let is_called = |name: &str| templates.values().flat_map(Calls::all).any(|(call, _)| call.as_deref() == Some(name));
    own.iter()
        .filter(|file| name_of(&file.path).starts_with("partials/") && !is_called(name_of(&file.path)))
        .map(|file| {
            let found = Diagnostic::warning("template-unused", format!("nothing calls the partial `{}`", name_of(&file.path)));
            found.help(like(name_of(&file.path), name_of(&file.path), templates)).at(&file.source, Span::default())
        })
        .collect()
}

/// Partials that do not exist, that are reckoned, or that call each other in a circle: at print time these would end
/// in an error at best and in an overflowing stack at worst.
pub(super) fn wrong(templates: &BTreeMap<String, Calls>, sources: &BTreeMap<String, Arc<Source>>) -> Vec<Diagnostic> {
    let graph = graph(templates);
    let mut found = Vec::new();
    for (name, calls) in templates {
        let Some(source) = sources.get(name) else { continue };
        for (call, place) in calls.all() {
            let fault = match call {
                None => Diagnostic::error("template-partial-reckoned", "the name of a partial must be written out")
                    .help("write `{{> partials/its-name.html}}`; choose between partials with `{{#if …}}`"),
                Some(call) if call == "@partial-block" || templates.values().any(|calls| calls.defined.contains_key(call)) => continue,
                Some(call) if !templates.contains_key(call) => {
                    let found = Diagnostic::error("template-partial-unknown", format!("there is no partial `{call}`"));
                    found.help(like(call, name, templates))
                }
                Some(call) if medium_is_html(name) != medium_is_html(call) => {
                    Diagnostic::error("template-partial-medium", format!("`{call}` is of the other medium"))
                        .help("HTML calls `.html` partials, plain text `.txt` ones")
                }
                Some(_) => continue,
            };
            found.push(fault.at(source, span_at(source.text(), Some(place.0), Some(place.1))));
        }
        for start in std::iter::once(name).chain(calls.defined.keys()) {
            if let Some(way) = endless(start, &graph) {
                let next = way.get(1);
                let span = calls
                    .all()
                    .find(|(call, _)| call.as_ref() == next)
                    .map_or(Span::default(), |(_, place)| span_at(source.text(), Some(place.0), Some(place.1)));
                let fault = if way.last() == Some(start) {
                    Diagnostic::error("template-partial-circle", format!("partials call each other in a circle: {}", way.join(" -> ")))
                        .help("take one of the calls out")
                } else {
                    Diagnostic::error("template-partial-deep", format!("partials call each other more than {MAX_NESTING} levels deep"))
                        .help("put some of them together")
                };
                found.push(fault.at(source, span));
            }
        }
    }
    found
}

fn like(call: &str, caller: &str, templates: &BTreeMap<String, Calls>) -> String {
    let likeness = |name: &str| strsim::jaro_winkler(name, call).max(strsim::jaro_winkler(name, &format!("partials/{call}")));
    templates
        .keys()
        .filter(|name| *name != call && name.starts_with("partials/") && medium_is_html(name) == medium_is_html(caller))
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .filter(|name| likeness(name) > 0.85)
        .map_or_else(
            || "partials are named by their path below `templates/` without `.hbs`".to_owned(),
            |name| format!("did you mean `{name}`?"),
        )
}

/// Who calls whom, by name: a partial defined within a template counts as one of that name anywhere.
fn graph(templates: &BTreeMap<String, Calls>) -> BTreeMap<&str, Vec<&str>> {
    fn names(calls: &[Call]) -> impl Iterator<Item = &str> {
        calls.iter().filter_map(|(name, _)| name.as_deref())
    }
    let mut graph: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, calls) in templates {
        graph.entry(name).or_default().extend(names(&calls.called));
        for (name, calls) in &calls.defined {
            graph.entry(name).or_default().extend(names(calls));
        }
    }
    graph
}

/// The way from a template back to itself, if there is one, or one that is too long.
fn endless(start: &str, graph: &BTreeMap<&str, Vec<&str>>) -> Option<Vec<String>> {
    fn walk<'g>(way: &mut Vec<&'g str>, start: &str, graph: &BTreeMap<&'g str, Vec<&'g str>>, seen: &mut Vec<&'g str>) -> bool {
        let Some(calls) = way.last().and_then(|here| graph.get(here)) else { return false };
        for next in calls {
            way.push(next);
            if *next == start || way.len() > MAX_NESTING {
                return true;
            }
            if !seen.contains(next) {
                seen.push(next);
                if walk(way, start, graph, seen) {
                    return true;
                }
            }
            way.pop();
        }
        false
    }
    let mut way = vec![*graph.get_key_value(start)?.0];
    walk(&mut way, start, graph, &mut Vec::new()).then(|| way.into_iter().map(str::to_owned).collect())
}
