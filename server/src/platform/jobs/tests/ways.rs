//! A list of jobs is the same whichever way its rows are come by.

use api::{console::ListQuery, filter};
use entities::UserId;
use pretty_assertions::assert_eq;
use sea_orm::{
    ExprTrait,
    sea_query::{Alias, Expr, Func, Query, SelectStatement},
};

use super::*;
use crate::platform::{
    db::testing::for_each_database,
    jobs::queries::console::{Owners, Way, page, page_by},
    paging::{Linked, Listing},
};

/// Users who are called by their ids.
const OWNERS: Owners = Owners {
    email_of: |id| Func::cast_as(id, Alias::new("TEXT")).into(),
    called: |addresses| {
        let mut owners = owners();
        owners.and_where(called().is_in(addresses));
        owners
    },
    addressed: |key| Linked {
        key,
        keys: owners(),
        text: called(),
    },
};

fn called() -> Expr {
    Func::cast_as(Expr::col(("of", "user_id")), Alias::new("TEXT")).into()
}

fn owners() -> SelectStatement {
    Query::select()
        .column(("of", "user_id"))
        .from_as(job::Entity, "of")
        .take()
}

async fn varied(site: &Site) {
    site.handle::<Plain>(|_, number| {
        Box::pin(async move {
            match number % 4 {
                1 => Err(JobError::fail("encrypted", "the file needs a password")),
                2 => Err(JobError::retry("network", "the line is dead")),
                3 => Ok(Outcome::AwaitBudget),
                _ => Ok(Outcome::done()),
            }
        })
    });
    for number in 0..12 {
        let job = NewJob {
            user_id: (number % 3 > 0).then_some(UserId(number % 3)),
            ..new::<Plain>(number)
        };
        site.add_job(job).await;
        site.advance(30);
    }
    site.work();
    let rested = async || {
        let filter = JobFilter {
            states: vec![ShownState::Queued, ShownState::Running],
            ..JobFilter::default()
        };
        site.jobs.count(&filter).await.expect("a count").count == 0
    };
    site.until("rest", rested).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_are_looked_up_and_jobs_that_are_walked_are_the_same() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        varied(&site).await;
        let filters = [
            ("", 12),
            ("state:failed", 3),
            ("state:failed,succeeded", 6),
            ("state:retrying,failed", 6),
            ("-state:failed", 9),
            ("user:1", 4),
            ("-user:1", 8),
            ("owner:2", 4),
            ("kind:plain user:1 state:succeeded", 1),
            ("kind:plain,other", 12),
            ("kind:other", 0),
        ];
        let sorts = ["id", "created", "updated", "finished"];
        for (filter, count) in filters {
            for sort in sorts
                .iter()
                .flat_map(|sort| [(*sort).to_owned(), format!("-{sort}")])
            {
                let query = ListQuery {
                    filter: Some(filter.to_owned()),
                    sort: Some(sort.clone()),
                    ..ListQuery::default()
                };
                let now = site.clock.now();
                let listing = Listing::read("jobs", &filter::JOBS, query, now).expect("a listing");
                let read = site.db.read();
                let looked = page_by(read, &listing, OWNERS, Way::Looked).await;
                let walked = page_by(read, &listing, OWNERS, Way::Walked).await;
                let (looked, walked) = (looked.expect("a page"), walked.expect("a page"));
                assert_eq!(looked, walked, "{filter} by {sort}");
                let chosen = page(read, &listing, OWNERS).await.expect("a page");
                assert_eq!(chosen, looked, "{filter} by {sort}");
                assert_eq!(looked.items.len(), count, "{filter}");
            }
        }
    })
    .await;
}
