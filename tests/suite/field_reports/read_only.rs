//! Fault reports about a disk that can only be read, as a worn card is after a while.

use super::store::{OneDeviceSite, wait_for_condition};
use crate::servers::http_body;
use crate::small_disk::SmallDisk;

#[tokio::test]
async fn a_store_that_can_only_be_read_is_shown_and_its_readings_wait_until_it_can_be_written() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(&scratch.path().join("disk"), "24m");
    let site = OneDeviceSite::new(Some(&disk.0));
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    gateway.terminate();
    disk.set_writable(false);
    let gateway = site.start().await;
    let before = site.durable_seq().await;
    let why = site.wait_for_health("failing").await;
    assert!(why.contains("can only be read"), "{why}");
    for (lang, words) in [("en", "can only be read"), ("id", "hanya dapat dibaca")] {
        let page = http_body(site.page, &format!("/health?lang={lang}"), "GET").await;
        assert!(
            page.contains(words) && page.contains("remount,rw"),
            "{page}"
        );
    }
    // What is stored is shown, and so are the readings that come, which are not on the disk.
    let stored =
        "/api/v1/samples?point=tank.level&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z";
    let stored = http_body(site.page, stored, "GET").await;
    assert!(stored.contains("\"t\":[1"), "{stored}");
    wait_for_condition(async || {
        let points = http_body(site.page, "/api/v1/points", "GET").await;
        points.contains("\"durable\":false")
    })
    .await;
    assert_eq!(site.durable_seq().await, before);
    let entry = ["ledger", "add", "bsf-maggot", "12.5", "kg", "--who", "Siti"];
    let refused = site.run(&entry);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && said.contains("can only be read"),
        "{said}"
    );
    disk.set_writable(true);
    site.wait_for_health("ok").await;
    site.wait_durable_above(before + 20).await;
    gateway.terminate();
    // None of the readings in between is missing.
    site.assert_all_exported().await;
    let verified = site.run(&["verify"]);
    assert!(verified.status.success(), "{verified:?}");
}
