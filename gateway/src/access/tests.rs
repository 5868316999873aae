//! Tests of people, sessions, tokens and the set-up code, in simulated time.

use super::access_file::ACCESS_FILE;
use super::*;
use crate::clock::Clock;
use crate::domain::UtcMs;
use crate::limits::{SESSION_IDLE_SECONDS, SESSIONS_PER_USER_MAX, SET_UP_TRIES_MAX};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

const NOW: i64 = 1_795_575_600_000;
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 7));
const PASSWORD: &str = "kunci gudang 7";
const DAY: Duration = Duration::from_hours(24);

fn open(directory: &Path, clock: &Clock) -> AccessControl {
    AccessControl::open(
        directory,
        clock,
        DamageHandling::SetAside,
        PasswordCost::CHEAP,
    )
}

/// Access control with an admin `siti` and a viewer `budi`.
async fn with_people() -> (AccessControl, Clock, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(NOW), true);
    let access = open(dir.path(), &clock);
    access
        .add_user("Siti", Role::Admin, PASSWORD)
        .await
        .unwrap();
    access
        .add_user("budi", Role::Viewer, PASSWORD)
        .await
        .unwrap();
    (access, clock, dir)
}

fn name_of(access: &AccessControl, session: &SecretToken) -> Option<String> {
    let caller = access.session_caller(session.reveal())?;
    caller.user_name().map(str::to_owned)
}

