//! Prints views through Handlebars templates: strict, compiled once, and checked for cycles before anything is printed.
//!
//! Two registries, because escaping belongs to the medium: `.html.hbs` escapes for HTML, `.txt.hbs` escapes nothing and
//! does not indent partials. A template is named by its path below `templates/` without `.hbs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, Template, TemplateElement};
use handlebars::{Handlebars, RenderError, TemplateError, TemplateErrorReason, no_escape};
use serde::Serialize;

use super::html::escape;
use super::templates::BUILT_IN;
use crate::diagnostic::{Checked, Diagnostic, Source, Span};

/// Largest template, in octets.
const MAX_TEMPLATE: usize = 256 << 10;
/// Deepest nesting of blocks in a template, and of partials in partials; far below what the stack bears.
const MAX_NESTING: usize = 50;

/// A template file of the newsroom, which takes the place of the built-in one of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// Its path below `templates/`, such as `issue/body.html.hbs`.
    pub path: String,
    /// The text, under the name that people know it by.
    pub source: Arc<Source>,
}

/// Templates, ready to print.
#[derive(Debug)]
pub struct Press {
    html: Handlebars<'static>,
    text: Handlebars<'static>,
    sources: BTreeMap<String, Arc<Source>>,
}

impl Press {
    /// A press with the built-in templates and those of the newsroom in their places. Every fault is told; one is
    /// enough to have no press.
    pub fn new(overrides: &[TemplateFile]) -> Checked<Self> {
        let mut diagnostics = Vec::new();
        let mut sources: BTreeMap<String, Arc<Source>> = BUILT_IN
            .iter()
            .map(|(path, text)| (name_of(path).to_owned(), Source::new(format!("built in: templates/{path}"), *text)))
            .collect();
        for file in overrides {
            let name = name_of(&file.path).to_owned();
            if !sources.contains_key(&name) && !name.starts_with("partials/") {
                diagnostics.push(unknown_template(&file.source, &file.path, sources.keys()));
                continue;
            }
            sources.insert(name, Arc::clone(&file.source));
        }
        let mut html = Handlebars::new();
        html.set_strict_mode(true);
        html.register_escape_fn(escape);
        let mut text = Handlebars::new();
        text.set_strict_mode(true);
        text.set_prevent_indent(true);
        text.register_escape_fn(no_escape);
        let mut partials = BTreeMap::new();
        for (name, source) in sources.iter().filter(|(name, _)| !name.starts_with("style/")) {
            let registry = if medium_is_html(name) { &mut html } else { &mut text };
            match compile(name, source) {
                Ok(template) => {
                    partials.insert(name.clone(), called(&template));
                    registry.register_template(name, template);
                }
                Err(found) => diagnostics.push(*found),
            }
        }
        diagnostics.extend(wrong_partials(&partials, &sources));
        let value = diagnostics.is_empty().then_some(Self { html, text, sources });
        Checked { value, diagnostics }
    }

    /// Prints a view through a template. A fault is the template's: an unknown name, a wrong helper.
    pub fn print(&self, name: &str, view: &impl Serialize) -> Result<String, Box<Diagnostic>> {
        let registry = if medium_is_html(name) { &self.html } else { &self.text };
        registry.render(name, view).map_err(|fault| Box::new(self.unprintable(name, &fault)))
    }

    /// The text of a style sheet, such as `style/mail.css`.
    pub fn style(&self, name: &str) -> &str {
        self.sources.get(name).map_or("", |source| source.text())
    }

    fn unprintable(&self, name: &str, fault: &RenderError) -> Diagnostic {
        let name = fault.template_name.as_deref().unwrap_or(name);
        let spoken = fault.reason().to_string();
        let found = match spoken.split_once("strict mode") {
            Some((_, path)) => {
                let path = path.trim().trim_start_matches("Some(\"").trim_end_matches("\")");
                Diagnostic::error("template-unknown-name", format!("there is no `{path}` in what this template is given"))
                    .help("the template authors' guide lists every name")
            }
            None => Diagnostic::error("template-fault", spoken),
        };
        match self.sources.get(name) {
            Some(source) => found.at(source, span_at(source.text(), fault.line_no, fault.column_no)),
            None => found,
        }
    }
}

