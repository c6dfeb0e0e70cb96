//! What operators see of the real program: traces at a collector, lines, series, and what must be in
//! none of them.

mod canaries;
mod cardinality;
mod collector;
mod dead_collector;
mod lines;
mod traces;
mod unread;
