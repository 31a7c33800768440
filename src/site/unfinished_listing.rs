//! A listing that is made in steps, so that a large directory does not hold up the other connections of a thread.

#[cfg(feature = "folder")]
use super::folder::live::FolderEntries;
use super::listing::{Entry, Order, Sum, write_end, write_start};
use alloc::boxed::Box;
use alloc::collections::{BTreeSet, BinaryHeap, VecDeque};
use alloc::string::String;
use alloc::vec::{self, Vec};
use core::cmp::Ordering;

/// The number of entries that one step reads or writes. This takes about a millisecond.
const STEP: usize = 256;

/// The listing of a directory, which is read, sorted and written step by step.
pub(super) struct UnfinishedListing {
    path: Box<str>,
    order: Order,
    sources: VecDeque<Source>,
    /// The names that were read, if a name may occur twice.
    names: Option<BTreeSet<Vec<u8>>>,
    /// The entries that one step has read, sorted. The last steps merge them.
    parts: Vec<vec::IntoIter<Entry>>,
    /// The number of entries that were read.
    count: usize,
    sum: Sum,
    is_complete: bool,
    page: Option<UnfinishedPage>,
}

/// Where entries are read from.
pub(super) enum Source {
    Memory(vec::IntoIter<Entry>),
    #[cfg(feature = "folder")]
    Folder(FolderEntries),
}

/// A page whose rows are being written.
struct UnfinishedPage {
    html: String,
    /// The first entry of each part that is left.
    next: BinaryHeap<First>,
}

/// The first entry of a part. The one that comes first on the page is the greatest.
struct First {
    entry: Entry,
    part: usize,
    order: Order,
}

impl UnfinishedListing {
    /// Begins the listing of a directory, whose path ends with a slash. Of entries with the same name, the one from the first
    /// source counts.
    pub(super) fn new(
        path: &str,
        order: Order,
        sources: impl Iterator<Item = Source>,
        may_repeat: bool,
    ) -> UnfinishedListing {
        UnfinishedListing {
            path: path.into(),
            order,
            sources: sources.collect(),
            names: may_repeat.then(BTreeSet::new),
            parts: Vec::new(),
            count: 0,
            sum: Sum::default(),
            is_complete: true,
            page: None,
        }
    }

    /// Takes a step. Returns the page after the last one.
    pub(super) fn step(&mut self) -> Option<String> {
        if !self.sources.is_empty() {
            self.read();
            return None;
        }
        let (path, order, sum) = (&self.path, self.order, &self.sum);
        let page = self
            .page
            .get_or_insert_with(|| UnfinishedPage::new(path, order, sum, &mut self.parts));
        for _ in 0..STEP {
            if !page.write_row(&mut self.parts) {
                let mut html = core::mem::take(&mut page.html);
                write_end(&mut html, self.path.as_bytes(), &self.sum, self.is_complete);
                return Some(html);
            }
        }
        None
    }

    /// Returns the number of entries that were read.
    #[cfg(feature = "folder")]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn read(&mut self) {
        let mut part = Vec::new();
        for _ in 0..STEP {
            let Some(source) = self.sources.front_mut() else {
                break;
            };
            match source.next() {
                None => {
                    self.is_complete &= source.is_complete();
                    self.sources.pop_front();
                }
                Some(None) => {}
                Some(Some(entry)) => {
                    let names = self.names.as_mut();
                    if names.is_none_or(|names| names.insert(entry.name.clone())) {
                        self.sum.add(&entry);
                        part.push(entry);
                    }
                }
            }
        }
        self.count += part.len();
        part.sort_by(|one, other| self.order.compare(one, other));
        self.parts.push(part.into_iter());
    }
}

impl Source {
    /// Returns the next entry. The inner `None` is an entry that is not served.
    fn next(&mut self) -> Option<Option<Entry>> {
        match self {
            Source::Memory(entries) => entries.next().map(Some),
            #[cfg(feature = "folder")]
            Source::Folder(entries) => entries.next(),
        }
    }

    /// Returns whether all entries were listed.
    fn is_complete(&self) -> bool {
        match self {
            Source::Memory(_) => true,
            #[cfg(feature = "folder")]
            Source::Folder(entries) => entries.is_complete(),
        }
    }
}

impl UnfinishedPage {
    fn new(
        path: &str,
        order: Order,
        sum: &Sum,
        parts: &mut [vec::IntoIter<Entry>],
    ) -> UnfinishedPage {
        let count: usize = parts.iter().map(|part| part.len()).sum();
        let mut html = String::with_capacity(4096 + 200 * count);
        write_start(&mut html, path.as_bytes(), order, sum);
        let firsts = parts.iter_mut().enumerate();
        let firsts = firsts.filter_map(|(part, entries)| {
            let entry = entries.next()?;
            Some(First { entry, part, order })
        });
        UnfinishedPage {
            html,
            next: firsts.collect(),
        }
    }

    /// Writes the next row. Returns `false` if there is none.
    fn write_row(&mut self, parts: &mut [vec::IntoIter<Entry>]) -> bool {
        let Some(First { entry, part, order }) = self.next.pop() else {
            return false;
        };
        entry.write_row(&mut self.html);
        let following = parts.get_mut(part).and_then(Iterator::next);
        self.next
            .extend(following.map(|entry| First { entry, part, order }));
        true
    }
}

impl Ord for First {
    fn cmp(&self, other: &First) -> Ordering {
        let by_order = self.order.compare(&other.entry, &self.entry);
        by_order.then(other.part.cmp(&self.part))
    }
}

impl PartialOrd for First {
    fn partial_cmp(&self, other: &First) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for First {
    fn eq(&self, other: &First) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for First {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::listing::Kind;
    use alloc::format;

    fn entry(name: usize) -> Entry {
        Entry {
            name: format!("{name}.txt").into_bytes(),
            kind: Kind::File { bytes: 1 },
            modified: None,
        }
    }

    /// The names in the order of the rows, and the number of steps.
    fn listed(names: impl Iterator<Item = usize>, may_repeat: bool) -> (Vec<String>, usize) {
        let entries: Vec<Entry> = names.map(entry).collect();
        let sources = [Source::Memory(entries.into_iter())];
        let order = Order::from_query("");
        let mut listing = UnfinishedListing::new("/", order, sources.into_iter(), may_repeat);
        let mut steps = 1;
        let html = loop {
            match listing.step() {
                Some(html) => break html,
                None => steps += 1,
            }
        };
        // An empty directory has no rows.
        let (_, rows) = html.split_once("<tbody>").unwrap_or_default();
        let names = rows.split("<bdi>").skip(1);
        let names = names.filter_map(|row| row.split(".txt").next());
        (names.map(String::from).collect(), steps)
    }

    #[test]
    fn parts_are_merged_in_order() {
        for count in [0, 1, STEP - 1, STEP, STEP + 1, 5 * STEP] {
            // Each part has names from the whole range.
            let names = (0..count).map(|number| number * 7919 % count);
            let expected: Vec<String> = (0..count).map(|name| format!("{name}")).collect();
            let (names, steps) = listed(names, false);
            assert_eq!(names, expected);
            assert!(steps >= 2 * count / STEP && steps <= 2 * count / STEP + 4);
        }
    }

    #[test]
    fn a_name_is_listed_once_and_costs_a_step_like_any_other() {
        let (names, steps) = listed((0..10 * STEP).map(|number| number % 2), true);
        assert_eq!(names, ["0", "1"]);
        assert!(steps >= 10);
    }
}
