//! Pages of assets: their content in both languages, without data, and with hostile names.