#[tokio::test]
async fn a_right_password_starts_a_session_and_every_other_try_gets_the_same_refusal() {
    let (access, _, _dir) = with_people().await;
    let session = access.sign_in(" SITI ", PASSWORD, HERE).await.unwrap();
    assert_eq!(name_of(&access, &session).as_deref(), Some("siti"));
    access.set_disabled("budi", true).await.unwrap();
    for (name, password) in [
        ("siti", "kunci gudang 8"),
        ("siti", ""),
        ("nobody", PASSWORD),
        ("budi", PASSWORD),
    ] {
        let refused = access.sign_in(name, password, HERE).await;
        assert_eq!(refused, Err(AccessError::WrongPassword), "{name}");
    }
    for forged in ["", "siti", &"0".repeat(64), &session.reveal()[1..]] {
        assert_eq!(access.session_caller(forged), None);
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_after_a_month_in_any_case() {
    let (access, clock, dir) = with_people().await;
    let session = access.sign_in("siti", PASSWORD, HERE).await.unwrap();
    for _ in 0..5 {
        clock.advance(Duration::from_secs(6 * 86_400 - 1));
        // Over a restart: the last use was written meanwhile.
        assert!(name_of(&access, &session).is_some());
        access.end_sessions("budi", None, None).await.unwrap();
        let again = open(dir.path(), &clock);
        assert!(name_of(&again, &session).is_some());
    }
    clock.advance(Duration::from_secs(10));
    assert_eq!(name_of(&access, &session), None);
    let session = access.sign_in("siti", PASSWORD, HERE).await.unwrap();
    clock.advance(Duration::from_secs(SESSION_IDLE_SECONDS.unsigned_abs()));
    assert_eq!(name_of(&access, &session), None);
}

#[tokio::test]
async fn only_hashes_are_kept_and_a_restart_keeps_sessions_and_tokens() {
    let (access, clock, dir) = with_people().await;
    let session = access.sign_in("siti", PASSWORD, HERE).await.unwrap();
    let wish = NewToken {
        name: "grafana".to_owned(),
        scope: TokenScope::Read,
        owner: None,
        days: None,
    };
    let (_, token) = access.add_token(wish).await.unwrap();
    let text = std::fs::read_to_string(dir.path().join(ACCESS_FILE)).unwrap();
    for secret in [PASSWORD, session.reveal(), token.reveal()] {
        assert!(!text.contains(secret));
    }
    let again = open(dir.path(), &clock);
    assert_eq!(name_of(&again, &session).as_deref(), Some("siti"));
    assert!(again.token_caller(token.reveal()).is_some());
    assert!(again.sign_in("siti", PASSWORD, HERE).await.is_ok());
}

#[tokio::test]
async fn the_session_that_was_used_least_makes_room_for_one_more() {
    let (access, clock, _dir) = with_people().await;
    let mut sessions = Vec::new();
    for _ in 0..=SESSIONS_PER_USER_MAX {
        clock.advance(Duration::from_mins(1));
        sessions.push(access.sign_in("siti", PASSWORD, HERE).await.unwrap());
    }
    let other = access.sign_in("budi", PASSWORD, HERE).await.unwrap();
    assert_eq!(name_of(&access, &sessions[0]), None);
    assert!(
        sessions[1..]
            .iter()
            .all(|one| name_of(&access, one).is_some())
    );
    let listed = access.list_sessions("siti");
    assert_eq!(listed.len(), SESSIONS_PER_USER_MAX);
    access
        .end_sessions("siti", None, Some(&listed[0].id))
        .await
        .unwrap();
    assert_eq!(access.list_sessions("siti").len(), 1);
    assert!(name_of(&access, &other).is_some());
}

#[tokio::test]
async fn another_role_holds_at_once_and_another_password_ends_the_sessions() {
    let (access, _, _dir) = with_people().await;
    let session = access.sign_in("budi", PASSWORD, HERE).await.unwrap();
    access.set_role("budi", Role::Technician).await.unwrap();
    let caller = access.session_caller(session.reveal()).unwrap();
    assert_eq!(caller.role(), Some(Role::Technician));
    access
        .set_password("budi", "hujan turun deras", None)
        .await
        .unwrap();
    assert_eq!(name_of(&access, &session), None);
    assert!(access.sign_in("budi", PASSWORD, HERE).await.is_err());
    let session = access
        .sign_in("budi", "hujan turun deras", HERE)
        .await
        .unwrap();
    access.remove_user("budi").await.unwrap();
    assert_eq!(name_of(&access, &session), None);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let (access, _, _dir) = with_people().await;
    let last = Err(AccessError::LastAdmin);
    assert_eq!(access.set_role("siti", Role::Viewer).await, last);
    assert_eq!(access.set_disabled("siti", true).await, last);
    assert_eq!(access.remove_user("siti").await, last);
    access.set_role("budi", Role::Admin).await.unwrap();
    assert_eq!(access.remove_user("siti").await, Ok(()));
    assert!(access.has_users());
}

#[tokio::test]
async fn a_token_ends_at_its_end_and_never_exceeds_its_owner() {
    let (access, clock, _dir) = with_people().await;
    access.set_role("budi", Role::Technician).await.unwrap();
    let wish = NewToken {
        name: "skrip".to_owned(),
        scope: TokenScope::Technician,
        owner: Some("budi".to_owned()),
        days: Some(30),
    };
    let (id, token) = access.add_token(wish.clone()).await.unwrap();
    let scope = || match access.token_caller(token.reveal()) {
        Some(Caller::Token { scope, .. }) => Some(scope),
        _ => None,
    };
    assert_eq!(scope(), Some(TokenScope::Technician));
    assert!(access.list_tokens(Some("budi"))[0].last_used.is_some());
    access.set_role("budi", Role::Viewer).await.unwrap();
    assert_eq!(scope(), Some(TokenScope::Read));
    assert_eq!(
        access.add_token(wish).await.unwrap_err(),
        AccessError::ScopeTooHigh
    );
    access.set_disabled("budi", true).await.unwrap();
    assert_eq!(scope(), None);
    access.set_disabled("budi", false).await.unwrap();
    clock.advance(29 * DAY);
    assert_eq!(scope(), Some(TokenScope::Read));
    clock.advance(DAY);
    assert_eq!(scope(), None);
    assert!(access.list_tokens(None)[0].ended);
    let unknown = AccessError::UnknownToken(id);
    assert_eq!(access.remove_token(id, Some("siti")).await, Err(unknown));
    assert_eq!(
        access.remove_token(id, Some("budi")).await.unwrap(),
        "skrip"
    );
}

#[tokio::test]
async fn a_clock_that_lost_the_time_does_not_give_an_ended_token_back() {
    let (access, clock, dir) = with_people().await;
    let wish = NewToken {
        name: "skrip".to_owned(),
        scope: TokenScope::Read,
        owner: None,
        days: Some(1),
    };
    let (_, token) = access.add_token(wish).await.unwrap();
    clock.advance(2 * DAY);
    access.sign_in("siti", PASSWORD, HERE).await.unwrap();
    // A Pi without a battery clock starts with the date of its image.
    let lost = Clock::set(UtcMs(NOW - 400 * 86_400_000), false);
    let again = open(dir.path(), &lost);
    assert_eq!(again.token_caller(token.reveal()), None);
}

#[tokio::test]
async fn the_set_up_code_makes_one_admin_and_works_once() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(NOW), true);
    let access = open(dir.path(), &clock);
    let code = access.set_up_code().await.unwrap().unwrap();
    // It is the same for the command and after a restart.
    assert_eq!(access.set_up_code().await.unwrap().as_deref(), Some(&*code));
    assert_eq!(
        open(dir.path(), &clock)
            .set_up_code()
            .await
            .unwrap()
            .as_deref(),
        Some(&*code)
    );
    let make = async |code: &str, name: &str, password: &str| {
        access.make_first_admin(code, name, password, HERE).await
    };
    let wrong = make("AAAA-AAAA", "siti", PASSWORD).await.unwrap_err();
    assert_eq!(wrong, AccessError::WrongCode);
    // A code that was typed right is not used up by a bad password.
    let short = make(&code, "siti", "kurang").await.unwrap_err();
    assert_eq!(short, AccessError::PasswordShort);
    let typed = code.to_lowercase().replace('-', " ");
    let (name, session) = make(&typed, "Siti", PASSWORD).await.unwrap();
    assert_eq!(name, "siti");
    let caller = access.session_caller(session.reveal()).unwrap();
    assert_eq!(caller.role(), Some(Role::Admin));
    let again = make(&code, "budi", PASSWORD).await.unwrap_err();
    assert_eq!(again, AccessError::SetUpDone);
    assert_eq!(access.set_up_code().await, Ok(None));
}

