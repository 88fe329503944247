//! What a program sends that asks for somebody to be subscribed: `{"email": …, "name": …, "lists": […], "stamp": …}`.

use serde_json::Value;

/// What was asked for, each word as it came. Whatever is missing or of another kind is empty; what that means is for others
/// to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The address.
    pub email: String,
    /// The name.
    pub name: String,
    /// The ids of the lists.
    pub lists: Vec<String>,
    /// The stamp that was fetched before.
    pub stamp: String,
}

impl Wanted {
    /// Reads a body; `None` if it is no JSON (RFC 8259).
    pub fn read(body: &[u8]) -> Option<Self> {
        let said: Value = serde_json::from_slice(body).ok()?;
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let lists = said["lists"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Some(Self {
            email: word(&said["email"]),
            name: word(&said["name"]),
            lists: lists.map(str::to_owned).collect(),
            stamp: word(&said["stamp"]),
        })
    }
}
