//! Which columns an operator says to read, where their names do not tell.

use std::str::FromStr;

/// Columns by name: `email=Adresse,name=Vorname,name=Nachname,status=Stand,since=Seit,format=Form`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    /// The column of addresses.
    pub email: Option<String>,
    /// The columns of names, in their order.
    pub name: Vec<String>,
    /// The column that tells whether the reader agreed.
    pub status: Option<String>,
    /// The column that tells since when.
    pub since: Option<String>,
    /// The column that tells who wants plain text alone.
    pub format: Option<String>,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut mapping = Self::default();
        for pair in text.split(',') {
            let Some((what, column)) = pair.split_once('=').map(|(what, column)| (what.trim(), column.trim().to_owned())) else {
                return Err(format!("`{pair}` names no column; write it as email=COLUMN"));
            };
            let place = match what {
                "email" => &mut mapping.email,
                "status" => &mut mapping.status,
                "since" => &mut mapping.since,
                "format" => &mut mapping.format,
                "name" => {
                    mapping.name.push(column);
                    continue;
                }
                other => return Err(format!("`{other}` is none of email, name, status, since, format")),
            };
            if place.replace(column).is_some() {
                return Err(format!("`{what}` is named twice"));
            }
        }
        Ok(mapping)
    }
}

impl Mapping {
    /// Every column that is named.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let single = [&self.email, &self.status, &self.since, &self.format].into_iter().filter_map(Option::as_deref);
        single.chain(self.name.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_names_each_thing_once_but_a_name_may_have_parts() {
        let mapping: Mapping = "email=E-Post, name = Given,name=Family,since=When,format=As".parse().unwrap();
        assert_eq!(mapping.columns().collect::<Vec<_>>(), ["E-Post", "When", "As", "Given", "Family"]);
        for (text, why) in [("email", "names no column"), ("mail=x", "none of email"), ("email=a,email=b", "named twice")] {
            assert!(text.parse::<Mapping>().unwrap_err().contains(why), "{text}");
        }
    }
}
