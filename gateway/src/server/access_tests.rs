//! Tests of access control over the routes of the listener: every route with every role, sign-in
//! and sign-out, forged secrets, names that entries keep.

use crate::access::{
    AccessControl, AccessPolicy, ConnectionSecurity, DamageHandling, NewToken, PasswordCost,
    ROUTE_ROLES, Role, RouteRule, TokenScope, route_rule, session_cookie,
};
use crate::api::ApiListener;
use crate::server::tests::ApiTestBench;
use crate::server::trust_page::trust_routes;
use crate::server::{build_router, unguarded_routes};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use std::collections::BTreeSet;
use std::sync::Arc;
use tower::ServiceExt;

const PASSWORD: &str = "kunci gudang 7";
const NETWORK: &str = "192.168.1.7:50000";
const LOOPBACK: &str = "127.0.0.1:50000";

/// A gateway with access control.
struct GuardedBench {
    bench: ApiTestBench,
    access: AccessControl,
    _dir: tempfile::TempDir,
}

/// An answer with what the tests look at.
#[derive(Debug)]
struct GuardedAnswer {
    status: StatusCode,
    location: String,
    cookie: String,
    text: String,
}

impl GuardedBench {
    /// Without a user.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut bench = ApiTestBench::new();
        let clock = bench.state.clock.clone();
        let access = AccessControl::open(
            dir.path(),
            &clock,
            DamageHandling::SetAside,
            PasswordCost::CHEAP,
        );
        bench.state.access = AccessPolicy::Guarded(access.clone());
        Self {
            bench,
            access,
            _dir: dir,
        }
    }

    /// With one user for each role, of the same name.
    async fn with_users() -> Self {
        let bench = Self::new();
        for role in Role::ALL.into_iter().rev() {
            bench
                .access
                .add_user(role.word(), role, PASSWORD)
                .await
                .unwrap();
        }
        bench
    }

    fn set_public(&mut self) {
        Arc::make_mut(&mut self.bench.state.config).web.is_public = true;
    }

    /// Cookie header of a new session.
    async fn cookie(&self, name: &str) -> String {
        let from = "10.0.0.1".parse().unwrap();
        let session = self.access.sign_in(name, PASSWORD, from).await.unwrap();
        let cookie = session_cookie(Some(&session), false);
        cookie.split(';').next().unwrap().to_owned()
    }

    async fn token(&self, scope: TokenScope) -> String {
        let wish = NewToken {
            name: scope.word().to_owned(),
            scope,
            owner: None,
            days: None,
        };
        let (_, token) = self.access.add_token(wish).await.unwrap();
        format!("Bearer {}", token.reveal())
    }

    async fn send(&self, request: Request<Body>, from: &str, tls: bool) -> GuardedAnswer {
        let mut request = request;
        request.extensions_mut().insert(ConnectionSecurity {
            tls,
            peer: from.parse().unwrap(),
            local: if from == LOOPBACK {
                "127.0.0.1:8080".parse().unwrap()
            } else {
                "192.168.1.20:8080".parse().unwrap()
            },
        });
        let router = build_router(self.bench.state.clone());
        let response = router.oneshot(request).await.unwrap();
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        let (location, cookie) = (header("location"), header("set-cookie"));
        let status = response.status();
        // Event streams do not end.
        let body = tokio::time::timeout(
            std::time::Duration::from_millis(300),
            response.into_body().collect(),
        );
        let text = match body.await {
            Ok(body) => body.unwrap().to_bytes().to_vec(),
            Err(_) => Vec::new(),
        };
        GuardedAnswer {
            status,
            location,
            cookie,
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> GuardedAnswer {
        let request = request("GET", path, headers).body(Body::empty()).unwrap();
        self.send(request, NETWORK, false).await
    }

    async fn post_form(&self, path: &str, headers: &[(&str, &str)], form: &str) -> GuardedAnswer {
        let request = request("POST", path, headers)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.send(request, NETWORK, false).await
    }
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    let request = request
        .header("host", "localhost:8080")
        .header("accept-language", "en");
    headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    })
}

