//! Money as columns of other lists: expressions over the number of a user. The lists are their
//! owners'; how money is found is known here.

use entities::{
    Nanos,
    money::{budget, period},
};
use sea_orm::{
    ExprTrait,
    sea_query::{Alias, Expr, Func, Query, SelectStatement, SubQueryStatement},
};

use crate::platform::budgets::{Budgets, Month};

/// Money of one month, for lists of users.
#[derive(Clone, Debug)]
pub(crate) struct MoneyColumns {
    month: Month,
    /// Whether users without a period row stand under their limit of now.
    current: bool,
}

impl Budgets {
    /// The columns of a month.
    pub(crate) fn columns(&self, month: Month) -> MoneyColumns {
        MoneyColumns {
            month,
            current: month >= self.this_month(),
        }
    }
}

impl MoneyColumns {
    fn of_period(&self, column: period::Column, user: &Expr) -> Expr {
        scalar(
            Query::select()
                .expr(Expr::col((period::Entity, column)))
                .from(period::Entity)
                .and_where(Expr::col((period::Entity, period::Column::UserId)).eq(user.clone()))
                .and_where(
                    Expr::col((period::Entity, period::Column::Month)).eq(self.month.to_string()),
                )
                .take(),
        )
    }

    /// Settled; 0 when there was nothing.
    pub(crate) fn spent(&self, user: &Expr) -> Expr {
        or_zero(self.of_period(period::Column::SpentNanos, user))
    }

    /// Reserved; 0 when there is nothing.
    pub(crate) fn held(&self, user: &Expr) -> Expr {
        or_zero(self.of_period(period::Column::ReservedNanos, user))
    }

    /// The limit; null when there is none.
    pub(crate) fn limit(&self, user: &Expr) -> Expr {
        if !self.current {
            return self.of_period(period::Column::LimitNanos, user);
        }
        scalar(
            Query::select()
                .expr(Expr::col((
                    budget::Entity,
                    budget::Column::MonthlyLimitNanos,
                )))
                .from(budget::Entity)
                .and_where(Expr::col((budget::Entity, budget::Column::UserId)).eq(user.clone()))
                .take(),
        )
    }

    /// Spent and held, of the limit; null without a limit or with one of 0.
    pub(crate) fn used(&self, user: &Expr) -> Expr {
        let real = |expression: Expr| expression.cast_as(Alias::new("double precision"));
        let limit: Expr = Func::cust("NULLIF")
            .arg(self.limit(user))
            .arg(Expr::value(Nanos::ZERO.0))
            .into();
        real(self.spent(user).add(self.held(user))).div(real(limit))
    }
}

fn scalar(select: SelectStatement) -> Expr {
    Expr::from(SubQueryStatement::from(select))
}

fn or_zero(expression: Expr) -> Expr {
    Func::coalesce([expression, Expr::value(0_i64)]).into()
}
