//! Prints views through Handlebars templates: strict, compiled once, and checked for cycles before anything is printed.
//!
//! Two registries, because escaping belongs to the medium: `.html.hbs` escapes for HTML, `.txt.hbs` escapes nothing and
//! does not indent partials. A template is named by its path below `templates/` without `.hbs`.

mod calls;
mod compile;
mod names;
mod specimens;

use std::collections::BTreeMap;
use std::sync::Arc;

use handlebars::{Context, Handlebars, Helper, Output, RenderContext, RenderError, RenderErrorReason, no_escape};
use serde::Serialize;

use self::specimens::Mail;
use super::html::escape;
use super::report::grouped;
use super::templates::BUILT_IN;
use crate::diagnostic::{Checked, Diagnostic, Source, Span, has_errors, nearest};

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
        let (mut html, mut text) = (registry(), registry());
        html.register_escape_fn(escape);
        text.set_prevent_indent(true);
        text.register_escape_fn(no_escape);
        let mut partials = BTreeMap::new();
        let mut used = names::Used::default();
        for (name, source) in sources.iter().filter(|(name, _)| !name.starts_with("style/")) {
            let registry = if medium_is_html(name) { &mut html } else { &mut text };
            match compile::compile(name, source) {
                Ok(template) => {
                    partials.insert(name.clone(), calls::called(&template));
                    used.gather(name, &template, source);
                    registry.register_template(name, template);
                }
                Err(found) => {
                    // Still there for those who call it: one fault is not to be told as many.
                    partials.insert(name.clone(), calls::Calls::default());
                    diagnostics.push(*found);
                }
            }
        }
        diagnostics.extend(calls::wrong(&partials, &sources));
        let press = Self { html, text, sources };
        if !has_errors(&diagnostics) {
            diagnostics.extend(press.trials());
            diagnostics.extend(calls::idle(overrides, &partials));
            let is_told = |suspect: &Diagnostic| diagnostics.iter().any(|d| d.source == suspect.source && d.span == suspect.span);
            let suspects: Vec<Diagnostic> = used.suspects().into_iter().filter(|suspect| !is_told(suspect)).collect();
            diagnostics.extend(suspects);
        }
        let value = (!has_errors(&diagnostics)).then_some(press);
        Checked { value, diagnostics }
    }

    /// What goes wrong when every mail is printed once with everything in it and once with as little as can be.
    fn trials(&self) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = Vec::new();
        for mail in Mail::ALL {
            for view in specimens::of(mail) {
                for name in mail.templates() {
                    if let Err(fault) = self.print(name, &view)
                        && !found.contains(&fault)
                    {
                        found.push(*fault);
                    }
                }
            }
        }
        found
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
            None => Diagnostic::error("template-fault", format!("this cannot be printed: {spoken}"))
                .help("the Handlebars guide says what may stand here"),
        };
        match self.sources.get(name) {
            Some(source) => found.at(source, compile::span_at(source.text(), fault.line_no, fault.column_no)),
            None => found,
        }
    }
}

/// Empty, strict, and able to print numbers for reading: `{{count total}}`.
fn registry() -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_helper("count", Box::new(count));
    registry
}

/// Prints a number with its thousands set apart.
fn count(
    call: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> Result<(), RenderError> {
    let number = call.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex("count", 0))?;
    if number.is_value_missing() {
        return Err(RenderErrorReason::MissingVariable(number.relative_path().cloned()).into());
    }
    let wrong = || RenderErrorReason::ParamTypeMismatchForName("count", "0".to_owned(), "a number".to_owned());
    out.write(&grouped(number.value().as_u64().ok_or_else(wrong)?))?;
    Ok(())
}

fn name_of(path: &str) -> &str {
    path.strip_suffix(".hbs").unwrap_or(path)
}

fn medium_is_html(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|ending| ending == "html")
}

fn unknown_template<'a>(source: &Arc<Source>, path: &str, known: impl Iterator<Item = &'a String>) -> Diagnostic {
    let found = Diagnostic::error("template-unknown", format!("no mail and no page uses a template `{path}`")).at(source, Span::default());
    match nearest(name_of(path), known.map(String::as_str), 0.85) {
        Some(name) => found.help(format!("did you mean `{name}`?")),
        None => found.help("own pieces go into `partials/`"),
    }
}
