//! The folder of a site on the disk: the new one is made beside the former, shares its unchanged files, and takes its
//! place at once.
//!
//! **Invariant:** until [`Folder::finish`] the former site is as it was; what an export leaves behind when it is killed
//! is removed by the next.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File as Handle, TryLockError},
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{Report, SiteError};
use crate::model::Timestamp;

/// The file by which an export knows its own folder: every document, and what tells whether it would be the same again.
pub(super) const MARKER: &str = ".dibao-site";
/// First word of the marker.
const MAGIC: &str = "dibao-site";
/// Version of the marker.
const VERSION: &str = "1";
/// The forms that a document may have.
const SUFFIXES: [&str; 4] = ["", ".gz", ".br", ".zst"];
/// Largest marker read, in bytes: a million documents.
const MAX_MARKER_BYTES: u64 = 256 << 20;

/// A document to be put into a folder.
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    /// What tells whether it would be the same again; empty when nothing does.
    pub(super) stamp: String,
    /// Suffix and bytes of each form.
    pub(super) forms: &'a [(&'static str, &'a [u8])],
    /// When what it says last changed.
    pub(super) modified: Timestamp,
}

/// A site that is being made.
pub(super) struct Folder {
    /// The place of the site.
    place: PathBuf,
    /// Where it is made.
    making: PathBuf,
    /// Where the former site goes before it is removed.
    leaving: PathBuf,
    /// What all documents are rendered with.
    imprint: String,
    former: Former,
    /// Stamp of each path.
    documents: BTreeMap<String, String>,
    report: Report,
    _lock: Handle,
}

/// What the former site holds.
#[derive(Default)]
struct Former {
    exists: bool,
    /// Whether its stamps mean what ours mean.
    is_alike: bool,
    /// Stamp of each path.
    stamps: HashMap<String, String>,
}

impl Folder {
    /// Makes an empty folder beside the place of a site.
    pub(super) fn begin(place: &Path, imprint: &str) -> Result<Self, SiteError> {
        let place = resolved(place)?;
        let lock = locked(&place)?;
        let former = Former::read(&place, imprint)?;
        let (making, leaving) = (beside(&place, "new")?, beside(&place, "old")?);
        for left in [&making, &leaving] {
            remove(left)?;
        }
        fs::create_dir(&making).map_err(failed("make", &making))?;
        Ok(Self {
            place,
            making,
            leaving,
            imprint: imprint.to_owned(),
            former,
            documents: BTreeMap::new(),
            report: Report::default(),
            _lock: lock,
        })
    }

    /// What told of a document in the former site whether it would be the same again.
    pub(super) fn stamp(&self, path: &str) -> Option<&str> {
        let stamp = self.former.stamps.get(path).filter(|stamp| self.former.is_alike && !stamp.is_empty());
        stamp.map(String::as_str)
    }

    /// Takes a document over from the former site, under the same stamp; whether it was there.
    pub(super) fn keep(&mut self, path: &str) -> Result<bool, SiteError> {
        if self.documents.contains_key(path) {
            return Ok(true);
        }
        let mut is_there = false;
        for suffix in SUFFIXES {
            is_there |= self.share(&format!("{path}{suffix}"))?;
            if !is_there {
                return Ok(false);
            }
        }
        let stamp = self.former.stamps.get(path).cloned().unwrap_or_default();
        self.note(stamp, path);
        Ok(true)
    }

    /// Puts a document into its place; forms whose bytes are as before stay the same files.
    pub(super) fn put(&mut self, file: &File) -> Result<(), SiteError> {
        if self.documents.contains_key(file.path) {
            return Ok(());
        }
        let mut has_changed = false;
        for (suffix, bytes) in file.forms {
            let path = format!("{}{suffix}", file.path);
            if self.is_same(&path, bytes) && self.share(&path)? {
                continue;
            }
            has_changed = true;
            self.write(&path, bytes, file.modified)?;
        }
        self.report.n_changed += usize::from(has_changed);
        self.note(file.stamp.clone(), file.path);
        Ok(())
    }

    fn note(&mut self, stamp: String, path: &str) {
        self.report.n_documents += 1;
        self.documents.insert(path.to_owned(), stamp);
    }

    fn is_same(&self, path: &str, bytes: &[u8]) -> bool {
        let former = self.place.join(path);
        self.former.exists
            && fs::metadata(&former).is_ok_and(|it| it.is_file() && it.len() == n_bytes(bytes))
            && fs::read(&former).is_ok_and(|read| read == bytes)
    }

