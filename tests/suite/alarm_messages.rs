//! Tests of messages of alarms with the whole program: HTTPS services and a mail server that
//! misbehave as the real ones do, a kill between queue and service, and test messages.

use crate::alarms::{LevelSensor, start};
use crate::killed::pantau;
use crate::peers::{PeerProcess, python_peer};
use crate::servers::{TestCertificate, free_port, make_certificate, wait_until};
use crate::sites::write_config;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::site_text::SiteText;

const BOT_TOKEN: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

/// A folder with a certificate, secrets, and what the services have heard.
struct MessageBench {
    folder: tempfile::TempDir,
    certificate: TestCertificate,
}

impl MessageBench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = make_certificate(folder.path());
        let bench = Self {
            folder,
            certificate,
        };
        for (name, text) in [
            ("bot.token", BOT_TOKEN),
            ("wa.token", "EAAJB"),
            ("hook.token", "gerbang"),
            ("hook.key", "kunci tanda"),
            ("mail.password", "sandi aplikasi"),
        ] {
            bench.write(name, text);
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.path(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Words by which a service answers its next requests.
    fn script(&self, service: &str, words: &str) {
        self.write(&format!("script-{service}"), words);
    }

    fn start_services(&self, port: u16) -> (PeerProcess, u16) {
        let mut command = python_peer("message_services.py");
        command.arg(self.folder.path()).arg(&self.certificate.cert);
        command.arg(&self.certificate.key).arg(port.to_string());
        let (peer, port) = PeerProcess::start_ready(&mut command);
        (peer, port.parse().unwrap())
    }

    fn start_mail_server(&self, words: &[&str]) -> (PeerProcess, u16) {
        let mut command = python_peer("mail_server.py");
        command.arg(self.folder.path()).arg(&self.certificate.cert);
        command.arg(&self.certificate.key).args(words);
        let (peer, port) = PeerProcess::start_ready(&mut command);
        (peer, port.parse().unwrap())
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Requests that a service has answered well.
    fn taken(&self, service: &str) -> Vec<Value> {
        let mut all = self.lines("heard.jsonl");
        all.retain(|one| one["service"] == service && one["answered"] == "ok");
        all
    }

    /// Mails that were taken for a recipient.
    fn mails(&self, to: &str) -> Vec<Value> {
        let mut all = self.lines("mails.jsonl");
        all.retain(|one| one["to"][0] == to);
        all
    }

    fn webhook(&self, port: u16) -> String {
        let ca = self.certificate.cert.display();
        format!(
            "[[alarm_channel]]\nid = 'hook'\nkind = 'webhook'\nquiet_hours = 'none'\n\
             url = 'https://localhost:{port}/hook'\ntoken_file = 'hook.token'\n\
             signing_key_file = 'hook.key'\nca_file = '{ca}'\n"
        )
    }

    fn telegram(&self, port: u16) -> String {
        let ca = self.certificate.cert.display();
        format!(
            "[[alarm_channel]]\nid = 'grup'\nkind = 'telegram'\nquiet_hours = 'none'\n\
             url = 'https://localhost:{port}'\ntoken_file = 'bot.token'\nchat = -1001\n\
             ca_file = '{ca}'\n"
        )
    }

    fn whatsapp(&self, port: u16) -> String {
        let ca = self.certificate.cert.display();
        format!(
            "[[alarm_channel]]\nid = 'wa'\nkind = 'whatsapp'\nquiet_hours = 'none'\n\
             url = 'https://localhost:{port}/v23.0'\ntoken_file = 'wa.token'\n\
             phone_id = '106540352242922'\ntemplate = 'pantau_alarm'\nto = '+62 812-3456-7890'\n\
             ca_file = '{ca}'\n"
        )
    }

    fn email(&self, port: u16, to: &str) -> String {
        let ca = self.certificate.cert.display();
        format!(
            "[[alarm_channel]]\nid = 'surat'\nkind = 'email'\nquiet_hours = 'none'\n\
             language = 'en'\nhost = 'localhost'\nport = {port}\nusername = 'pantau'\n\
             password_file = 'mail.password'\nfrom = 'pantau@desa.example.org'\nto = [{to}]\n\
             ca_file = '{ca}'\n"
        )
    }

    /// A site with a level that is low below 0.4 m, and these channels.
    fn write_site(&self, sensor: u16, channels: &[String]) -> PathBuf {
        let site = SiteText::new("desa")
            .tcp_bus("lan", sensor)
            .device("level", "lan", "unit = 2\nevery = '2s'")
            .points([
                "{ id = 'level', register = 'holding:0', type = 'u16', scale = 0.001, unit = 'm' }",
            ])
            .with("[[alarm]]\nid = 'low'\nname = 'Air sumur'\npoint = 'level.level'\nbelow = 0.4")
            .with("clear = 0.5\nafter = '0s'\nclear_after = '0s'")
            .with(channels.concat());
        write_config(self.folder.path(), site)
    }
}

/// Runs `pantau alarm` with these words; returns its status and what it prints.
fn alarm_command(config: &Path, words: &[&str]) -> (Option<i32>, String) {
    let mut command = pantau();
    command.args(["--lang", "id", "--log", "off", "alarm"]);
    let done = command.args(words).arg("-c").arg(config).output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    (done.status.code(), String::from_utf8(said).unwrap())
}

fn channels(config: &Path) -> Vec<Value> {
    let (_, said) = alarm_command(config, &["channels", "--json"]);
    let found: Value = serde_json::from_str(&said).unwrap_or_default();
    found["channels"].as_array().cloned().unwrap_or_default()
}

/// Checks what each service was told of the alarm, in its own form.
fn assert_first_messages(bench: &MessageBench) {
    let hook = &bench.taken("hook")[0];
    assert_eq!(
        (&hook["signed"], &hook["bearer"]),
        (&true.into(), &"Bearer gerbang".into())
    );
    assert_eq!(hook["key"], hook["body"]["id"]);
    assert_eq!(hook["body"]["changes"][0]["state"], "raised");
    assert_eq!(hook["body"]["changes"][0]["value"], 0.3);
    let text = hook["body"]["text"].as_str().unwrap();
    assert!(text.starts_with("PERIKSA · desa · "), "{text}");
    assert!(
        text.contains(" WIB\nAir sumur: 0,30\u{a0}m, di bawah 0,40\u{a0}m"),
        "{text}"
    );
    let telegram = &bench.taken("telegram")[0];
    assert_eq!(telegram["path"], format!("/bot{BOT_TOKEN}/sendMessage"));
    assert_eq!(
        (&telegram["body"]["chat_id"], &telegram["body"]["text"]),
        (&"-1001".into(), &text.into())
    );
    let whatsapp = &bench.taken("whatsapp")[0]["body"];
    assert_eq!(whatsapp["to"], "6281234567890");
    let told = whatsapp["template"]["components"][0]["parameters"][0]["text"]
        .as_str()
        .unwrap();
    assert!(
        !told.contains('\n') && told.contains("Air sumur: 0,30"),
        "{told}"
    );
    let mail = &bench.mails("siti@example.org")[0];
    let subject = mail["subject"].as_str().unwrap();
    assert!(subject.starts_with("CHECK · desa · "), "{subject}");
    assert_eq!(mail["encrypted"], true);
}

#[tokio::test]
async fn each_service_gets_each_change_once_whatever_it_answered_before() {
    let bench = MessageBench::new();
    let sensor = LevelSensor::start(300).await;
    let (_services, https) = bench.start_services(0);
    let (_mail, smtp) = bench.start_mail_server(&[]);
    bench.script("telegram", "429\nok-false\nok");
    bench.script("hook", "500\nok");
    bench.script("whatsapp", "429\nok");
    let to = "'tolak@example.org', 'nanti@example.org', 'siti@example.org'";
    let all = [
        bench.webhook(https),
        bench.telegram(https),
        bench.whatsapp(https),
        bench.email(smtp, to),
    ];
    let config = bench.write_site(sensor.port, &all);
    let _gateway = start(&config);
    let services = ["hook", "telegram", "whatsapp"];
    let people = ["siti@example.org", "nanti@example.org"];
    let has = |count: usize| {
        services.iter().all(|one| bench.taken(one).len() == count)
            && people.iter().all(|one| bench.mails(one).len() == count)
    };
    wait_until("messages of the alarm", || has(1)).await;

    assert_first_messages(&bench);

    sensor.set(900);
    wait_until("messages of the recovery", || has(2)).await;
    let text = bench.taken("hook")[1]["body"]["text"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(text.starts_with("PULIH · desa · "), "{text}");
    // Who was refused for good is not tried again for the same change, and the others go on.
    let refused = bench.lines("mails.jsonl");
    let refused = refused
        .iter()
        .filter(|one| one["refused"] == "tolak@example.org");
    assert_eq!(refused.count(), 2);
    let found = channels(&config);
    let mail = &found[3];
    assert_eq!(
        (&mail["sent"], &mail["refused"], &mail["queued"]),
        (&4.into(), &2.into(), &0.into())
    );
    assert_eq!(mail["refusal"]["kind"], "recipient-refused");
    assert_eq!(found[1]["fault"], Value::Null);
}

#[tokio::test]
async fn a_message_that_waits_survives_a_kill_and_is_sent_once() {
    let bench = MessageBench::new();
    let sensor = LevelSensor::start(300).await;
    let port = free_port();
    let config = bench.write_site(sensor.port, &[bench.webhook(port)]);
    let gateway = start(&config);
    wait_until("a message that waits", || {
        channels(&config)
            .first()
            .is_some_and(|one| one["queued"] == 1)
    })
    .await;
    wait_until("a fault", || {
        channels(&config)
            .first()
            .is_some_and(|one| one["fault"]["kind"] == "no-network")
    })
    .await;
    // Dropped: SIGKILL.
    drop(gateway);
    let (_services, _) = bench.start_services(port);
    let gateway = start(&config);
    wait_until("the message", || !bench.taken("hook").is_empty()).await;
    wait_until("an empty queue", || {
        channels(&config)
            .first()
            .is_some_and(|one| one["queued"] == 0)
    })
    .await;
    drop(gateway);
    let _gateway = start(&config);
    sensor.set(900);
    wait_until("the recovery", || bench.taken("hook").len() > 1).await;
    let states = bench.taken("hook").into_iter();
    let states = states.map(|one| one["body"]["changes"][0]["state"].clone());
    assert_eq!(states.collect::<Vec<_>>(), ["raised", "recovered"]);
}

#[tokio::test]
async fn a_test_message_says_what_the_service_answers_and_what_to_do() {
    let bench = MessageBench::new();
    let (_services, https) = bench.start_services(0);
    let (_mail, smtp) = bench.start_mail_server(&[]);
    let all = [
        bench.webhook(https),
        bench.telegram(https),
        bench.whatsapp(https),
        bench.email(smtp, "'siti@example.org', 'tolak@example.org'"),
    ];
    let config = bench.write_site(1, &all);
    for (service, channel, word, status, said) in [
        ("hook", "hook", "ok", 0, "hook: pesan uji diterima layanan"),
        ("hook", "hook", "401", 1, "menolak token"),
        ("hook", "hook", "404", 1, "Perbaiki `url`"),
        ("hook", "hook", "redirect", 1, "halaman masuk hotspot"),
        ("hook", "hook", "portal", 1, "halaman masuk hotspot"),
        ("telegram", "grup", "ok", 0, "grup: pesan uji diterima"),
        ("telegram", "grup", "401", 1, "Buat token baru"),
        ("telegram", "grup", "400", 1, "Chat tidak ditemukan"),
        ("telegram", "grup", "403", 1, "Bot tidak boleh menulis"),
        ("telegram", "grup", "429", 1, "dicoba nanti"),
        ("telegram", "grup", "portal", 1, "halaman masuk hotspot"),
        ("whatsapp", "wa", "template", 1, "Templat belum disetujui"),
        ("whatsapp", "wa", "recipient", 1, "Penerima ditolak"),
        ("whatsapp", "wa", "401", 1, "Buat token baru"),
    ] {
        bench.script(service, word);
        let (code, text) = alarm_command(&config, &["test", channel]);
        assert!(
            code == Some(status) && text.contains(said),
            "{channel} {word}: {code:?} {text}"
        );
        assert!(!text.contains(BOT_TOKEN), "{text}");
    }
    let (code, text) = alarm_command(&config, &["test", "surat"]);
    assert_eq!(code, Some(1));
    assert!(
        text.contains("siti@example.org: pesan uji diterima"),
        "{text}"
    );
    assert!(
        text.contains("tolak@example.org: Penerima ditolak"),
        "{text}"
    );
    bench.write("mail.password", "salah");
    let (_, text) = alarm_command(&config, &["test", "surat"]);
    assert!(
        text.contains("sandi aplikasi") && text.contains("535"),
        "{text}"
    );
    let (code, text) = alarm_command(&config, &["test", "grub"]);
    assert!(
        code == Some(2) && text.contains("hook, grup, wa, surat"),
        "{code:?} {text}"
    );
}

#[tokio::test]
async fn a_test_message_tells_no_network_from_a_wrong_name_and_a_certificate() {
    let bench = MessageBench::new();
    let (_services, https) = bench.start_services(0);
    let (_mail, plain) = bench.start_mail_server(&["plain"]);
    let ca = format!("ca_file = '{}'\n", bench.certificate.cert.display());
    let unknown = bench.telegram(https).replace(&ca, "");
    let wrong_name = bench
        .webhook(https)
        .replace("localhost", "tidak-ada.invalid");
    let closed = bench.whatsapp(free_port());
    let all = [
        unknown,
        wrong_name,
        closed,
        bench.email(plain, "'siti@example.org'"),
    ];
    let config = bench.write_site(1, &all);
    for (channel, said) in [
        ("grup", "Sertifikat server tidak diterima"),
        ("wa", "Tidak ada koneksi"),
        ("surat", "tidak menyediakan enkripsi"),
    ] {
        let (code, text) = alarm_command(&config, &["test", channel]);
        assert!(
            code == Some(1) && text.contains(said),
            "{channel}: {code:?} {text}"
        );
    }
    // Without a resolver both say the same.
    let (_, text) = alarm_command(&config, &["test", "hook"]);
    let said = ["Nama server tidak ditemukan", "Tidak ada koneksi"];
    assert!(said.iter().any(|one| text.contains(one)), "{text}");
    // A service that hangs costs its time, and no more.
    bench.script("telegram", "hang");
    let config = bench.write_site(1, &[bench.telegram(https)]);
    let begun = tokio::time::Instant::now();
    let (_, text) = alarm_command(&config, &["test", "grup"]);
    assert!(text.contains("tidak menjawab pada waktunya"), "{text}");
    assert!(begun.elapsed() < Duration::from_mins(1));
}
