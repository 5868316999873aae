//! The first minutes of somebody new: the language of commands, and the help.

use crate::killed::pantau;
use crate::source::project_root;
use std::path::Path;
use std::process::Output;

/// Runs the program with nothing in its environment but `env`.
fn run_with(env: &[(&str, &str)], words: &[&str]) -> Output {
    let mut command = pantau();
    command.env_clear().envs(env.iter().copied()).args(words);
    command.current_dir(project_root()).output().unwrap()
}

fn error_text(env: &[(&str, &str)], words: &[&str]) -> String {
    String::from_utf8(run_with(env, words).stderr).unwrap()
}

/// Site in a language, with a fault whose text is in the language of the command.
fn write_faulty_site(folder: &Path, language: &str) -> String {
    let file = folder.join(format!("{language}.toml"));
    let text = format!("[site]\nid = \"a\"\nlanguage = \"{language}\"\nnmae = \"A\"\n");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

const ENGLISH: &str = "unknown key `nmae`";
const INDONESIAN: &str = "kunci `nmae` tidak dikenal";

#[test]
fn a_command_speaks_the_language_that_is_said_nearest_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let [id, en] = ["id", "en"].map(|language| write_faulty_site(folder.path(), language));
    let (check_id, check_en) = (format!("check -c {id}"), format!("check --config {en}"));
    let strange = "frobnicate";
    for (env, words, expected) in [
        ("", &*check_id, INDONESIAN),
        ("LANG=en_US.UTF-8", &check_id, INDONESIAN),
        ("LANG=id_ID.UTF-8", &check_en, ENGLISH),
        ("PANTAU_LANG=en", &check_id, ENGLISH),
        (
            "PANTAU_LANG=en",
            &format!("--lang id {check_en}"),
            INDONESIAN,
        ),
        ("LC_ALL=C LANG=id_ID.UTF-8", strange, "tidak dikenal: "),
        ("LC_ALL=C", strange, "unknown: "),
    ] {
        let pairs: Vec<_> = env
            .split(' ')
            .filter_map(|one| one.split_once('='))
            .collect();
        let text = error_text(&pairs, &words.split(' ').collect::<Vec<_>>());
        assert!(text.contains(expected), "{env} {words}: {text}");
    }
}

#[test]
fn a_language_that_does_not_exist_is_a_fault_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_faulty_site(folder.path(), "fr");
    let text = error_text(&[], &["check", "-c", &file]);
    assert!(
        text.contains("language: ") && text.contains("id, en"),
        "{text}"
    );
}

#[test]
fn a_configuration_that_cannot_be_read_leaves_the_language_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.toml");
    std::fs::write(&broken, [0xff, 0xfe, 0x00]).unwrap();
    let absent = folder.path().join("absent.toml");
    for file in [&broken, &absent] {
        let words = ["check", "-c", file.to_str().unwrap()];
        let text = error_text(&[("LANG", "id_ID.UTF-8")], &words);
        assert!(
            text.contains("tidak dapat dibaca") || text.contains("tidak ada"),
            "{text}"
        );
    }
}

#[test]
fn help_keeps_the_options_of_every_command_apart() {
    for (lang, own, global) in [
        ("en", "Options:", "Options of every command:"),
        ("id", "Opsi:", "Opsi untuk semua perintah:"),
    ] {
        for command in [
            ["report"].as_slice(),
            &["check"],
            &["device", "new"],
            &["ledger", "add"],
        ] {
            let words = [&["--lang", lang], command, &["--help"]].concat();
            let text = String::from_utf8(run_with(&[], &words).stdout).unwrap();
            let (before, after) = text.split_once(&format!("\n{global}\n")).unwrap();
            let (_, before) = before.split_once(&format!("\n{own}\n")).unwrap();
            for option in ["--lang", "--log", "--log-json", "--help"] {
                assert!(after.contains(option) && !before.contains(option), "{text}");
            }
            assert!(
                !after.contains("--json") && !after.contains("--dir"),
                "{text}"
            );
        }
    }
}
