//! A year of readings in the store of a gateway, before its start is measured.

use crate::devices::POINTS_PER_DEVICE;
use crate::harness::{now_ns, pantau_command};
use crate::site_load::SECOND_NS;
use std::fmt::Write as _;
use std::path::Path;

/// 50 points of one device, every five minutes for a year, through `pantau import`.
pub(crate) fn import_a_year(folder: &Path) {
    // Up to the last midnight, so that no reading lies in the future, which an import refuses.
    let today = now_ns() / SECOND_NS / 86_400 * 86_400;
    for point in 0..POINTS_PER_DEVICE {
        let mut text = String::from("time,value\n");
        for step in 0..365 * 288_i64 {
            let at = jiff::Timestamp::from_second(today - 300 * (step + 1)).unwrap();
            let _ = writeln!(
                text,
                "{at},{}.{}",
                200 + (step * 7 + i64::from(point)) % 50,
                step % 10
            );
        }
        let file = folder.join("year.csv");
        std::fs::write(&file, text).unwrap();
        let mut command = pantau_command();
        command
            .args(["--log", "warn", "import", "-c"])
            .arg(folder.join("pantau.toml"));
        let said = command
            .args(["--point", &format!("d0.p{point}")])
            .arg(&file)
            .output()
            .unwrap();
        assert!(
            said.status.success(),
            "import: {}",
            String::from_utf8_lossy(&said.stderr)
        );
    }
}
