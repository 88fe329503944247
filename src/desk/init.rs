//! Makes a newsroom: settings, folders, and a relay that is only a folder until the operator names a real one.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::app::AppError;
use crate::config::{self, CONFIG_PATH};
use crate::diagnostic::Source;

/// What a newsroom is told at its birth.
#[derive(Debug, Clone)]
pub struct Birth {
    /// The publication's name.
    pub name: String,
    /// The sender's address.
    pub from: String,
    /// Its web site.
    pub base_url: String,
    /// Its time zone.
    pub time_zone: String,
    /// Its postal address.
    pub postal_address: String,
}

/// Writes a new newsroom into a folder and returns the files written. A newsroom that is there is left as it is, and
/// settings that could not be read back are not written.
pub fn init(folder: &Path, birth: &Birth, now: Timestamp) -> Result<Vec<PathBuf>, AppError> {
    let file = folder.join(CONFIG_PATH);
    if file.exists() {
        return Err(AppError::Refused(format!("there is a newsroom in {} already", folder.display())));
    }
    let settings = settings(birth);
    config::parse(&Source::new(CONFIG_PATH, settings.as_str()), folder, &[], now).clean().map_err(AppError::Faulty)?;
    for below in ["config", "issues", "templates", "data"] {
        let path = folder.join(below);
        fs::create_dir_all(&path).map_err(AppError::io("make the folder", &path))?;
    }
    fs::write(&file, settings).map_err(AppError::io("write", &file))?;
    Ok(vec![file])
}

fn settings(birth: &Birth) -> String {
    let text = |value: &str| toml::Value::from(value).to_string();
    let sender = format!("{} <{}>", birth.name, birth.from);
    format!(
        r#"# The settings of this newsroom. Every setting that there is, explained: config/masthead.toml of the sample newsroom.

[publication]
name = {name}
from = {from}
base_url = {base_url}
time_zone = {time_zone}
postal_address = {postal_address}

[schedule]
cron = "first-monday 09:00"       # also "last-friday 17:30", "day-15 09:00", or as cron has it: "0 9 1 * *"

[store]
url = "sqlite:data/masthead.db"

[[list]]
id = "general"
name = {name}

# Mail goes into the folder `outbox` until you name a server that takes it, such as "smtps://mail.example.org".
[[relay]]
name = "main"
url = "folder:outbox"
"#,
        name = text(&birth.name),
        from = text(&sender),
        base_url = text(&birth.base_url),
        time_zone = text(&birth.time_zone),
        postal_address = text(&birth.postal_address),
    )
}
