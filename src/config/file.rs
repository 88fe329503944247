//! The configuration as it is typed: one struct per table of `masthead.toml`, every value with its place in the file.

use serde::Deserialize;
use toml::Spanned;

type Text = Spanned<String>;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) publication: Publication,
    #[serde(default)]
    pub(super) schedule: super::schedule::Written,
    #[serde(default)]
    pub(super) issues: Issues,
    pub(super) store: super::store::Store,
    #[serde(default)]
    pub(super) node: super::store::Node,
    #[serde(default, rename = "list")]
    pub(super) lists: Vec<ListTable>,
    #[serde(default, rename = "relay")]
    pub(super) relays: Vec<RelayTable>,
    #[serde(default, rename = "provider")]
    pub(super) providers: Vec<ProviderTable>,
    #[serde(default)]
    pub(super) delivery: Delivery,
    #[serde(default)]
    pub(super) web: super::web::Web,
    pub(super) dkim: Option<Dkim>,
    #[serde(default)]
    pub(super) approval: super::approval::ApprovalTable,
    #[serde(default, rename = "feed")]
    pub(super) feeds: Vec<super::feed::FeedTable>,
    #[serde(default)]
    pub(super) links: super::links::LinksTable,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Publication {
    pub(super) name: Text,
    pub(super) tagline: Option<Text>,
    pub(super) from: Text,
    pub(super) reply_to: Option<Text>,
    pub(super) base_url: Text,
    pub(super) time_zone: Text,
    pub(super) postal_address: Text,
    pub(super) lang: Option<Text>,
    pub(super) volume_begins: Option<Text>,
    pub(super) privacy_url: Option<Text>,
    pub(super) logo: Option<Logo>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logo {
    pub(super) url: Text,
    pub(super) width: u32,
    pub(super) height: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Issues {
    pub(super) folder: Option<Text>,
    pub(super) templates: Option<Text>,
    pub(super) related_heading: Option<Text>,
    pub(super) settle: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListTable {
    pub(super) id: Text,
    pub(super) name: Text,
    pub(super) description: Option<Text>,
    pub(super) lang: Option<Text>,
    pub(super) frequency: Option<Text>,
    pub(super) default: Option<bool>,
    pub(super) public: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RelayTable {
    pub(super) name: Text,
    pub(super) url: Text,
    pub(super) connections: Option<Spanned<usize>>,
    pub(super) messages_per_connection: Option<Spanned<usize>>,
    pub(super) rate: Option<Text>,
    pub(super) per_hour: Option<Spanned<u64>>,
    pub(super) per_day: Option<Spanned<u64>>,
    pub(super) duty: Option<Spanned<u64>>,
    pub(super) weight: Option<Spanned<u64>>,
    pub(super) window: Option<Text>,
    pub(super) warm_up: Option<bool>,
    pub(super) ehlo_name: Option<Text>,
    pub(super) user: Option<Text>,
    pub(super) password_file: Option<Text>,
    pub(super) auth: Option<Text>,
    pub(super) ca_file: Option<Text>,
    pub(super) dsn: Option<bool>,
    pub(super) idle: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderTable {
    pub(super) id: Text,
    pub(super) domains: Option<Vec<Text>>,
    pub(super) mx: Option<Vec<Text>>,
    pub(super) connections: Option<Spanned<u64>>,
    pub(super) rate: Option<Text>,
    pub(super) per_hour: Option<Spanned<u64>>,
    pub(super) per_day: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delivery {
    pub(super) on_doubt: Option<Text>,
    pub(super) give_up_after: Option<Text>,
    pub(super) bounce_domain: Option<Text>,
    pub(super) sender_id: Option<Text>,
    pub(super) window: Option<Text>,
    pub(super) canary: Option<Text>,
    pub(super) seeds: Option<Text>,
    pub(super) shaping: Option<Text>,
    pub(super) breaker: Option<Text>,
    pub(super) report_to: Option<Vec<Text>>,
    pub(super) resolver: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dkim {
    pub(super) domain: Text,
    pub(super) selector: Text,
    pub(super) key_file: Text,
    pub(super) next_selector: Option<Text>,
    pub(super) next_key_file: Option<Text>,
    pub(super) next_from: Option<Text>,
    pub(super) ed25519_selector: Option<Text>,
    pub(super) ed25519_key_file: Option<Text>,
}
