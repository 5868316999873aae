//! [`AccessError`]: why a sign-in or a change was refused.

/// Refusal of access control.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Unknown name, wrong password, or a person whose access has ended; which one is not said.
    #[error("name or password is wrong")]
    WrongPassword,
    /// Too many tries; seconds until the next one.
    #[error("too many tries: try again in {0} s")]
    Throttled(u64),
    /// Too many sign-ins at the same time.
    #[error("too many sign-ins at the moment: try again")]
    Busy,
    /// The set-up code is wrong.
    #[error("the set-up code is wrong")]
    WrongCode,
    /// The set-up code was used already.
    #[error("the first person exists already")]
    SetUpDone,
    /// No person of this name.
    #[error("no user `{0}`")]
    UnknownUser(String),
    /// The name is taken.
    #[error("user `{0}` exists already")]
    UserExists(String),
    /// The name has characters that it must not have.
    #[error("a name has 2 to 40 of a-z, 0-9, `.`, `-`, `_`, and begins with a letter")]
    BadName,
    /// The password is too short.
    #[error("the password needs at least 10 characters")]
    PasswordShort,
    /// The password is too long.
    #[error("the password has more than 200 bytes")]
    PasswordLong,
    /// The password is one of those that are guessed first.
    #[error("this password is guessed first: choose another")]
    PasswordCommon,
    /// The password contains the name of the person.
    #[error("the password contains the name: choose another")]
    PasswordName,
    /// No administrator would be left.
    #[error("this is the last admin")]
    LastAdmin,
    /// No token of this number.
    #[error("no token {0}")]
    UnknownToken(u64),
    /// The name of a token is empty, too long, or has control characters.
    #[error("the name of a token has 1 to 60 characters")]
    BadTokenName,
    /// The scope of a token is beyond the role of its owner.
    #[error("the scope is beyond the role of the owner")]
    ScopeTooHigh,
    /// As many as there may be.
    #[error("there are too many already")]
    TooMany,
    /// The file cannot be read or is of a later version: no person can sign in.
    #[error("access.json cannot be used: {0}")]
    Locked(String),
    /// The file is damaged, and this process does not mend it.
    #[error("access.json is damaged: `pantau run` keeps it under another name, without any user")]
    Damaged,
    /// The first person is made on the gateway's own computer.
    #[error("the first user is made on the computer of the gateway: pantau user add")]
    NotHere,
    /// The change could not be written.
    #[error("access.json cannot be written: {0}")]
    Disk(String),
    /// Access control is off in this process.
    #[error("access control is off here")]
    Off,
}

impl AccessError {
    /// Message key; the texts have the arguments `name`, `seconds` and `why`.
    pub fn message_key(&self) -> &'static str {
        match self {
            Self::WrongPassword => "access-error-wrong-password",
            Self::Throttled(_) => "access-error-throttled",
            Self::Busy => "access-error-busy",
            Self::WrongCode => "access-error-wrong-code",
            Self::SetUpDone => "access-error-set-up-done",
            Self::UnknownUser(_) => "access-error-unknown-user",
            Self::UserExists(_) => "access-error-user-exists",
            Self::BadName => "access-error-bad-name",
            Self::PasswordShort => "access-error-password-short",
            Self::PasswordLong => "access-error-password-long",
            Self::PasswordCommon => "access-error-password-common",
            Self::PasswordName => "access-error-password-name",
            Self::LastAdmin => "access-error-last-admin",
            Self::UnknownToken(_) => "access-error-unknown-token",
            Self::BadTokenName => "access-error-bad-token-name",
            Self::ScopeTooHigh => "access-error-scope-too-high",
            Self::TooMany => "access-error-too-many",
            Self::Locked(_) => "access-error-locked",
            Self::Damaged => "access-error-damaged",
            Self::NotHere => "access-error-not-here",
            Self::Disk(_) => "access-error-disk",
            Self::Off => "access-error-off",
        }
    }

    /// Argument of the message.
    pub fn subject(&self) -> String {
        match self {
            Self::UnknownUser(name) | Self::UserExists(name) => name.clone(),
            Self::Throttled(seconds) => seconds.to_string(),
            Self::UnknownToken(id) => id.to_string(),
            Self::Locked(why) | Self::Disk(why) => why.clone(),
            _ => String::new(),
        }
    }
}
