//! Parts that tests share: the tests are in `suite/`, the programs that they run against in
//! `peers/`. See `docs/testing.md`.

pub mod reply_faults;
pub mod site_text;
