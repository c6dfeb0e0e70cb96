//! Drives the real providers against a local server that misbehaves on demand.
