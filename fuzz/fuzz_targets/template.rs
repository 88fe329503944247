//! Any text as a newsroom's own template: told or taken, never a panic and never a stack that overflows.

#![no_main]

use libfuzzer_sys::fuzz_target;
use masthead::diagnostic::Source;
use masthead::edition::{Press, TemplateFile};

fuzz_target!(|text: &str| {
    let path = "partials/featured.html.hbs".to_owned();
    let _ = Press::new(&[TemplateFile { source: Source::new(path.as_str(), text), path }]);
});
