//! Tests of the form of backups on the disk, without a store.

use super::*;
use crate::domain::UtcMs;
use crate::limits::BACKUP_PIECE_BYTES;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Bytes that look like those of a store, and differ from piece to piece.
fn store_bytes(seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; 5 * BACKUP_PIECE_BYTES + 1000];
    random.fill(&mut bytes);
    bytes
}

fn begin(stick: &Path, at: i64) -> BackupWriter {
    let facts = BackupFacts {
        site: "desa".to_owned(),
        store: "k3f9q2".to_owned(),
        at: UtcMs(at * 1000),
        durable: 1,
    };
    BackupWriter::begin(stick, &facts, stick).unwrap()
}

fn write_backup(stick: &Path, at: i64, bytes: &[u8], keep: usize) -> WrittenBackup {
    let mut writer = begin(stick, at);
    writer.begin_store_file();
    // In parts of any length, as they come over the socket.
    for part in bytes.chunks(7777) {
        writer.write(part).unwrap();
    }
    writer.end_file().unwrap();
    writer.finish(keep).unwrap()
}

/// All files below a folder with their content, without the lock.
fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.file_name().unwrap() != "lock" {
            let content = std::fs::read(&path).unwrap();
            files.insert(path, content);
        }
    }
    files
}

/// Bytes of the store's file in the chosen backup.
fn read_back(stick: &Path, at: Option<i64>) -> Result<Vec<u8>, BackupError> {
    let source = BackupSource::open(stick, Some("desa"))?;
    if let Some((_, damaged)) = source.damaged.first() {
        return Err(BackupError::Newer(damaged.to_string()));
    }
    let manifest = source.choose(at.map(|at| UtcMs(at * 1000)))?;
    source.verify(manifest, &mut |_| ())?;
    let file = manifest.store_file("pantau.db").unwrap();
    let mut bytes = Vec::new();
    source.read_file(file, &mut |part| {
        bytes.extend_from_slice(part);
        Ok(())
    })?;
    Ok(bytes)
}

#[test]
fn a_second_backup_writes_only_what_is_new_and_each_one_is_read_back_by_its_time() {
    let stick = tempfile::tempdir().unwrap();
    let first = store_bytes(1);
    let written = write_backup(stick.path(), 100, &first, 7);
    assert_eq!(written.new_bytes, first.len() as u64);
    // One page of one piece has changed, and something was added at the end.
    let mut second = first.clone();
    second[2 * BACKUP_PIECE_BYTES + 5] ^= 1;
    second.extend([9; 500]);
    let written = write_backup(stick.path(), 200, &second, 7);
    assert_eq!(written.new_bytes, BACKUP_PIECE_BYTES as u64 + 1500);
    assert_eq!(written.bytes, second.len() as u64);
    assert_eq!(written.generations, 2);
    let written = write_backup(stick.path(), 300, &second, 7);
    assert_eq!(written.new_bytes, 0);
    assert!(read_back(stick.path(), None).unwrap() == second);
    assert!(read_back(stick.path(), Some(250)).unwrap() == second);
    assert!(read_back(stick.path(), Some(199)).unwrap() == first);
    let early = read_back(stick.path(), Some(99)).unwrap_err();
    let BackupError::NotThen { there } = early else {
        panic!("{early}");
    };
    assert_eq!(there, [100_000, 200_000, 300_000].map(UtcMs));
}

#[test]
fn the_oldest_go_beyond_the_limit_with_the_pieces_that_only_they_need() {
    let stick = tempfile::tempdir().unwrap();
    for (seed, kept) in [(1, 1), (2, 2), (3, 2), (4, 2)] {
        let at = i64::try_from(seed).unwrap() * 100;
        let written = write_backup(stick.path(), at, &store_bytes(seed), 2);
        assert_eq!(written.generations, kept);
    }
    // Two manifests, and six pieces each.
    assert_eq!(files_below(stick.path()).len(), 2 + 12);
    assert!(read_back(stick.path(), Some(399)).unwrap() == store_bytes(3));
    assert!(read_back(stick.path(), Some(299)).is_err());
}

