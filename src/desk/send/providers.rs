//! Tells the provider of each domain that a mailing goes to: by its mail hosts where a resolver is set (STANDARDS P3).

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::app::{AppError, Newsroom};
use crate::mailing::ProviderId;
use crate::relay::mx::MailExchanges;
use crate::subscription::ListId;
use crate::traffic::Providers;

/// Most time spent on asking before a mailing begins. What is not known by then goes by the table.
const ASKING: Duration = Duration::from_secs(10);

/// Whose each domain is: those of the table and, where a resolver is set, those of the lists' readers that the table does
/// not name and whose mail hosts it knows. A domain that is missing here is [`Providers::of_domain`]'s to judge. Fails if the
/// store does, or if the resolver's address can be nobody's; a resolver that keeps silent costs ten seconds.
pub(super) async fn providers(newsroom: &Newsroom, lists: &[ListId]) -> Result<Vec<(String, ProviderId)>, AppError> {
    let table = &newsroom.config().providers;
    let mut all: Vec<(String, ProviderId)> = table.domains().map(|(domain, id)| (domain.to_owned(), id.clone())).collect();
    if let Some(resolver) = newsroom.config().resolver {
        let exchanges = MailExchanges::new(resolver).map_err(|fault| AppError::Refused(fault.to_string()))?;
        let unknown = unknown(table, newsroom.store().domains(lists).await?);
        all.extend(by_hosts(table, exchanges.of_all(unknown, ASKING).await));
    }
    Ok(all)
}

/// The domains that the table does not name, those of most readers first: time may run out on the rest.
fn unknown(table: &Providers, mut counted: Vec<(String, u64)>) -> Vec<String> {
    let named: HashSet<&str> = table.domains().map(|(domain, _)| domain).collect();
    counted.retain(|(domain, _)| !named.contains(domain.as_str()));
    counted.sort_by_key(|(_, readers)| Reverse(*readers));
    counted.into_iter().map(|(domain, _)| domain).collect()
}

/// Those domains that have a host which the table knows; the first such host decides.
fn by_hosts(table: &Providers, known: BTreeMap<String, Vec<String>>) -> Vec<(String, ProviderId)> {
    let owned = |(domain, hosts): (String, Vec<String>)| Some((domain, hosts.iter().find_map(|host| table.of_mx(host))?));
    known.into_iter().filter_map(owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(known: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        known.iter().map(|(domain, hosts)| ((*domain).to_owned(), hosts.iter().map(|&host| host.to_owned()).collect())).collect()
    }

    #[test]
    fn only_domains_that_the_table_does_not_name_are_asked_for_and_the_largest_first() {
        let counted = [("a.example", 1), ("b.example", 7), ("c.example", 7), ("gmail.com", 900)];
        let counted = counted.map(|(domain, readers)| (domain.to_owned(), readers)).to_vec();
        assert_eq!(unknown(&Providers::built_in(), counted), ["b.example", "c.example", "a.example"]);
    }

    #[test]
    fn p3_a_domain_belongs_to_whose_hosts_take_its_mail() {
        let table = Providers::built_in();
        let google = table.of_domain("gmail.com");
        let known = hosts(&[
            ("choir.example", &["aspmx.l.google.com"]),
            ("filter.example", &["mx.filter.example", "aspmx.l.google.com"]),
            ("own.example", &["mx.own.example"]),
            ("mute.example", &[]),
        ]);
        assert_eq!(by_hosts(&table, known), [("choir.example".to_owned(), google.clone()), ("filter.example".to_owned(), google)]);
    }
}