fn name_of(path: &str) -> &str {
    path.strip_suffix(".hbs").unwrap_or(path)
}

fn medium_is_html(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|ending| ending == "html")
}

fn unknown_template<'a>(source: &Arc<Source>, path: &str, known: impl Iterator<Item = &'a String>) -> Diagnostic {
    let near = known.map(|name| (strsim::jaro_winkler(name, name_of(path)), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    let found = Diagnostic::error("template-unknown", format!("no mail and no page uses a template `{path}`")).at(source, Span::default());
    match near {
        Some((likeness, name)) if likeness > 0.85 => found.help(format!("did you mean `{name}`?")),
        _ => found.help("own pieces go into `partials/`"),
    }
}

fn compile(name: &str, source: &Arc<Source>) -> Result<Template, Box<Diagnostic>> {
    let text = source.text();
    if text.len() > MAX_TEMPLATE {
        let found = Diagnostic::error("template-too-large", format!("a template has at most {MAX_TEMPLATE} bytes"));
        return Err(Box::new(found.at(source, Span::default())));
    }
    if let Some(at) = too_nested(text) {
        let found = Diagnostic::error("template-too-deep", format!("blocks nest more than {MAX_NESTING} levels deep"));
        return Err(Box::new(found.at(source, Span::new(at, at + 2)).help("move the inner ones into a partial")));
    }
    Template::compile_with_name(text, name.to_owned()).map_err(|fault| Box::new(uncompilable(source, &fault)))
}

/// Where blocks or brackets nest too deep for the parser's stack, counted on the text before it is parsed.
fn too_nested(text: &str) -> Option<usize> {
    let (mut depth, mut brackets) = (0usize, 0usize);
    let bytes = text.as_bytes();
    for at in 0..bytes.len() {
        match bytes[at..] {
            [b'{', b'{', b'#', ..] => depth += 1,
            [b'{', b'{', b'/', ..] => depth = depth.saturating_sub(1),
            [b'(', ..] => brackets += 1,
            [b')', ..] => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING || brackets > 4 * MAX_NESTING {
            return Some(at);
        }
    }
    None
}

fn uncompilable(source: &Arc<Source>, fault: &TemplateError) -> Diagnostic {
    let (message, help) = match fault.reason() {
        TemplateErrorReason::MismatchingClosedHelper(open, close) => (
            format!("`{{{{#{open}}}}}` is open here, but `{{{{/{close}}}}}` closes"),
            "close the blocks in the order in which they were opened",
        ),
        TemplateErrorReason::MismatchingClosedDecorator(open, close) => {
            (format!("`{open}` is open here, but `{close}` closes"), "close the blocks in the order in which they were opened")
        }
        TemplateErrorReason::InvalidSyntax(_) => {
            ("this is not Handlebars".to_owned(), "look for a missing `}}`, or for a block that is never closed")
        }
        other => (other.to_string(), "the Handlebars guide says what may stand here"),
    };
    let (line, column) = fault.pos().map_or((None, None), |(line, column)| (Some(line), Some(column)));
    Diagnostic::error("template-syntax", message).at(source, span_at(source.text(), line, column)).help(help)
}

fn span_at(text: &str, line: Option<usize>, column: Option<usize>) -> Span {
    let start: usize = text.split_inclusive('\n').take(line.unwrap_or(1).saturating_sub(1)).map(str::len).sum();
    let inside: usize =
        text[start..].chars().take(column.unwrap_or(1).saturating_sub(1)).take_while(|c| *c != '\n').map(char::len_utf8).sum();
    let at = (start + inside).min(text.len());
    let length = text[at..].lines().next().map_or(0, |rest| rest.find("}}").map_or(rest.len(), |end| end + 2));
    Span::new(at, at + length)
}

/// A call of a partial: its name, or nothing where the name is reckoned at print time.
type Call = Option<String>;

/// The partials that a template calls, and those that it defines for itself.
#[derive(Debug, Default)]
struct Calls {
    called: Vec<Call>,
    defined: Vec<String>,
}

fn called(template: &Template) -> Calls {
    let mut calls = Calls::default();
    gather(template, &mut calls);
    calls
}

fn gather(template: &Template, calls: &mut Calls) {
    for element in &template.elements {
        match element {
            TemplateElement::HelperBlock(block) | TemplateElement::Expression(block) | TemplateElement::HtmlExpression(block) => {
                gather_block(block, calls);
            }
            TemplateElement::PartialExpression(partial) | TemplateElement::PartialBlock(partial) => {
                calls.called.push(named(&partial.name));
                partial.template.iter().for_each(|inner| gather(inner, calls));
            }
            TemplateElement::DecoratorExpression(decorator) | TemplateElement::DecoratorBlock(decorator) => {
                gather_decorator(decorator, calls);
            }
            _ => {}
        }
    }
}

fn gather_block(block: &HelperTemplate, calls: &mut Calls) {
    block.template.iter().chain(&block.inverse).for_each(|inner| gather(inner, calls));
}

fn gather_decorator(decorator: &DecoratorTemplate, calls: &mut Calls) {
    calls.defined.extend(decorator.params.first().and_then(named));
    decorator.template.iter().for_each(|inner| gather(inner, calls));
}

fn named(parameter: &Parameter) -> Call {
    match parameter {
        Parameter::Name(name) | Parameter::Path(handlebars::Path::Relative((_, name))) => Some(name.clone()),
        Parameter::Literal(literal) => literal.as_str().map(str::to_owned),
        _ => None,
    }
}

/// Partials that do not exist, that are reckoned, or that call each other in a circle: at print time these would end
/// in an error at best and in an overflowing stack at worst.
fn wrong_partials(templates: &BTreeMap<String, Calls>, sources: &BTreeMap<String, Arc<Source>>) -> Vec<Diagnostic> {
    let defined: Vec<&String> = templates.values().flat_map(|calls| &calls.defined).collect();
    let mut found = Vec::new();
    let at = |name: &str, needle: &str, diagnostic: Diagnostic| {
        let Some(source) = sources.get(name) else { return diagnostic };
        let start = source.text().find(needle).unwrap_or(0);
        diagnostic.at(source, Span::new(start, start + needle.len()))
    };
    for (name, calls) in templates {
        for call in &calls.called {
            match call {
                None => {
                    let fault = Diagnostic::error("template-partial-reckoned", "the name of a partial must be written out");
                    found.push(at(name, "{{>", fault));
                }
                Some(call) if call == "@partial-block" || defined.contains(&call) => {}
                Some(call) => match templates.get(call) {
                    None => {
                        let fault = Diagnostic::error("template-partial-unknown", format!("there is no partial `{call}`"));
                        found.push(at(name, call, fault.help("partials are named by their path below `templates/` without `.hbs`")));
                    }
                    Some(_) if medium_is_html(name) != medium_is_html(call) => {
                        let fault = Diagnostic::error("template-partial-medium", format!("`{call}` is of the other medium"));
                        found.push(at(name, call, fault.help("HTML calls `.html` partials, plain text `.txt` ones")));
                    }
                    Some(_) => {}
                },
            }
        }
        if let Some(circle) = circle_from(name, templates) {
            let fault =
                Diagnostic::error("template-partial-circle", format!("partials call each other in a circle: {}", circle.join(" -> ")));
            found.push(at(name, circle.get(1).map_or("", String::as_str), fault.help("take one of the calls out")));
        }
    }
    found
}

/// The way from a template back to itself, if there is one, or one that is too long.
fn circle_from(start: &str, templates: &BTreeMap<String, Calls>) -> Option<Vec<String>> {
    fn walk(way: &mut Vec<String>, start: &str, templates: &BTreeMap<String, Calls>, seen: &mut Vec<String>) -> bool {
        let here = way.last().cloned().unwrap_or_default();
        let Some(calls) = templates.get(&here) else { return false };
        for next in calls.called.iter().flatten() {
            way.push(next.clone());
            if next == start || way.len() > MAX_NESTING {
                return true;
            }
            if !seen.contains(next) {
                seen.push(next.clone());
                if walk(way, start, templates, seen) {
                    return true;
                }
            }
            way.pop();
        }
        false
    }
    let mut way = vec![start.to_owned()];
    walk(&mut way, start, templates, &mut Vec::new()).then_some(way)
}
