//! The closed list of limits and how many calls a minute each allows.

/// Every limit that a route can be under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LimitClass {
    /// All calls of a principal to the families under the global limit; taken by the edge.
    Global,
    /// Questions to a model; taken by the chat service after its cheap refusals.
    Chat,
    /// Files sent; taken by the upload service after its cheap refusals.
    Upload,
    /// Tries to sign in, per address and per account; taken by the accounts service.
    Login,
    /// Accounts made, per address; taken by the accounts service.
    Register,
    /// Each kind of act of each admin; taken by the operation after its guard.
    AdminAction,
    /// No limit of its own and outside the global one: probes and the metrics page.
    Exempt,
}

impl LimitClass {
    pub(crate) const ALL: [Self; 7] = [
        Self::Global,
        Self::Chat,
        Self::Upload,
        Self::Login,
        Self::Register,
        Self::AdminAction,
        Self::Exempt,
    ];

    /// The policy's name in `RateLimit` headers and in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Global => "default",
            Self::Chat => "chat",
            Self::Upload => "upload",
            Self::Login => "login",
            Self::Register => "register",
            Self::AdminAction => "admin-action",
            Self::Exempt => "exempt",
        }
    }
}

/// Calls a minute by class; 0 switches a limit off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimitQuotas {
    pub(crate) global: u32,
    pub(crate) chat: u32,
    pub(crate) upload: u32,
    pub(crate) login: u32,
    pub(crate) register: u32,
    pub(crate) admin_action: u32,
}

impl Default for LimitQuotas {
    fn default() -> Self {
        Self {
            global: 120,
            chat: 10,
            upload: 10,
            login: 20,
            register: 20,
            admin_action: 120,
        }
    }
}

impl LimitQuotas {
    /// How many calls a minute `class` allows; 0 for no limit.
    pub(crate) fn per_minute(&self, class: LimitClass) -> u32 {
        match class {
            LimitClass::Global => self.global,
            LimitClass::Chat => self.chat,
            LimitClass::Upload => self.upload,
            LimitClass::Login => self.login,
            LimitClass::Register => self.register,
            LimitClass::AdminAction => self.admin_action,
            LimitClass::Exempt => 0,
        }
    }
}