/// Path patterns of all routes, as the router itself has them.
fn path_patterns(bench: &ApiTestBench) -> BTreeSet<String> {
    let (_, stop) = tokio::sync::watch::channel(false);
    let app = ApiListener::new(bench.state.clone(), stop);
    // axum does not list its routes, but its debug text has them: `RouteId(3): "/teknisi"`.
    let trust = trust_routes(Some(Vec::new()), None);
    let text = format!("{:?}", unguarded_routes(app).merge(trust));
    let mut found = BTreeSet::new();
    for part in text.split("RouteId(").skip(1) {
        if let Some((id, rest)) = part.split_once("): \"")
            && id.bytes().all(|digit| digit.is_ascii_digit())
        {
            found.extend(rest.split('"').next().map(str::to_owned));
        }
    }
    // The router has fallbacks of its own under private names.
    found.retain(|path| !path.contains("__private"));
    found
}

/// Path that matches a pattern.
fn example_path(pattern: &str) -> String {
    let values = [
        ("{*path}", "pantau.css"),
        ("{sha256}", "00"),
        ("{format}", "csv"),
        ("templat/{file}", "templat/csv"),
        ("ikon/{file}", "ikon/192.png"),
        ("reports/{name}", "reports/2026-11.json"),
        ("tokens/{id}", "tokens/999"),
        ("{id}", "1"),
        ("{name}", "tamu"),
    ];
    let path = values
        .iter()
        .fold(pattern.to_owned(), |path, (name, value)| {
            path.replace(name, value)
        });
    assert!(!path.contains('{'), "{pattern}: give it a value here");
    path
}

/// Methods of a path, from the `Allow` header of a method that no route has.
async fn methods_of(bench: &ApiTestBench, path: &str) -> Vec<String> {
    let request = request("TRACE", path, &[]).body(Body::empty()).unwrap();
    let router = build_router(bench.state.clone());
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    let allowed = response.headers()["allow"].to_str().unwrap().to_owned();
    let methods = allowed.split(',').map(|method| method.trim().to_owned());
    methods.filter(|method| method != "HEAD").collect()
}

