//! A list of rows of the server: a window of pages, a cursor that sits on an id, marks, tabs, sort,
//! filter. Screens and the panes of details hold one; what is particular stands in [`Listing`].

mod any;
mod draw;
mod input;
mod load;

pub use any::AnyList;

use std::cell::Cell as Seen;
use std::collections::BTreeSet;

use api::console::FeedEvent;
use api::filter::{self, Schema};
use ratatui::layout::Rect;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Chosen;
use crate::acts::{Act, Everything};
use crate::client::{Failure, Reply, Request};
use crate::mirror::Window;
use crate::object::Object;
use crate::place::Place;
use crate::widgets::table::Column;

/// Loading is not told before this: most answers are faster.
const QUIET_MS: u64 = 300;

/// A tab of a list: a term that it adds to the filter.
#[derive(Debug)]
pub struct Tab {
    pub name: &'static str,
    /// At 80 columns.
    pub short: &'static str,
    /// Empty shows all.
    pub term: &'static str,
    /// Values of the tally that are counted here.
    pub values: &'static [&'static str],
}

/// What the feed does to a list.
#[derive(Debug)]
pub enum Change<R> {
    /// Nothing of this list.
    None,
    /// These rows are so now; one that is not shown may belong here.
    Rows(Vec<R>),
    /// These ids are gone.
    Gone(Vec<String>),
    /// These rows, and these ids are gone.
    Both(Vec<R>, Vec<String>),
    /// Something changed; read the list again.
    Reload,
}

/// What is particular to a list.
pub trait Listing: 'static {
    type Row: DeserializeOwned + Serialize + Clone + 'static;

    /// The shell's noun.
    fn noun(&self) -> &'static str;
    /// The columns, from the left.
    fn columns(&self) -> &'static [Column<Self::Row>];
    fn schema(&self) -> &'static Schema;
    /// The list's address, with parameters of its own.
    fn request(&self) -> Request;
    /// A term that is always part of the filter, such as whose jobs a pane shows.
    fn own_term(&self) -> String {
        String::new()
    }
    /// Where the list is counted; `None` where it is not.
    fn count(&self) -> Option<Request> {
        None
    }
    /// Where the tabs are counted.
    fn tallies(&self) -> Option<Request> {
        None
    }
    fn id(&self, row: &Self::Row) -> String;
    /// A greater one is newer; rows without one are taken as they come.
    fn rev(&self, _row: &Self::Row) -> i64 {
        0
    }
    fn object(&self, row: &Self::Row) -> Object;
    fn acts(&self) -> &'static [&'static Act];
    fn tabs(&self) -> &'static [Tab] {
        &[]
    }
    /// The tab to begin with.
    fn first_tab(&self) -> usize {
        0
    }
    /// What Enter opens.
    fn open(&self, row: &Self::Row) -> Option<Place>;
    /// What the feed does to it.
    fn change(&self, _event: &FeedEvent) -> Change<Self::Row> {
        Change::None
    }
    /// Whether a row that the feed tells of and that is not shown belongs at the end of the list:
    /// so in lists that come whole.
    fn grows(&self) -> bool {
        false
    }
    /// Whether a row shows the tab; told by the row itself.
    fn in_tab(&self, _row: &Self::Row, _tab: &Tab) -> bool {
        true
    }
    /// What stands where there is no row.
    fn empty(&self, filtered: bool) -> String {
        if filtered {
            format!("No {} match. Esc clears the filter.", self.noun())
        } else {
            format!("No {}.", self.noun())
        }
    }
    /// Reads a page; those that come in another form say so.
    fn page(&self, reply: &Reply) -> Result<(Vec<Self::Row>, Option<String>), Failure> {
        let page: crate::client::request::Page<Self::Row> = reply.decode()?;
        Ok((page.items, page.next_cursor))
    }
}

/// Where the loading stands.
#[derive(Debug, Default)]
pub(super) enum Loading {
    #[default]
    Idle,
    /// Asked at that moment.
    Asked { since_ms: u64, page: usize },
    /// It failed; it is asked again at that moment.
    Failed {
        failure: Failure,
        retry_at_ms: Option<u64>,
    },
}

/// A list and where one is in it.
pub struct List<L: Listing> {
    pub spec: L,
    pub(super) window: Window<L::Row>,
    /// The row under the cursor.
    pub(super) cursor: Option<String>,
    /// Its place among the loaded rows, in the order of the screen.
    pub(super) at: usize,
    pub(super) marks: BTreeSet<String>,
    /// Objects of the marks: they may have left the window.
    pub(super) marked: Vec<Object>,
    pub(super) last_mark: Option<String>,
    pub(super) all_marked: bool,
    pub(super) tab: usize,
    pub(super) sort: String,
    pub(super) filter: String,
    /// Typed, not yet answered: narrows the loaded rows.
    pub(super) typed: Option<String>,
    /// Shown from its end: the window holds the reverse order.
    pub(super) tail: bool,
    pub(super) loading: Loading,
    pub(super) loaded_ms: Option<u64>,
    pub(super) count: Option<(i64, bool)>,
    pub(super) tallies: Vec<(String, i64, bool)>,
    /// Something changed while the answer was on its way.
    pub(super) again: bool,
    /// What the feed told while a page was on its way: the page may be older.
    pub(super) meanwhile: Vec<L::Row>,
    /// When the tabs were asked to be counted, while they are.
    pub(super) counting_ms: Option<u64>,
    /// Rows that the feed told of and that are not shown.
    pub(super) fresh: usize,
    /// What the last frame showed, for pages and the mouse.
    pub(super) seen: Seen<Rect>,
    pub(super) top: Seen<usize>,
}

