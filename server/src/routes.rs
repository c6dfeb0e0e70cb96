//! The only list of what is mounted: families with their manners, and who registers under them.

use crate::{
    app::App,
    features::{accounts, admin, chat, costs, documents, exports, jobs, ops},
    platform::http::{ApiInfo, Dialect, Family, GlobalLimit, Registry},
};

const INFO: ApiInfo = ApiInfo {
    title: "Binnacle",
    version: env!("CARGO_PKG_VERSION"),
    description: "A self-hosted AI workspace: documents in, cited answers out, every request \
                  authenticated, limited, priced and on record.",
};

/// Every route of the house.
pub(crate) fn registry(app: &App) -> Registry {
    let mut registry = Registry::new(INFO, families(app.config.http.require_csrf_header));
    ops::register(&mut registry, &app.ops);
    if app.config.http.metrics.bind.is_none() {
        ops::register_metrics(&mut registry, &app.ops);
    }
    let development_sign_in =
        app.config.auth.allow_dev_login && !app.config.environment.kind.is_guarded();
    accounts::api::register(&mut registry, &app.accounts, development_sign_in);
    documents::register(&mut registry, &app.documents);
    chat::register(&mut registry, &app.chat);
    jobs::register(&mut registry, &app.own_jobs);
    costs::register(&mut registry, &app.budgets);
    exports::register(&mut registry, &app.governance);
    admin::register(&mut registry, &app.admin);
    admin::engine::register(&mut registry, &app.engine);
    registry
}

/// What METRICS_BIND answers: metrics and health, for machines.
pub(crate) fn machines(app: &App) -> Registry {
    let mut registry = Registry::new(INFO, ops::FAMILIES.to_vec());
    ops::register_health(&mut registry, &app.ops);
    ops::register_metrics(&mut registry, &app.ops);
    registry
}

fn families(csrf: bool) -> Vec<Family> {
    let mut families = ops::FAMILIES.to_vec();
    let family = |dialect| {
        move |prefix| Family {
            prefix,
            dialect,
            csrf,
            global_limit: GlobalLimit::All,
        }
    };
    let console = admin::PREFIXES.into_iter().chain(admin::engine::PREFIXES);
    families.extend(console.map(family(Dialect::ProblemJson)));
    let contract = ["/api", "/api/admin/system/summary"];
    families.extend(contract.map(family(Dialect::Detail)));
    families
}
