use super::handle::*;
use super::keeper::Keeper;
use crate::model::*;
use std::path::Path;
impl Keeper {
    pub(super) fn tend(&mut self) {}
    pub(super) fn import(&mut self, _p: &str, _r: &[ImportRow]) -> Result<u64, StoreError> {
        Err(StoreError::Invalid("not yet".into()))
    }
    pub(super) fn import_many(&mut self, _r: &[ImportColumn]) -> Result<u64, StoreError> {
        Err(StoreError::Invalid("not yet".into()))
    }
    pub(super) fn redate(&mut self, _b: &BootId, _s: i64) -> Result<u64, StoreError> {
        Err(StoreError::Invalid("not yet".into()))
    }
    pub(super) fn backup(&mut self, _p: &Path) -> Result<(), StoreError> {
        Err(StoreError::Invalid("not yet".into()))
    }
}