#[tokio::test]
async fn after_ten_wrong_tries_there_is_another_code() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(NOW), true);
    let access = open(dir.path(), &clock);
    let code = access.set_up_code().await.unwrap().unwrap();
    for _ in 0..SET_UP_TRIES_MAX {
        // Each wait is waited: tries are throttled as well.
        clock.advance(Duration::from_hours(1));
        let refused = access.make_first_admin("XXXX-XXXX", "siti", PASSWORD, HERE);
        assert_eq!(refused.await.unwrap_err(), AccessError::WrongCode);
    }
    let renewed = access.set_up_code().await.unwrap().unwrap();
    assert_ne!(renewed, code);
    clock.advance(Duration::from_hours(1));
    let old = access.make_first_admin(&code, "siti", PASSWORD, HERE);
    assert_eq!(old.await.unwrap_err(), AccessError::WrongCode);
}

#[tokio::test]
async fn a_damaged_file_opens_nothing_to_who_comes_first() {
    let (access, clock, dir) = with_people().await;
    let session = access.sign_in("siti", PASSWORD, HERE).await.unwrap();
    drop(access);
    let path = dir.path().join(ACCESS_FILE);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    // A command leaves it to the gateway.
    let refuse = DamageHandling::Refuse;
    let command = AccessControl::open(dir.path(), &clock, refuse, PasswordCost::CHEAP);
    assert!(matches!(
        command
            .add_user("tamu", Role::Admin, "hujan turun deras")
            .await,
        Err(AccessError::Damaged)
    ));
    assert!(path.exists());
    let access = open(dir.path(), &clock);
    assert!(!access.has_users());
    assert_eq!(name_of(&access, &session), None);
    assert_eq!(
        std::fs::read(access.set_aside().unwrap()).unwrap(),
        whole[..whole.len() / 2]
    );
    // The code that only the gateway's own computer shows is asked for, as on the first start.
    let stranger = access.make_first_admin("", "tamu", PASSWORD, HERE).await;
    assert_eq!(stranger.unwrap_err(), AccessError::WrongCode);
    let code = access.set_up_code().await.unwrap().unwrap();
    access
        .make_first_admin(&code, "siti", PASSWORD, HERE)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_of_a_later_version_stays_and_lets_nobody_in() {
    let (access, clock, dir) = with_people().await;
    drop(access);
    let path = dir.path().join(ACCESS_FILE);
    std::fs::write(&path, "{\"version\":2}").unwrap();
    let access = open(dir.path(), &clock);
    // Somebody may be in that file, so the gateway is not open as before the first user.
    assert!(access.has_users());
    assert!(matches!(
        access.sign_in("siti", PASSWORD, HERE).await,
        Err(AccessError::Locked(_))
    ));
    assert!(matches!(
        access.add_user("tamu", Role::Admin, PASSWORD).await,
        Err(AccessError::Locked(_))
    ));
    assert!(access.set_up_code().await.is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"version\":2}");
}

#[tokio::test]
async fn a_disk_that_refuses_writes_adds_nobody_and_still_lets_people_in_and_out() {
    let (access, _, dir) = with_people().await;
    drop(dir);
    assert!(matches!(
        access
            .add_user("tamu", Role::Admin, "hujan turun deras")
            .await,
        Err(AccessError::Disk(_))
    ));
    assert_eq!(access.list_users().len(), 2);
    let session = access.sign_in("siti", PASSWORD, HERE).await.unwrap();
    assert!(name_of(&access, &session).is_some());
    access.end_sessions("siti", None, None).await.unwrap();
    assert_eq!(name_of(&access, &session), None);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_many_sign_ins_at_once_are_refused_and_not_kept() {
    let (access, clock, _dir) = with_people().await;
    let mut throttled = false;
    for _ in 0..8 {
        let refused = access.sign_in("siti", "salah sekali", HERE).await;
        throttled |= matches!(refused, Err(AccessError::Throttled(_)));
    }
    assert!(throttled);
    // The right password waits like a wrong one, and works afterwards.
    assert!(access.sign_in("siti", PASSWORD, HERE).await.is_err());
    clock.advance(Duration::from_hours(1));
    assert!(access.sign_in("siti", PASSWORD, HERE).await.is_ok());
    let crowd = (0..60u8).map(|guest| {
        let from = IpAddr::from([10, 0, 0, guest]);
        let access = access.clone();
        async move {
            access
                .sign_in(&format!("tamu{guest}"), "salah sekali", from)
                .await
        }
    });
    let results = futures_util::future::join_all(crowd).await;
    let busy = Err(AccessError::Busy);
    let busy = results.iter().filter(|result| **result == busy).count();
    assert!(busy >= 40, "{busy} of 60");
}
