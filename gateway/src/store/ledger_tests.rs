//! The ledger as the rest of the program sees it.