    fn write(&self, path: &str, bytes: &[u8], modified: Timestamp) -> Result<(), SiteError> {
        let target = self.target(path)?;
        let mut handle = Handle::create_new(&target).map_err(failed("write", &target))?;
        let before = fs::metadata(self.place.join(path)).and_then(|it| it.modified()).ok();
        let at = modified_at(modified, before.filter(|_| self.former.exists));
        handle.write_all(bytes).and_then(|()| handle.set_modified(at)).map_err(failed("write", &target))
    }

    /// Takes a file over from the former site as it is; whether it was there.
    fn share(&self, path: &str) -> Result<bool, SiteError> {
        if !self.former.exists {
            return Ok(false);
        }
        let from = self.place.join(path);
        let to = self.target(path)?;
        match fs::hard_link(&from, &to) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            // The file system has no second names, or has given this file as many as it can.
            Err(_) => copy(&from, &to).map(|()| true).map_err(failed("copy", &from)),
        }
    }

    /// A file's place in the new folder, whose folders are made.
    fn target(&self, path: &str) -> Result<PathBuf, SiteError> {
        let target = self.making.join(path);
        match target.parent() {
            Some(parent) if !parent.is_dir() => {
                fs::create_dir_all(parent).map_err(failed("make", parent))?;
            }
            _ => {}
        }
        Ok(target)
    }

    /// Puts the new site into the place of the former one.
    pub(super) fn finish(mut self) -> Result<Report, SiteError> {
        self.take_strangers(&PathBuf::new())?;
        self.write_marker()?;
        let gone = self.former.stamps.keys().filter(|path| !self.documents.contains_key(*path));
        self.report.n_removed = gone.count();
        settle(&self.making)?;
        if self.former.exists {
            exchange(&self.making, &self.place, &self.leaving)?;
        } else {
            fs::rename(&self.making, &self.place).map_err(failed("move", &self.making))?;
        }
        // The site is there; what cannot be removed now will be by the next export.
        let _ = remove(&self.leaving);
        Ok(self.report.clone())
    }

    /// Takes over what others put into the former folder: proofs for certificates, pictures, a page of their own.
    fn take_strangers(&mut self, below: &Path) -> Result<(), SiteError> {
        if !self.former.exists {
            return Ok(());
        }
        let folder = self.place.join(below);
        let entries = fs::read_dir(&folder).map_err(failed("read", &folder))?;
        for entry in entries {
            let entry = entry.map_err(failed("read", &folder))?;
            let relative = below.join(entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.take_strangers(&relative)?;
            } else if !self.is_ours(&relative) && !self.making.join(&relative).exists() {
                let path = relative.to_string_lossy();
                self.report.n_foreign += usize::from(self.share(&path)?);
            }
        }
        Ok(())
    }

    fn is_ours(&self, relative: &Path) -> bool {
        // All of our names are Unicode.
        let Some(path) = relative.to_str() else { return false };
        let of =
            |suffix: &str| path.strip_suffix(suffix).is_some_and(|it| self.former.stamps.contains_key(it));
        path == MARKER || SUFFIXES.into_iter().any(of)
    }

    fn write_marker(&self) -> Result<(), SiteError> {
        let path = self.making.join(MARKER);
        let write = || {
            let mut out = BufWriter::new(Handle::create_new(&path)?);
            writeln!(out, "{MAGIC} {VERSION} {}", self.imprint)?;
            for (path, stamp) in &self.documents {
                writeln!(out, "{stamp}\t{path}")?;
            }
            out.flush()
        };
        write().map_err(failed("write", &path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // After a failure; what cannot be removed now will be by the next export.
        let _ = remove(&self.making);
    }
}

impl Former {
    /// Reads what an export left in its place.
    fn read(place: &Path, imprint: &str) -> Result<Self, SiteError> {
        let path = place.display().to_string();
        match fs::metadata(place) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(failed("read", place)(source)),
            Ok(found) if !found.is_dir() => return Err(SiteError::NotAFolder { path }),
            Ok(_) => {}
        }
        let marker = place.join(MARKER);
        let is_readable = fs::metadata(&marker).is_ok_and(|it| it.is_file() && it.len() <= MAX_MARKER_BYTES);
        let text = if is_readable { fs::read_to_string(&marker).unwrap_or_default() } else { String::new() };
        let (head, rest) = text.split_once('\n').unwrap_or_default();
        let mut words = head.split(' ');
        if words.next() == Some(MAGIC) {
            let is_alike = words.next() == Some(VERSION) && words.next() == Some(imprint);
            let lines = rest.lines().filter_map(|line| line.split_once('\t'));
            let stamps = lines.map(|(stamp, path)| (path.to_owned(), stamp.to_owned())).collect();
            return Ok(Self { exists: true, is_alike, stamps });
        }
        let mut entries = fs::read_dir(place).map_err(failed("read", place))?;
        if entries.next().is_some() {
            return Err(SiteError::NotOurs { path });
        }
        Ok(Self { exists: true, ..Self::default() })
    }
}