#[tokio::test]
async fn every_route_has_its_rule() {
    let bench = ApiTestBench::new();
    let patterns = path_patterns(&bench);
    assert!(patterns.len() > 30, "{patterns:?}");
    assert!(patterns.contains("/api/v1/ledger/{id}"), "{patterns:?}");
    let mut faults = Vec::new();
    for pattern in &patterns {
        // These two are not in the router of the tests.
        if ["/ca.crt", "/sertifikat"].contains(&&**pattern) {
            assert_eq!(route_rule("GET", pattern), RouteRule::Public);
            continue;
        }
        for method in methods_of(&bench, &example_path(pattern)).await {
            let has_rule = ROUTE_ROLES.iter().any(|(methods, path, _)| {
                path == pattern && methods.split(' ').any(|known| known == method)
            });
            if !has_rule {
                faults.push(format!(
                    "{method} {pattern}: give it a row in ROUTE_ROLES (access/route_roles.rs)"
                ));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    let unique: BTreeSet<_> = ROUTE_ROLES
        .iter()
        .map(|(_, path, rule)| (path, format!("{rule:?}")))
        .collect();
    assert_eq!(unique.len(), ROUTE_ROLES.len());
}

#[test]
fn what_is_not_in_the_table_is_for_admins() {
    assert_eq!(route_rule("POST", "/teknisi"), RouteRule::Admin);
    assert_eq!(route_rule("GET", "/nothing"), RouteRule::Admin);
    assert_eq!(route_rule("HEAD", "/teknisi"), RouteRule::Reading);
}

/// Lowest of nobody, the roles and the scopes that may use a route: 0 for nobody.
fn is_admitted(rule: RouteRule, who: &str) -> bool {
    let public = [
        "nobody",
        "viewer",
        "technician",
        "admin",
        "read",
        "ledger",
        "technician-token",
    ];
    let admitted: &[&str] = match rule {
        RouteRule::Public => &public,
        RouteRule::Metrics
        | RouteRule::Reading
        | RouteRule::KnownReading
        | RouteRule::ReportFile => &public[1..],
        RouteRule::SignedIn => &public[1..4],
        RouteRule::Ledger => &["technician", "admin", "ledger", "technician-token"],
        RouteRule::Technician => &["technician", "admin", "technician-token"],
        RouteRule::Admin => &["admin"],
    };
    admitted.contains(&who)
}

#[tokio::test]
async fn every_role_reaches_its_routes_and_no_other() {
    let bench = GuardedBench::with_users().await;
    let mut callers = vec![("nobody", None)];
    for role in ["viewer", "technician", "admin"] {
        callers.push((role, Some(("cookie", bench.cookie(role).await))));
    }
    for (who, scope) in [
        ("read", TokenScope::Read),
        ("ledger", TokenScope::Ledger),
        ("technician-token", TokenScope::Technician),
    ] {
        callers.push((who, Some(("authorization", bench.token(scope).await))));
    }
    for pattern in path_patterns(&bench.bench) {
        // Signing out would end the sessions of this test.
        if ["/keluar", "/ca.crt", "/sertifikat"].contains(&&*pattern) {
            continue;
        }
        let path = example_path(&pattern);
        for method in methods_of(&ApiTestBench::new(), &path).await {
            let rule = route_rule(&method, &pattern);
            for (who, header) in &callers {
                let header = header.as_ref().map(|(name, value)| (*name, &**value));
                let headers: Vec<_> = header.into_iter().collect();
                let request = request(&method, &path, &headers)
                    .header("content-type", "application/json")
                    .body(Body::from("{}"))
                    .unwrap();
                let answer = bench.send(request, NETWORK, false).await;
                let is_asked = answer.location.starts_with("/masuk?ke=")
                    || answer.location == "/mulai"
                    || answer.text.contains("name=\"sandi\"")
                        && pattern != "/masuk"
                        && !["/akun", "/pengguna"].contains(&&*pattern);
                let refused = [401, 403].contains(&answer.status.as_u16()) || is_asked;
                assert_eq!(
                    !refused,
                    is_admitted(rule, who),
                    "{method} {path} as {who}: {} {}",
                    answer.status,
                    answer.location
                );
                if refused && *who == "nobody" && pattern.starts_with("/api/") {
                    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
                }
                if refused && *who != "nobody" {
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {who}");
                }
            }
        }
    }
}

#[tokio::test]
async fn before_the_first_user_this_computer_reads_and_changes_nothing() {
    let bench = GuardedBench::new();
    let from = async |method: &str, path: &str, from: &str| {
        let request = request(method, path, &[]).body(Body::empty()).unwrap();
        bench.send(request, from, false).await
    };
    for path in [
        "/",
        "/teknisi",
        "/api/v1/points",
        "/api/v1/reports/2026-10.json",
        "/metrics",
        "/healthz",
        "/mulai",
    ] {
        assert_eq!(
            from("GET", path, LOOPBACK).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
    for path in [
        "/api/v1/ledger",
        "/api/v1/scans",
        "/api/v1/set-address",
        "/api/v1/users",
    ] {
        let answer = from("POST", path, LOOPBACK).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(answer.text.contains("set-up"), "{}", answer.text);
    }
    assert_eq!(from("GET", "/pengguna", LOOPBACK).await.location, "/mulai");
    assert_eq!(from("GET", "/masuk", LOOPBACK).await.location, "/mulai");
    // A request from the network, as a proxy with another policy may let it through.
    assert_eq!(from("GET", "/", NETWORK).await.location, "/mulai");
    assert_eq!(
        from("GET", "/metrics", NETWORK).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_site_may_be_read_by_everyone_but_not_its_receipts() {
    let mut bench = GuardedBench::with_users().await;
    assert!(bench.get("/", &[]).await.location.starts_with("/masuk?ke="));
    bench.set_public();
    let page = bench.get("/", &[]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("/masuk?ke="), "{}", page.text);
    assert_eq!(
        bench.get("/api/v1/points", &[]).await.status,
        StatusCode::OK
    );
    for path in ["/api/v1/ledger/attachments/00", "/api/v1/users", "/metrics"] {
        assert_eq!(
            bench.get(path, &[]).await.status,
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_person_signs_in_and_comes_back_to_the_wished_page_and_signs_out() {
    let bench = GuardedBench::with_users().await;
    let asked = bench.get("/points/level.level?span=week", &[]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    let page = bench.get(&asked.location, &[]).await;
    assert!(
        page.text
            .contains("value=\"/points/level.level?span=week\""),
        "{}",
        page.text
    );
    let form = "ke=%2Fpoints%2Flevel.level%3Fspan%3Dweek&nama=Viewer&sandi=";
    let wrong = bench
        .post_form("/masuk", &[], &format!("{form}salah"))
        .await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert!(wrong.cookie.is_empty());
    // Name and wished page stay.
    assert!(wrong.text.contains("value=\"Viewer\"") && wrong.text.contains("span=week"));
    let right = format!("{form}{}", PASSWORD.replace(' ', "+"));
    let signed_in = bench.post_form("/masuk", &[], &right).await;
    assert_eq!(
        signed_in.status,
        StatusCode::SEE_OTHER,
        "{}",
        signed_in.text
    );
    assert_eq!(signed_in.location, "/points/level.level?span=week");
    let cookie = signed_in.cookie.split(';').next().unwrap();
    let page = bench.get("/teknisi", &[("cookie", cookie)]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains(">viewer</span>"), "{}", page.text);
    // Links that a viewer cannot use are not there.
    assert!(!page.text.contains("href=\"/catat\"") && !page.text.contains("/pengguna"));
    let out = bench.post_form("/keluar", &[("cookie", cookie)], "").await;
    assert!(out.cookie.contains("Max-Age=0"), "{}", out.cookie);
    let after = bench.get("/teknisi", &[("cookie", cookie)]).await;
    assert_eq!(after.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_form_of_an_ended_session_is_sent_again_after_the_sign_in() {
    let bench = GuardedBench::with_users().await;
    let old = bench.cookie("admin").await;
    bench
        .access
        .end_sessions("admin", None, None)
        .await
        .unwrap();
    let form = "aksi=tambah&nama=%3Cb%3E&peran=viewer&sandi=rahasia+sekali";
    let asked = bench
        .post_form("/pengguna", &[("cookie", &old)], form)
        .await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    assert!(
        asked
            .text
            .contains("name=\"isian.nama\" value=\"&#60;b&#62;\""),
        "{}",
        asked.text
    );
    assert!(
        !asked.text.contains("rahasia"),
        "a password is not written into a page"
    );
    let form = format!(
        "ke=%2Fpengguna&isian.aksi=peran&isian.nama=viewer&nama=admin&sandi={}",
        PASSWORD.replace(' ', "+")
    );
    let resumed = bench.post_form("/masuk", &[], &form).await;
    assert_eq!(resumed.status, StatusCode::OK);
    assert!(resumed.cookie.starts_with("pantau_session="));
    assert!(
        resumed.text.contains("action=\"/pengguna\""),
        "{}",
        resumed.text
    );
    assert!(resumed.text.contains("name=\"nama\" value=\"viewer\""));
}

#[tokio::test]
async fn forged_and_ended_secrets_are_nobody_and_say_so_to_programs() {
    let bench = GuardedBench::with_users().await;
    let zeros = "0".repeat(64);
    for cookie in [
        format!("pantau_session={zeros}"),
        "pantau_session=".to_owned(),
        format!("__Host-pantau_session={zeros}"),
        "pantau_session=admin; pantau_session=' OR 1=1".to_owned(),
    ] {
        let answer = bench.get("/pengguna", &[("cookie", &cookie)]).await;
        assert!(answer.location.starts_with("/masuk"), "{cookie}");
    }
    // A forged cookie beside the real one hides nothing.
    let real = bench.cookie("admin").await;
    let both = format!("pantau_session={zeros}; {real}");
    assert_eq!(
        bench.get("/pengguna", &[("cookie", &both)]).await.status,
        StatusCode::OK
    );
    // Under TLS the cookie of the unencrypted page does not count.
    let plain = request("GET", "/pengguna", &[("cookie", &real)]);
    let answer = bench
        .send(plain.body(Body::empty()).unwrap(), NETWORK, true)
        .await;
    assert!(answer.location.starts_with("/masuk"));
    let forged = format!("Bearer pantau_{zeros}");
    for token in [
        "",
        "Bearer",
        "Bearer ",
        "Basic YWRtaW46YWRtaW4=",
        &forged,
        "bearer x y",
    ] {
        let answer = bench
            .get("/api/v1/points", &[("authorization", token)])
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}");
        // Another scheme is for a proxy in front; without a session it is nobody.
        let is_bearer = token.to_lowercase().starts_with("bearer");
        let code = if is_bearer { "bad-token" } else { "sign-in" };
        assert!(answer.text.contains(code), "{token}: {}", answer.text);
    }
    let wish = NewToken {
        name: "lama".to_owned(),
        scope: TokenScope::Read,
        owner: None,
        days: Some(1),
    };
    let (_, token) = bench.access.add_token(wish).await.unwrap();
    let bearer = format!("Bearer {}", token.reveal());
    let headers = [("authorization", &*bearer)];
    assert_eq!(
        bench.get("/api/v1/points", &headers).await.status,
        StatusCode::OK
    );
    let day = std::time::Duration::from_hours(24);
    bench.bench.state.clock.advance(day);
    assert_eq!(
        bench.get("/api/v1/points", &headers).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn the_cookie_is_secure_under_tls() {
    let bench = GuardedBench::with_users().await;
    let form = format!("nama=admin&sandi={}", PASSWORD.replace(' ', "+"));
    let request = request("POST", "/masuk", &[])
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    let answer = bench.send(request, NETWORK, true).await;
    assert!(
        answer.cookie.starts_with("__Host-pantau_session="),
        "{}",
        answer.cookie
    );
    assert!(answer.cookie.ends_with("; Secure"), "{}", answer.cookie);
}

#[tokio::test]
async fn what_is_recorded_carries_the_name_of_the_session_and_not_the_one_in_the_request() {
    let bench = GuardedBench::with_users().await;
    let cookie = bench.cookie("technician").await;
    let token = bench.token(TokenScope::Ledger).await;
    let entry = |quantity: &str| {
        format!(
            "{{\"entries\":[{{\"indicator\":\"bsf-maggot\",\"quantity\":\"{quantity}\",\
             \"unit\":\"kg\",\"when\":\"2026-11-25\",\"how\":\"weighed\",\"who\":\"Siti\"}}],\
             \"recorded_by\":\"Direktur Utama\"}}"
        )
    };
    for (header, quantity) in [
        (("cookie", &*cookie), "12"),
        (("authorization", &*token), "13"),
    ] {
        let request = request("POST", "/api/v1/ledger", &[header])
            .header("content-type", "application/json")
            .body(Body::from(entry(quantity)))
            .unwrap();
        let answer = bench.send(request, NETWORK, false).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    }
    let text = bench
        .get("/api/v1/ledger", &[("cookie", &cookie)])
        .await
        .text;
    let entries: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(entries[0]["recorded_by"], "technician");
    assert_eq!(entries[1]["recorded_by"], "token ledger");
    assert_eq!(entries[0]["who"], "Siti");
}

#[tokio::test]
async fn the_audit_log_shows_who_did_what_in_both_languages_and_no_script() {
    let bench = GuardedBench::with_users().await;
    bench
        .post_form("/masuk", &[], "nama=%3Cscript%3E&sandi=salah")
        .await;
    let form = format!("nama=admin&sandi={}", PASSWORD.replace(' ', "+"));
    let signed_in = bench.post_form("/masuk", &[], &form).await;
    let cookie = signed_in.cookie.split(';').next().unwrap().to_owned();
    let headers = [("cookie", &*cookie)];
    let form = "aksi=tambah&nama=wati&peran=technician&sandi=hujan+turun+deras";
    let added = bench.post_form("/pengguna", &headers, form).await;
    assert_eq!(added.location, "/pengguna?hasil=added", "{}", added.text);
    for (lang, words) in [
        ("en", ["Sign-in refused", "User added", "wati, Technician"]),
        (
            "id",
            ["Gagal masuk", "Pengguna ditambahkan", "wati, Teknisi"],
        ),
    ] {
        let page = bench.get(&format!("/riwayat?lang={lang}"), &headers).await;
        assert_eq!(page.status, StatusCode::OK);
        for word in words {
            assert!(page.text.contains(word), "{word}: {}", page.text);
        }
        assert!(page.text.contains("192.168.1.7"));
        assert!(!page.text.contains("<script>") && !page.text.contains("salah"));
    }
    let log = bench.get("/api/v1/audit", &headers).await.text;
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(log[0]["kind"], "user-added");
    assert_eq!(log[0]["what"], "wati, technician by admin");
}

#[tokio::test]
async fn the_pages_of_people_do_what_they_say() {
    let bench = GuardedBench::with_users().await;
    let cookie = bench.cookie("admin").await;
    let headers = [("cookie", &*cookie)];
    let post = async |path: &str, form: &str| bench.post_form(path, &headers, form).await;
    for (form, done) in [
        ("aksi=peran&nama=viewer&peran=technician", "changed"),
        ("aksi=tutup&nama=viewer", "disabled"),
        ("aksi=buka&nama=viewer", "enabled"),
        ("aksi=sandi&nama=viewer&sandi=hujan+turun+deras", "password"),
        ("aksi=sesi&nama=viewer", "sessions"),
        ("aksi=hapus&nama=viewer", "unsure"),
        ("aksi=hapus&nama=viewer&yakin=ya", "removed"),
        ("aksi=lain", "nothing"),
    ] {
        let answer = post("/pengguna", form).await;
        assert_eq!(answer.location, format!("/pengguna?hasil={done}"), "{form}");
        let page = bench.get(&answer.location, &headers).await;
        assert!(page.text.contains("class=\"done\""), "{form}");
    }
    let refused = post(
        "/pengguna",
        "aksi=tambah&nama=dewi&peran=technician&sandi=1234567890",
    )
    .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("value=\"dewi\""),
        "what was typed stays"
    );
    assert!(
        refused.text.contains("value=\"technician\" selected"),
        "{}",
        refused.text
    );
    let refused = post("/pengguna", "aksi=tutup&nama=admin").await;
    assert!(refused.text.contains("last admin"), "{}", refused.text);
}

#[tokio::test]
async fn a_person_makes_a_token_and_changes_the_password_on_the_own_page() {
    let bench = GuardedBench::with_users().await;
    let cookie = bench.cookie("admin").await;
    let headers = [("cookie", &*cookie)];
    let post = async |path: &str, form: &str| bench.post_form(path, &headers, form).await;
    let made = post("/akun", "aksi=token&nama=skrip&cakupan=read&hari=7").await;
    let at = made.text.find("pantau_").unwrap();
    let bearer = format!("Bearer {}", &made.text[at..at + 71]);
    let answer = bench
        .get("/api/v1/points", &[("authorization", &bearer)])
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let page = bench.get("/akun", &headers).await;
    assert!(
        page.text.contains("skrip")
            && !page.text.contains("pantau_s")
            && page.text.contains("valid until")
    );
    let other = bench.cookie("admin").await;
    post(
        "/akun",
        "aksi=sandi&sandi_lama=salah&sandi_baru=hujan+turun+deras",
    )
    .await;
    assert!(bench.get("/akun", &[("cookie", &other)]).await.status == StatusCode::OK);
    let form = format!(
        "aksi=sandi&sandi_lama={}&sandi_baru=hujan+turun+deras",
        PASSWORD.replace(' ', "+")
    );
    assert_eq!(post("/akun", &form).await.location, "/akun?hasil=password");
    assert!(
        bench
            .get("/akun", &[("cookie", &other)])
            .await
            .location
            .starts_with("/masuk")
    );
    assert_eq!(bench.get("/akun", &headers).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_first_user_is_made_on_the_page_with_the_code_once() {
    let bench = GuardedBench::new();
    let code = bench.access.set_up_code().await.unwrap().unwrap();
    let form = |code: &str| {
        let password = PASSWORD.replace(' ', "+");
        format!("kode={code}&nama=siti&sandi={password}")
    };
    let wrong = bench.post_form("/mulai", &[], &form("AAAAAAAA")).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert!(wrong.text.contains("value=\"siti\""), "{}", wrong.text);
    let made = bench.post_form("/mulai", &[], &form(&code)).await;
    assert_eq!(made.location, "/pengguna", "{}", made.text);
    let cookie = made.cookie.split(';').next().unwrap();
    let page = bench.get("/pengguna", &[("cookie", cookie)]).await;
    assert_eq!(page.status, StatusCode::OK);
    let again = bench.post_form("/mulai", &[], &form(&code)).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(bench.get("/mulai", &[]).await.location, "/masuk");
}

/// Waits until the stream has ended; returns whether it did.
async fn has_ended(mut body: Body) -> bool {
    let end = async { while body.frame().await.is_some() {} };
    let wait = std::time::Duration::from_secs(10);
    tokio::time::timeout(wait, end).await.is_ok()
}

#[tokio::test]
async fn an_event_stream_ends_with_the_session_the_person_the_role_or_the_token() {
    let bench = GuardedBench::with_users().await;
    let open = async |name: &'static str, value: &str| {
        let mut request = request("GET", "/api/v1/live", &[(name, value)])
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(ConnectionSecurity {
            tls: false,
            peer: NETWORK.parse().unwrap(),
            local: "192.168.1.20:8080".parse().unwrap(),
        });
        let router = build_router(bench.bench.state.clone());
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body()
    };
    let stays = bench.cookie("admin").await;
    let stays = open("cookie", &stays).await;
    let out = bench.cookie("technician").await;
    let signed_out = open("cookie", &out).await;
    let lowered = open("cookie", &bench.cookie("technician").await).await;
    let removed = open("cookie", &bench.cookie("viewer").await).await;
    let token = open("authorization", &bench.token(TokenScope::Read).await).await;
    bench.post_form("/keluar", &[("cookie", &out)], "").await;
    assert!(has_ended(signed_out).await, "after the sign-out");
    bench
        .access
        .set_role("technician", Role::Viewer)
        .await
        .unwrap();
    bench.access.remove_user("viewer").await.unwrap();
    bench.access.remove_token(1, None).await.unwrap();
    assert!(has_ended(lowered).await, "with another role");
    assert!(has_ended(removed).await, "without the person");
    assert!(has_ended(token).await, "without the token");
    let still = tokio::time::timeout(std::time::Duration::from_secs(3), has_ended(stays));
    assert!(still.await.is_err(), "another person's stream goes on");
}

#[tokio::test]
async fn on_a_public_site_a_report_is_ordered_by_a_known_person_only_and_the_page_says_so() {
    let mut bench = GuardedBench::with_users().await;
    bench.set_public();
    let form = "period=2026-10&asset=&format=json";
    let order = bench.post_form("/laporan", &[], form).await;
    assert!(order.text.contains("name=\"sandi\""), "{}", order.text);
    // The order goes through the sign-in.
    assert!(order.text.contains("2026-10"), "{}", order.text);
    let page = bench.get("/laporan?period=2026-10", &[]).await;
    assert!(page.text.contains("sign in first"), "{}", page.text);
    assert!(
        page.text
            .contains("/masuk?ke=%2Flaporan%3Fperiod%3D2026-10")
    );
    assert!(!page.text.contains("name=\"format\""), "{}", page.text);
    let cookie = bench.cookie("viewer").await;
    let known = [("cookie", &*cookie)];
    let page = bench.get("/laporan?period=2026-10", &known).await;
    assert!(page.text.contains("name=\"format\""), "{}", page.text);
    let order = bench.post_form("/laporan", &known, form).await;
    assert!(
        order.location.starts_with("/laporan/pekerjaan/"),
        "{order:?}"
    );
}

#[tokio::test]
async fn on_a_public_site_the_api_makes_reports_for_known_readers_only_and_notes_each() {
    let mut bench = GuardedBench::with_users().await;
    bench.set_public();
    let path = "/api/v1/reports/2026-10.json";
    let noted = async |bench: &GuardedBench| {
        let store = &bench.bench.state.store;
        store.issued_reports_before(u64::MAX).await.unwrap().len()
    };
    let here = async |bench: &GuardedBench| {
        let request = request("GET", path, &[]).body(Body::empty()).unwrap();
        bench.send(request, LOOPBACK, false).await.status
    };
    let nobody = bench.get(path, &[]).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    // Behind a proxy everyone seems to be at this computer.
    assert_eq!(here(&bench).await, StatusCode::UNAUTHORIZED);
    assert_eq!(noted(&bench).await, 0);
    let token = bench.token(TokenScope::Read).await;
    let read = bench.get(path, &[("authorization", &token)]).await;
    assert_eq!(read.status, StatusCode::OK, "{}", read.text);
    assert_eq!(noted(&bench).await, 1);
    let cookie = bench.cookie("viewer").await;
    let known = bench.get(path, &[("cookie", &cookie)]).await;
    assert_eq!(known.status, StatusCode::OK);
    assert_eq!(noted(&bench).await, 2);
    // To compare an issued report makes it again.
    let issued = bench.get("/laporan/terbitan/1", &[]).await;
    assert_eq!(issued.status, StatusCode::OK);
    let compared = "/laporan/terbitan/1?bandingkan=1";
    let asked = bench.get(compared, &[]).await;
    assert!(asked.location.starts_with("/masuk?ke="), "{asked:?}");
    let compared = bench.get(compared, &[("cookie", &cookie)]).await;
    assert_eq!(compared.status, StatusCode::OK);
    // A demo makes reports for its computer, and issues none.
    Arc::make_mut(&mut bench.bench.state.config).web.is_demo = true;
    assert_eq!(here(&bench).await, StatusCode::OK);
    assert_eq!(bench.get(path, &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(noted(&bench).await, 2);
}

#[tokio::test]
async fn the_description_says_who_may_ask() {
    let bench = ApiTestBench::new();
    let all = bench.json("/api/openapi.json").await;
    let schemes = &all["components"]["securitySchemes"];
    assert_eq!(schemes["session"]["name"], "pantau_session");
    assert_eq!(schemes["token"]["scheme"], "bearer");
    let of = |path: &str, method: &str| all["paths"][path][method]["security"].to_string();
    assert_eq!(of("/healthz", "get"), "[]");
    let anyone = "[{\"session\":[]},{\"token\":[]},{}]";
    assert_eq!(of("/api/v1/samples", "get"), anyone);
    let known = "[{\"session\":[]},{\"token\":[]}]";
    assert_eq!(of("/api/v1/ledger", "post"), known);
    assert_eq!(of("/api/v1/users", "get"), "[{\"session\":[]}]");
}
