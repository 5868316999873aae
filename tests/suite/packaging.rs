//! The Debian package: what it holds, and how its service is confined. `tests/packaging/run`
//! installs it in a virtual machine.

use crate::source::project_root;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// Most that `systemd-analyze security` may give the unit, in tenths.
const EXPOSURE_TENTHS_MAX: &str = "21";

/// Files that an installed package puts in place, beside its manual pages.
const PACKAGE_FILES: [&str; 14] = [
    "usr/bin/pantau",
    "usr/lib/systemd/system/pantau.service",
    "usr/lib/sysusers.d/pantau.conf",
    "usr/lib/udev/rules.d/61-pantau.rules",
    "usr/share/pantau/pantau.toml",
    "usr/share/pantau/completions/id/_pantau",
    "usr/share/pantau/completions/en/pantau.fish",
    "usr/share/bash-completion/completions/pantau",
    "usr/share/zsh/vendor-completions/_pantau",
    "usr/share/fish/vendor_completions.d/pantau.fish",
    "usr/share/doc/pantau/copyright",
    "usr/share/doc/pantau/third-party-licences.gz",
    "usr/share/doc/pantau/examples/pantau.toml",
    "usr/share/doc/pantau/configuration.md",
];

#[track_caller]
fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{said}");
    output
}

#[track_caller]
fn text_of(command: &mut Command) -> String {
    String::from_utf8(run(command).stdout).unwrap()
}

/// Builds a package around a small program: what is looked at here is the rest.
fn build_package(folder: &Path) -> PathBuf {
    let mut build = Command::new(project_root().join("config/packaging/build"));
    build.args([
        "amd64",
        "--program",
        "/bin/true",
        "--version",
        "0.1.0~test",
        "--documents",
        env!("CARGO_BIN_EXE_package_documents"),
        "--output",
    ]);
    build.envs([("DEBFULLNAME", "Trial"), ("DEBEMAIL", "trial@example.org")]);
    let made = text_of(build.arg(folder));
    PathBuf::from(made.trim())
}

struct UnpackedPackage {
    folder: tempfile::TempDir,
    package: PathBuf,
}

/// The package, unpacked once for all tests.
static PACKAGE: LazyLock<UnpackedPackage> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let package = build_package(folder.path());
    let root = folder.path().join("root");
    run(Command::new("dpkg-deb").arg("-R").arg(&package).arg(root));
    UnpackedPackage { folder, package }
});

fn root() -> PathBuf {
    PACKAGE.folder.path().join("root")
}

/// A manual page as a terminal shows it.
fn manual_page(path: &str) -> String {
    let mut man = Command::new("man");
    man.args(["-P", "cat", "-E", "utf8", "-l"])
        .arg(root().join("usr/share/man").join(path));
    text_of(man.env("MANWIDTH", "200").env("LC_ALL", "C.UTF-8"))
}

#[test]
fn the_package_holds_what_an_installed_gateway_needs() {
    for file in PACKAGE_FILES {
        assert!(root().join(file).is_file(), "{file}");
    }
    let field = |name| {
        text_of(
            Command::new("dpkg-deb")
                .arg("-f")
                .arg(&PACKAGE.package)
                .arg(name),
        )
    };
    assert_eq!(field("Version").trim(), "0.1.0~test");
    assert_eq!(field("Maintainer").trim(), "Trial <trial@example.org>");
    let needs = field("Depends");
    assert!(
        needs.contains("libc6 (>= 2.") && needs.contains("systemd"),
        "{needs}"
    );
    let list = text_of(Command::new("dpkg-deb").arg("-c").arg(&PACKAGE.package));
    assert!(
        list.lines().all(|line| line.contains(" root/root ")),
        "{list}"
    );
    for script in ["postinst", "prerm", "postrm"] {
        run(Command::new("sh")
            .arg("-n")
            .arg(root().join("DEBIAN").join(script)));
    }
    // Its first configuration is one that the program takes.
    let first = root().join("usr/share/pantau/pantau.toml");
    run(crate::killed::pantau().args(["check", "-c"]).arg(first));
}

#[test]
fn the_package_has_every_manual_page_in_both_languages() {
    let count = |folder: &str| {
        let pages = std::fs::read_dir(root().join("usr/share/man").join(folder));
        pages.unwrap().count()
    };
    assert_eq!(count("man1"), count("id/man1"));
    let english = manual_page("man1/pantau-check.1.gz");
    for words in [
        "NAME",
        "SYNOPSIS",
        "\nOPTIONS\n",
        "--config",
        "Check the configuration",
    ] {
        assert!(english.contains(words), "{words}:\n{english}");
    }
    let indonesian = manual_page("id/man1/pantau-check.1.gz");
    for words in [
        "NAMA",
        "RINGKASAN",
        "\nOPSI\n",
        "--config",
        "Periksa konfigurasi",
    ] {
        assert!(indonesian.contains(words), "{words}:\n{indonesian}");
    }
    for words in ["SYNOPSIS", "DESCRIPTION", "OPTIONS"] {
        assert!(!indonesian.contains(words), "{words}:\n{indonesian}");
    }
}

#[test]
fn two_builds_of_the_package_are_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let again = build_package(folder.path());
    let bytes = |path: &Path| std::fs::read(path).unwrap();
    assert!(bytes(&again) == bytes(&PACKAGE.package));
}

#[test]
fn systemd_rates_the_exposure_of_the_service_at_most_2_1() {
    let unit = project_root().join("config/pantau.service");
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--no-pager", "--offline=true", "--threshold"]);
    run(analyze.arg(EXPOSURE_TENTHS_MAX).arg(unit));
}
