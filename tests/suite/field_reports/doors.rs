//! Requests, configuration and files that people hand in.
