//! Tables and entries as people hand them in.
