//! Error text of a device file that cannot be opened, with the command that helps.

use std::io::{self, ErrorKind};
use std::path::Path;

/// Returns the text for a device file; `otherwise` is the advice for other errors than a missing
/// permission.
pub(super) fn access_error(path: &Path, error: &io::Error, group: &str, otherwise: &str) -> String {
    let path = path.display();
    match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "no permission for {path}: the user of the gateway must be in the group {group}: \
             `sudo usermod -aG {group} pantau`, then `sudo systemctl restart pantau` (your own \
             account: `sudo usermod -aG {group} $USER`, then log out and in)"
        ),
        _ => format!("{path}: {error}; {otherwise}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_the_group_is_told_the_command() {
        let denied = io::Error::from(ErrorKind::PermissionDenied);
        let text = access_error(Path::new("/dev/i2c-1"), &denied, "i2c", "switch it on");
        assert!(text.contains("usermod -aG i2c pantau"), "{text}");
        assert!(!text.contains("switch it on"), "{text}");
        let missing = io::Error::from(ErrorKind::NotFound);
        let text = access_error(Path::new("/dev/i2c-1"), &missing, "i2c", "switch it on");
        assert!(text.ends_with("switch it on"), "{text}");
    }
}
