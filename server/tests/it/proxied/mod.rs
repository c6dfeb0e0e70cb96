//! The house behind the real nginx, as `proxy/start` runs it: over HTTPS, from outside.

mod framing;
mod framing_h2;
mod headers;
mod house;
mod limits;
mod logging;
mod many;
mod nginx;
mod reload;
mod rolling;
mod starting;
mod streams;
mod upstream;