#[test]
fn a_backup_of_another_store_of_the_site_is_never_the_one_that_goes() {
    let stick = tempfile::tempdir().unwrap();
    write_backup(stick.path(), 100, &store_bytes(1), 1);
    for at in 2..5 {
        let facts = BackupFacts {
            site: "desa".to_owned(),
            store: "new000".to_owned(),
            at: UtcMs(at * 100_000),
            durable: 0,
        };
        let mut writer = BackupWriter::begin(stick.path(), &facts, stick.path()).unwrap();
        writer.begin_store_file();
        writer.write(b"an empty store").unwrap();
        writer.end_file().unwrap();
        assert_eq!(writer.finish(1).unwrap().generations, 1);
    }
    assert!(read_back(stick.path(), Some(100)).unwrap() == store_bytes(1));
}

#[test]
fn a_flipped_byte_of_any_file_is_found_and_the_file_is_named() {
    let stick = tempfile::tempdir().unwrap();
    let bytes = store_bytes(1);
    write_backup(stick.path(), 100, &bytes, 7);
    let files = files_below(stick.path());
    assert_eq!(files.len(), 7);
    let mut random = fastrand::Rng::with_seed(7);
    for (file, content) in &files {
        let ends = [
            0,
            content.len() / 2,
            content.len() - 2,
            random.usize(..content.len()),
        ];
        for place in ends {
            let mut garbled = content.clone();
            garbled[place] ^= 1 << random.u8(..8);
            std::fs::write(file, &garbled).unwrap();
            let said = read_back(stick.path(), None).unwrap_err().to_string();
            let name = file.file_name().unwrap().to_str().unwrap();
            assert!(said.contains(name), "{name} byte {place}: {said}");
        }
        std::fs::write(file, content).unwrap();
    }
    // A missing piece, and one that was cut off, are named as well.
    let (piece, content) = files
        .iter()
        .find(|(file, _)| file.extension().is_none())
        .unwrap();
    std::fs::write(piece, &content[..content.len() - 1]).unwrap();
    assert!(read_back(stick.path(), None).is_err());
    std::fs::remove_file(piece).unwrap();
    assert!(read_back(stick.path(), None).is_err());
    // The next backup of the same bytes mends it.
    let written = write_backup(stick.path(), 200, &bytes, 7);
    assert_eq!(written.new_bytes, content.len() as u64);
    assert!(read_back(stick.path(), Some(100)).unwrap() == bytes);
}

#[test]
fn a_backup_that_is_given_up_or_whose_stick_is_pulled_leaves_the_earlier_ones() {
    let stick = tempfile::tempdir().unwrap();
    write_backup(stick.path(), 100, &store_bytes(1), 7);
    let before = files_below(stick.path());
    let mut writer = begin(stick.path(), 200);
    writer.begin_store_file();
    writer.write(&store_bytes(2)).unwrap();
    assert!(files_below(stick.path()).len() > before.len());
    let busy = BackupWriter::begin(
        stick.path(),
        &BackupFacts {
            site: "desa".to_owned(),
            store: String::new(),
            at: UtcMs(0),
            durable: 0,
        },
        stick.path(),
    );
    assert!(matches!(busy, Err(BackupError::Busy(_))));
    drop(writer);
    assert!(files_below(stick.path()) == before);
    // Pulled out: its folder is empty from one moment to the next.
    let mut writer = begin(stick.path(), 200);
    writer.begin_store_file();
    writer.write(&store_bytes(2)).unwrap();
    let (folder, away) = (
        stick.path().join("pantau-backup"),
        stick.path().join("away"),
    );
    std::fs::rename(&folder, &away).unwrap();
    writer.end_file().unwrap_or_default();
    let fault = writer.finish(7).unwrap_err();
    assert!(matches!(fault, BackupError::File { .. }), "{fault}");
    std::fs::remove_dir_all(&folder).unwrap_or_default();
    std::fs::rename(&away, &folder).unwrap();
    assert!(read_back(stick.path(), None).unwrap() == store_bytes(1));
    // What the pulled stick still has of it goes with the next one.
    write_backup(stick.path(), 300, &store_bytes(1), 7);
    assert_eq!(files_below(stick.path()).len(), before.len() + 1);
}

