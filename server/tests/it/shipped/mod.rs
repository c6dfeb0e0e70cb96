//! What an operator installs: compose files, the image's contents, units, secrets. There is no container
//! engine here, so they are held to the programs that read them and run outside containers.

mod backups;
mod compose;
mod image;
mod refused_restore;
mod restoring;
mod rolling;
mod rotation;
mod secrets;
mod settings;
mod units;
