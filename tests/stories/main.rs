//! Stories: what a reader, an editor or an operator lives through, told against real parts.

// A story that cannot be set up fails at once, also in the functions that it shares with others.
#![allow(clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod allowances;
mod answers;
mod approval;
mod approval_pages;
mod audience;
mod breaker;
mod calendar;
mod canary;
mod chaos;
#[cfg(unix)]
mod daemon;
mod drafts;
mod drop_folder;
mod editors_told;
#[cfg(unix)]
mod erased;
mod failover;
mod feeds;
mod front_desk;
mod greylisting;
mod joining;
mod killed;
#[cfg(target_os = "linux")]
mod large_files;
mod leaving;
#[cfg(unix)]
mod library;
mod library_pages;
mod limits;
mod links;
mod lists;
mod mail_exchanges;
mod moves_gone_wrong;
mod moves_under_way;
mod nodes;
mod nodes_apart;
mod odd_issues;
mod operators_word;
mod poolers;
mod power;
mod preferences;
mod preview;
mod readers_in_and_out;
mod reading_room;
mod relay;
mod relays;
mod reports;
mod second_chances;
mod store_moves;
mod strict_linter;
mod subscribe_form;
mod suggest;
mod the_press;
mod threats;
mod three_nodes;
#[cfg(target_os = "linux")]
mod trouble;
mod unit;
mod watching;
mod web_manners;
#[cfg(unix)]
mod whole_path;
mod whole_rolls;
mod whose_mail;