#[test]
fn files_that_the_configuration_names_belong_to_the_site_and_devices_do_not() {
    let (site, stick) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    std::fs::create_dir(site.path().join("devices")).unwrap();
    std::fs::create_dir_all(site.path().join("store/tls")).unwrap();
    let text = format!(
        "[site]\nid = 'desa'\nprofiles = 'devices'\n[mqtt]\npassword_file = 'mqtt.password'\n\
         ca_file = '{}'\n[[bus]]\nport = '/dev/null'\nhost = 'nothing-here'\n",
        elsewhere.path().display()
    );
    for (file, text) in [
        ("pantau.toml", &*text),
        ("mqtt.password", "secret"),
        ("devices/acme.toml", "name = 'acme'"),
        ("devices/notes.txt", "x"),
        ("store/access.json", "{}"),
        ("store/tls/ca.key", "key"),
    ] {
        std::fs::write(site.path().join(file), text).unwrap();
    }
    let mut writer = begin(stick.path(), 1);
    let config = site.path().join("pantau.toml");
    add_site_files(&mut writer, &config, &site.path().join("store")).unwrap();
    writer.finish(1).unwrap();
    let source = BackupSource::open(stick.path(), None).unwrap();
    let manifest = source.choose(None).unwrap();
    let paths: Vec<&str> = manifest.files.iter().map(|file| &*file.path).collect();
    let other = elsewhere.path().canonicalize().unwrap();
    let other = other.to_str().unwrap().trim_start_matches('/');
    assert_eq!(
        paths,
        [
            "access.json",
            "tls/ca.key",
            "pantau.toml",
            other,
            "mqtt.password",
            "devices/acme.toml"
        ]
    );
    assert_eq!(source.configuration_text(manifest).unwrap(), text);
    // Passwords and keys are for their owner only.
    for (file, _) in files_below(stick.path()) {
        let about = std::fs::metadata(&file).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
}

#[test]
fn a_disk_has_room_when_those_beyond_the_limit_go_and_the_newest_never_does() {
    let stick = tempfile::tempdir().unwrap();
    for seed in 1..=3 {
        let at = i64::try_from(seed).unwrap() * 100;
        write_backup(stick.path(), at, &store_bytes(seed), 7);
    }
    let facts = BackupFacts {
        site: "desa".to_owned(),
        store: "k3f9q2".to_owned(),
        at: UtcMs(400_000),
        durable: 1,
    };
    let make_room = |keep| BackupWriter::make_room(stick.path(), &facts, keep);
    assert_eq!(make_room(3).unwrap(), 0);
    assert_eq!(make_room(1).unwrap(), 2);
    assert!(read_back(stick.path(), None).unwrap() == store_bytes(3));
    assert_eq!(files_below(stick.path()).len(), 1 + 6);
    assert_eq!(make_room(0).unwrap(), 0);
    // Where the newest one is damaged, the earlier ones are all there is.
    write_backup(stick.path(), 500, &store_bytes(5), 7);
    let piece = files_below(stick.path())
        .into_keys()
        .find(|path| std::fs::read(path).unwrap() == store_bytes(5)[..BACKUP_PIECE_BYTES]);
    std::fs::write(piece.unwrap(), "damaged").unwrap();
    assert!(make_room(1).is_err());
    assert!(read_back(stick.path(), Some(399)).unwrap() == store_bytes(3));
}

#[test]
fn a_folder_that_is_a_link_or_that_others_may_write_gets_no_backup() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (stick, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let facts = BackupFacts {
        site: "desa".to_owned(),
        store: "k3f9q2".to_owned(),
        at: UtcMs(100_000),
        durable: 1,
    };
    let begin = || BackupWriter::begin(stick.path(), &facts, stick.path());
    let above = stick.path().join("pantau-backup");
    symlink(other.path(), &above).unwrap();
    assert!(matches!(begin(), Err(BackupError::Foreign(at)) if at == above));
    assert!(files_below(other.path()).is_empty());
    std::fs::remove_file(&above).unwrap();
    drop(begin().unwrap());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let lock = above.join("desa/lock");
    assert_eq!(mode(&lock), 0o600);
    // A lock that leads elsewhere, and a tree for everybody.
    std::fs::remove_file(&lock).unwrap();
    let target = other.path().join("target");
    symlink(&target, &lock).unwrap();
    assert!(begin().is_err());
    assert!(!target.exists());
    std::fs::remove_file(&lock).unwrap();
    for folder in [above.clone(), above.join("desa")] {
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
        assert!(matches!(begin(), Err(BackupError::Foreign(at)) if at == folder));
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    }
    begin().unwrap();
}
