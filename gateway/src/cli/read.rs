//! x
use crate::words::Lang;
pub(super) async fn run(_: &std::path::Path, _: &str, _: Lang, _: bool) -> u8 { 0 }