impl<L: Listing> List<L> {
    pub fn new(spec: L, filter: impl Into<String>) -> List<L> {
        let sort = spec.schema().default_sort.to_owned();
        let tab = spec.first_tab();
        List {
            spec,
            window: Window::default(),
            cursor: None,
            at: 0,
            marks: BTreeSet::new(),
            marked: Vec::new(),
            last_mark: None,
            all_marked: false,
            tab,
            sort,
            filter: filter.into(),
            typed: None,
            tail: false,
            loading: Loading::Idle,
            loaded_ms: None,
            count: None,
            tallies: Vec::new(),
            again: false,
            meanwhile: Vec::new(),
            counting_ms: None,
            fresh: 0,
            seen: Seen::default(),
            top: Seen::default(),
        }
    }

    /// The loaded rows in the order of the screen.
    pub(super) fn shown(&self) -> Vec<&L::Row> {
        let rows = self.window.rows();
        let shown: Vec<&L::Row> = if self.tail {
            rows.iter().rev().collect()
        } else {
            rows.iter().collect()
        };
        match self.typed.as_deref() {
            Some(typed) => shown
                .into_iter()
                .filter(|row| narrows(row, typed, self.spec.schema()))
                .collect(),
            None => shown,
        }
    }

    /// The row under the cursor.
    pub fn row(&self) -> Option<&L::Row> {
        self.shown().get(self.at).copied()
    }

    /// The filter that the server gets: the tab's term and what was typed.
    pub(super) fn whole_filter(&self) -> String {
        let term = self.spec.tabs().get(self.tab).map_or("", |tab| tab.term);
        let own = self.spec.own_term();
        [own.as_str(), term, self.filter.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The list with filter and order, to be exported.
    pub fn export(&self) -> Request {
        self.spec
            .request()
            .with("filter", self.whole_filter())
            .with("sort", self.sort.clone())
    }

    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// What an act would be done to.
    pub fn chosen(&self) -> Chosen {
        if self.all_marked {
            return Chosen {
                objects: Vec::new(),
                everything: Some(Everything {
                    filter: self.whole_filter(),
                    count: self.count.map(|(count, _)| count),
                }),
                marked: self
                    .count
                    .and_then(|(count, _)| usize::try_from(count).ok())
                    .unwrap_or(0),
                ..Chosen::default()
            };
        }
        if !self.marks.is_empty() {
            return Chosen {
                objects: self.marked.clone(),
                marked: self.marks.len(),
                ..Chosen::default()
            };
        }
        Chosen {
            objects: self
                .row()
                .map(|row| self.spec.object(row))
                .into_iter()
                .collect(),
            ..Chosen::default()
        }
    }

    /// Whether Enter opens the row under the cursor, or one that may come.
    pub fn opens(&self) -> bool {
        self.row().is_none_or(|row| self.spec.open(row).is_some())
    }

    /// The columns that the server sorts by, each with its letter.
    pub fn sorts(&self) -> Vec<(char, &'static str, &'static str)> {
        let mut taken = Vec::new();
        let mut sorts = Vec::new();
        for column in self.spec.columns() {
            let sortable = self
                .spec
                .schema()
                .field(column.sort)
                .is_some_and(|field| field.sortable);
            let letter = column
                .title
                .to_ascii_lowercase()
                .chars()
                .find(|letter| letter.is_ascii_lowercase() && !taken.contains(letter));
            if let (true, Some(letter)) = (sortable, letter) {
                taken.push(letter);
                sorts.push((letter, column.title, column.sort));
            }
        }
        sorts
    }
}

/// Whether a loaded row can match what is being typed: its words are looked for in the row's text.
/// The server answers the rest.
fn narrows<R: Serialize>(row: &R, typed: &str, schema: &Schema) -> bool {
    let Ok(filter) = filter::parse(typed, schema) else {
        return true;
    };
    let words: Vec<(String, bool)> = filter
        .terms
        .iter()
        .filter_map(|term| match &term.test {
            filter::Test::Text(text) => Some((text.to_lowercase(), term.negated)),
            _ => None,
        })
        .collect();
    if words.is_empty() {
        return true;
    }
    let text = serde_json::to_string(row)
        .unwrap_or_default()
        .to_lowercase();
    words
        .iter()
        .all(|(word, negated)| text.contains(word.as_str()) != *negated)
}
