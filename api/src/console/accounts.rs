//! Users, as admins see and change them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{BudgetPosition, page, wire, words};
use crate::accounts::Role;

words! {
    /// Whether a user may sign in.
    pub enum AccountStatus {
        /// May sign in.
        Active = "active",
        /// May not, until enabled again.
        Disabled = "disabled",
        /// Is being erased or is erased.
        Deleted = "deleted",
    }

    /// How a new user gets a password.
    pub enum FirstPassword {
        /// By a link that is shown once.
        Invite = "invite",
        /// By a generated password that is shown once.
        Password = "password",
    }
}

wire! {
    /// A user.
    pub struct Account {
        /// The user's number.
        pub id: i64,
        /// Shown where the number would tell too much.
        pub uuid: Uuid,
        /// In lower case.
        pub email: String,
        /// What the user may do.
        pub role: Role,
        /// Whether the user may sign in.
        pub status: AccountStatus,
        /// What admins wrote down.
        pub notes: Option<String>,
        /// UTC.
        pub created_at: DateTime<Utc>,
        /// When a sign-in of theirs was last used.
        pub last_seen_at: Option<DateTime<Utc>>,
        /// Jobs that are not over.
        pub jobs_open: i64,
        /// Answers under way, in all processes that this one knows of.
        pub streams_open: i64,
        /// Sign-ins that have not ended.
        pub sessions: i64,
        /// This month's money.
        pub budget: BudgetPosition,
        /// Rises with each change.
        pub rev: i64,
    }

    /// A sign-in of a user.
    pub struct AccountSession {
        /// The sign-in.
        pub id: Uuid,
        /// UTC.
        pub created_at: DateTime<Utc>,
        /// When it last got new tokens.
        pub last_seen_at: DateTime<Utc>,
        /// The address that signed in.
        pub address: Option<String>,
        /// The program, as it named itself.
        pub client: Option<String>,
    }

    /// A document of a user, without its name and text.
    pub struct AccountDocument {
        /// The document.
        pub id: i64,
        /// Its store.
        pub store_id: i64,
        /// As the contract says it: `PENDING`, `RUNNING`, `DONE` or `ERROR`.
        pub status: String,
        /// Size of the original.
        pub size_bytes: i64,
        /// UTC.
        pub created_at: DateTime<Utc>,
        /// When it was deleted, while it can come back.
        pub deleted_at: Option<DateTime<Utc>>,
    }

    /// A new user.
    pub struct CreateAccount {
        /// Upper and lower case are the same.
        pub email: String,
        /// What the user may do.
        pub role: Role,
        /// Absent: the default for new users.
        pub limit_nanos: Option<i64>,
        /// How the user gets a password.
        pub send: FirstPassword,
    }

    /// A user's way in, shown this once.
    pub struct AccountCreated {
        /// The user.
        pub account: Account,
        /// For `POST /api/auth/redeem`, when `send` was `invite`.
        pub token: Option<String>,
        /// Until when the token is good.
        pub token_expires_at: Option<DateTime<Utc>>,
        /// The password, when `send` was `password`.
        pub password: Option<String>,
    }

    /// A way to set a new password, shown this once.
    pub struct PasswordLink {
        /// For `POST /api/auth/redeem`.
        pub token: String,
        /// Until when it is good.
        pub expires_at: DateTime<Utc>,
    }

    /// A change of a user; what is absent stays.
    pub struct ChangeAccount {
        /// What the user may do.
        pub role: Option<Role>,
        /// Up to 2,000 characters; empty removes them.
        pub notes: Option<String>,
    }

    /// Why, for the record; kept with the audit entry only as its length.
    pub struct Because {
        /// Up to 200 characters.
        pub reason: Option<String>,
    }

    /// What ended with an act.
    pub struct Ended {
        /// Sign-ins.
        pub sessions: i64,
        /// Answers under way.
        pub streams: i64,
        /// Jobs.
        pub jobs: i64,
    }

    /// A user whom one wants erased.
    pub struct EraseAccount {
        /// The user's e-mail address, typed.
        pub confirm_email: String,
    }

    /// What erasing a user would take away.
    pub struct EraseForecast {
        /// By class of data.
        pub classes: Vec<ErasedClass>,
        /// In all.
        pub rows: i64,
        /// Stored files.
        pub blobs: i64,
        /// Of the stored files.
        pub bytes: i64,
    }

    /// What erasing takes away of one class of data.
    pub struct ErasedClass {
        /// The class.
        pub class: String,
        /// Rows deleted or made anonymous.
        pub rows: i64,
        /// Stored files.
        pub blobs: i64,
        /// Of the stored files.
        pub bytes: i64,
    }

    /// A job that was started by an act.
    pub struct StartedJob {
        /// The job.
        pub job_id: i64,
    }
}

page! {
    /// A page of users.
    pub struct AccountPage of Account;
    /// A page of a user's sign-ins.
    pub struct AccountSessionPage of AccountSession;
    /// A page of a user's documents.
    pub struct AccountDocumentPage of AccountDocument;
}
