//! Streams: who is being answered now, how fast?

pub mod acts;

use api::console::Stream;
use api::filter::STREAMS;

use crate::acts::nouns::{Noun, phrase, read_rows};
use crate::client::Request;
use crate::object::Object;

/// The list's address.
pub const PATH: &str = "/api/admin/streams";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "streams",
    help: "answers under way",
    find: |named| Request::get(PATH).with("filter", format!("id:{}", phrase(named))),
    read: |reply| read_rows(reply, |stream: Stream| Object::Stream(Box::new(stream))),
    list: Some(PATH),
    schema: &STREAMS,
    acts: acts::ACTS,
};
