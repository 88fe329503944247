//! The archive as a folder of files for any web server: the same pages at the same addresses, whole or not at all.
//!
//! Everything is written into a folder beside the one that was named, and takes its place when it is complete. A folder
//! that was not made here is never replaced.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::kind::is_run_by_browsers;
use super::{Address, Manner, Matter, ReadingRoom};
use crate::app::{AppError, Newsroom};

/// What says that a folder is one of ours; the dot keeps it from being served by most web servers.
const MARK: &str = ".masthead-archive";

/// What a build has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Where.
    pub folder: PathBuf,
    /// How many pages: HTML and all that is not a file of an issue.
    pub pages: usize,
    /// How many files that came with issues.
    pub files: usize,
    /// Files that were left out, since a web server would have a browser run them: `2014-12/chart.svg`.
    pub left_out: Vec<String>,
}

/// Writes the whole archive into a folder.
pub async fn build(newsroom: &Arc<Newsroom>, folder: &Path) -> Result<Built, AppError> {
    let folder = place(folder)?;
    let aside = aside(&folder, "building")?;
    let built = fill(newsroom, &folder, &aside).await.and_then(|built| {
        put_in_place(&aside, &folder)?;
        Ok(built)
    });
    if built.is_err() {
        let _ = fs::remove_dir_all(&aside);
    }
    built
}

/// The folder to be made, where every link in its path has been followed; refused if something of somebody else's is there.
fn place(folder: &Path) -> Result<PathBuf, AppError> {
    let named = || AppError::Refused(format!("{} names no folder", folder.display()));
    let folder = match folder.canonicalize() {
        Ok(found) => found,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            let name = folder.file_name().ok_or_else(named)?;
            let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            fs::create_dir_all(parent).map_err(AppError::io("make the folder", parent))?;
            return Ok(parent.canonicalize().map_err(AppError::io("find", parent))?.join(name));
        }
        Err(cause) => return Err(AppError::Io { deed: "find", path: folder.to_owned(), cause }),
    };
    let is_empty = || fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_none());
    if folder.join(MARK).is_file() || is_empty() {
        return Ok(folder);
    }
    Err(AppError::Refused(format!(
        "{} was not made by `archive build`, so it is not replaced: name an empty folder, or one that is not there yet",
        folder.display()
    )))
}

/// A fresh folder beside another.
fn aside(folder: &Path, what: &str) -> Result<PathBuf, AppError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let aside = folder.with_file_name(format!(".{name}.{what}-{}", std::process::id()));
    fs::create_dir(&aside).map_err(AppError::io("make the folder", &aside))?;
    Ok(aside)
}

async fn fill(newsroom: &Arc<Newsroom>, folder: &Path, aside: &Path) -> Result<Built, AppError> {
    let room = ReadingRoom::new(Manner::Filed);
    let mut built = Built { folder: folder.to_owned(), pages: 0, files: 0, left_out: Vec::new() };
    for address in room.addresses(newsroom).await? {
        if let Address::Enclosed(id, name) = &address
            && (is_run_by_browsers(name) || !is_plain(name))
        {
            built.left_out.push(format!("{id}/{name}"));
            continue;
        }
        // What has left the shelf in the meantime is left out as well.
        let Some(page) = room.read(newsroom, &address).await? else { continue };
        write(newsroom, &aside.join(path(&address)), &page.matter).await?;
        if page.kind.is_file() { built.files += 1 } else { built.pages += 1 }
    }
    write(newsroom, &aside.join("404.html"), &room.lost(newsroom).await?.matter).await?;
    let mark = b"Made by `masthead archive build`, which replaces this folder whole.\n";
    write(newsroom, &aside.join(MARK), &Matter::Whole(mark.to_vec())).await?;
    built.pages += 1;
    Ok(built)
}

/// Whether a name means a file within its folder and nothing else.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// Where the file of an address is, so that a web server finds it under that address.
fn path(address: &Address) -> PathBuf {
    match address {
        Address::Front => "index.html".into(),
        Address::Issues => "issues/index.html".into(),
        Address::Issue(id) => Path::new("issues").join(id.as_str()).join("index.html"),
        Address::Article(id, slug) => Path::new("articles").join(id.as_str()).join(slug).join("index.html"),
        Address::Enclosed(id, name) => Path::new("issues").join(id.as_str()).join(name),
        Address::Feed => "feed.xml".into(),
        Address::Sitemap => "sitemap.xml".into(),
        Address::Robots => "robots.txt".into(),
        Address::Style => "library.css".into(),
        Address::Search(..) => "search/index.html".into(),
    }
}

async fn write(newsroom: &Newsroom, path: &Path, matter: &Matter) -> Result<(), AppError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(AppError::io("make the folder", parent))?;
    }
    matter.write(newsroom, path).await
}

/// Puts what is complete, and on the disk, in the place of what was there.
fn put_in_place(aside: &Path, folder: &Path) -> Result<(), AppError> {
    #[cfg(target_os = "linux")]
    {
        let opened = fs::File::open(aside).map_err(AppError::io("open", aside))?;
        rustix::fs::syncfs(opened).map_err(io::Error::from).map_err(AppError::io("write", aside))?;
    }
    if !folder.exists() {
        return fs::rename(aside, folder).map_err(AppError::io("put in place", folder));
    }
    exchange(aside, folder).map_err(AppError::io("put in place", folder))?;
    // The name aside is the old one's now.
    fs::remove_dir_all(aside).map_err(AppError::io("remove", aside))
}

/// Gives each of two folders the other's name: in one step where the system can do that, else in three.
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let between = one.with_extension("old");
    fs::rename(other, &between)?;
    fs::rename(one, other)?;
    fs::rename(&between, one)
}