/// The place of a site, behind symbolic links: what a link leads to is replaced, never the link.
fn resolved(place: &Path) -> Result<PathBuf, SiteError> {
    match fs::canonicalize(place) {
        Ok(resolved) => Ok(resolved),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = place.file_name();
            let name = name.ok_or_else(|| SiteError::NoName { path: place.display().to_string() })?;
            let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty());
            let parent = parent.unwrap_or(Path::new("."));
            fs::create_dir_all(parent).map_err(failed("make", parent))?;
            Ok(fs::canonicalize(parent).map_err(failed("read", parent))?.join(name))
        }
        Err(source) => Err(failed("read", place)(source)),
    }
}

/// A hidden name beside a place, on the same file system.
fn beside(place: &Path, what: &str) -> Result<PathBuf, SiteError> {
    let (Some(parent), Some(name)) = (place.parent(), place.file_name()) else {
        return Err(SiteError::NoName { path: place.display().to_string() });
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".dibao-{what}"));
    Ok(parent.join(hidden))
}

/// One export at a time; the right ends with the process, whatever its end.
fn locked(place: &Path) -> Result<Handle, SiteError> {
    let path = beside(place, "lock")?;
    let options = Handle::options().create(true).truncate(false).write(true).open(&path);
    let handle = options.map_err(failed("write", &path))?;
    match handle.try_lock() {
        Ok(()) => Ok(handle),
        Err(TryLockError::WouldBlock) => Err(SiteError::Busy { path: place.display().to_string() }),
        Err(TryLockError::Error(source)) => Err(failed("lock", &path)(source)),
    }
}

/// The time of a file: when what it says last changed, and at least a second after that of the file before, since
/// web servers make validators of times and lengths.
fn modified_at(modified: Timestamp, before: Option<SystemTime>) -> SystemTime {
    let seconds = u64::try_from(modified.as_second()).unwrap_or_default();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    before.map_or(at, |before| at.max(before + Duration::from_secs(1)))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let modified = fs::metadata(from)?.modified()?;
    fs::copy(from, to)?;
    Handle::options().write(true).open(to)?.set_modified(modified)
}

/// Removes a folder and all in it; one that is not there is no failure.
fn remove(path: &Path) -> Result<(), SiteError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Has everything on the disk before it is shown, so that a power cut leaves no empty files in the new place.
fn settle(folder: &Path) -> Result<(), SiteError> {
    let handle = Handle::open(folder).map_err(failed("open", folder))?;
    #[cfg(target_os = "linux")]
    let settled = rustix::fs::syncfs(&handle).map_err(io::Error::from);
    #[cfg(not(target_os = "linux"))]
    let settled = handle.sync_all();
    settled.map_err(failed("write", folder))
}

/// Has two folders change places: in one step where the system can, else with a moment in which there is none.
fn exchange(making: &Path, place: &Path, leaving: &Path) -> Result<(), SiteError> {
    if at_once(making, place) {
        // The new site stands; what is left here is removed under either name.
        let _ = fs::rename(making, leaving);
        return Ok(());
    }
    fs::rename(place, leaving).map_err(failed("move", place))?;
    fs::rename(making, place).map_err(|source| {
        let _ = fs::rename(leaving, place);
        failed("move", making)(source)
    })
}

#[cfg(target_os = "linux")]
fn at_once(one: &Path, other: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn at_once(_: &Path, _: &Path) -> bool {
    false
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SiteError + use<> {
    let path = path.display().to_string();
    move |source| SiteError::Io { what, path, source }
}

fn n_bytes(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
