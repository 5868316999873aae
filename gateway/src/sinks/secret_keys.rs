//! [`SecretKeys`]: keys under which a sink finds its secret.

/// Keys of a secret: it stands in a file or in the environment, never in `pantau.toml`.
#[derive(Clone, Copy, Debug)]
pub struct SecretKeys {
    /// Key that people would write it under; an error that names the other two.
    pub forbidden: &'static str,
    /// Key that names its file.
    pub file: &'static str,
    /// Environment variable; it has priority.
    pub variable: &'static str,
}
