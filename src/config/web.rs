//! The table `[web]`: where pages are served, who is believed there, and how the public archive presents itself.

use serde::Deserialize;
use toml::Spanned;

use super::Reader;

/// The table `[web]` as it is typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Web {
    pub(super) token_key_file: Option<Spanned<String>>,
    pub(super) listen: Option<Spanned<String>>,
    banner: Option<Spanned<String>>,
    indexed: Option<bool>,
    pub(super) trusted_proxies: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) caps: super::joining::CapsTable,
}

/// What the archive's pages say of themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LibraryConfig {
    /// Whether this is a site of the government of the United States, which has to say so at its head.
    pub is_us_government: bool,
    /// Whether search engines may list it.
    pub is_indexed: bool,
}

impl Reader<'_> {
    pub(super) fn library(&mut self, table: &Web) -> LibraryConfig {
        let is_us_government = table.banner.as_ref().is_some_and(|written| match written.get_ref().trim() {
            "us-government" => true,
            "none" => false,
            _ => {
                self.wrong(written, "there is no such banner", "write `us-government`, or `none`");
                false
            }
        });
        LibraryConfig { is_us_government, is_indexed: table.indexed.unwrap_or(true) }
    }
}
