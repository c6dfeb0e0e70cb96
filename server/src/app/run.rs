//! Running: the listener, the workers, the duties, and the way to a stop that loses nothing.

use std::{net::SocketAddr, time::Duration};

use entities::ProcessKind;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{App, StartError, settings};
use crate::{
    platform::{
        http::{ConnectionLimits, Edge, EdgeEndpoint, Shutdown, bind, serve},
        jobs::{Leader, Process, Worker},
        tasks::Tasks,
        telemetry::traces,
    },
    routes,
};

/// Asks a running application to stop: first softly, then at once.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Drain and end.
    pub soft: CancellationToken,
    /// End now.
    pub hard: CancellationToken,
}

impl App {
    /// The server's one endpoint, with every route of the house.
    pub(crate) fn endpoint(&self) -> Result<EdgeEndpoint, StartError> {
        Ok(routes::registry(self).into_endpoint(self.edge())?)
    }

    fn edge(&self) -> Edge {
        let entropy = self.entropy.clone();
        Edge {
            settings: settings::edge(&self.config.http),
            identify: self.authenticator.clone(),
            limits: self.limits.clone(),
            observer: self.observers.clone(),
            new_request_id: std::sync::Arc::new(move || entropy.uuid().to_string()),
            tasks: self.tasks.clone(),
        }
    }

    /// Binds the configured address.
    pub async fn bind(&self) -> Result<TcpListener, StartError> {
        let address = SocketAddr::new(self.config.http.host, self.config.http.port);
        listen(address, "HOST and PORT").await
    }

    /// Answers machines on METRICS_BIND, if it is set, until the returned tasks are stopped: what
    /// drains is still looked at.
    async fn serve_machines(&self) -> Result<Tasks, StartError> {
        let tasks = Tasks::default();
        let Some(address) = self.config.http.metrics.bind else {
            return Ok(tasks);
        };
        let listener = listen(address, "METRICS_BIND").await?;
        if let Ok(address) = listener.local_addr() {
            tracing::info!(event = "listening_for_machines", %address);
        }
        let endpoint = routes::machines(self).into_undescribed_endpoint(self.edge())?;
        let shutdown = Shutdown {
            soft: tasks.stopping().clone(),
            hard: tasks.cut().clone(),
        };
        let limits = ConnectionLimits {
            connections: MACHINES,
            ..ConnectionLimits::default()
        };
        tasks.spawn("machines", serve(listener, endpoint, shutdown, limits));
        Ok(tasks)
    }

    /// Answers requests on `listener`, and works the queue unless the settings say otherwise, until
    /// `stop`. Returns when everything has ended.
    pub async fn serve(mut self, listener: TcpListener, stop: Stop) -> Result<(), StartError> {
        let endpoint = self.endpoint()?;
        if let Some(redis) = &self.redis {
            // Without it the house works alone; that is counted and told.
            let _degraded = redis.connect().await;
        }
        if let Some(mirror) = self.mirror.take() {
            let stopping = self.tasks.stopping().clone();
            self.tasks.spawn("stream-mirror", mirror.run(stopping));
        }
        let machines = self.serve_machines().await?;
        let process = self
            .start(ProcessKind::Serve, self.config.jobs.workers_in_serve)
            .await?;
        let shutdown = Shutdown {
            soft: self.tasks.stopping().clone(),
            hard: self.tasks.cut().clone(),
        };
        let limits = ConnectionLimits {
            connections: self.config.http.max_connections,
            ..ConnectionLimits::default()
        };
        if let Ok(address) = listener.local_addr() {
            tracing::info!(event = "listening", %address, version = env!("CARGO_PKG_VERSION"));
        }
        self.tasks
            .spawn("http", serve(listener, endpoint, shutdown, limits));
        self.run_until(process, stop, machines).await
    }

    /// Works the queue alone, until `stop`.
    pub async fn work(self, stop: Stop) -> Result<(), StartError> {
        let machines = self.serve_machines().await?;
        let process = self.start(ProcessKind::Worker, true).await?;
        tracing::info!(event = "working", version = env!("CARGO_PKG_VERSION"));
        self.run_until(process, stop, machines).await
    }

    async fn start(&self, kind: ProcessKind, workers: bool) -> Result<Process, StartError> {
        let process = self.register(kind).await?;
        process.start_heartbeat(&self.tasks);
        let leader = Leader::new(self.db.clone(), self.clock.clone(), process.id());
        self.budgets.open_house().await?;
        self.governance.expect_sweeps().await?;
        self.jobs.follow(&self.tasks);
        self.jobs.start_upkeep(leader.clone(), &self.tasks);
        self.jobs.start_schedules(&self.tasks);
        self.start_duties(&leader);
        self.engine.start(process.id());
        if workers {
            Worker::start(&self.jobs, process.id(), &self.tasks);
        }
        Ok(process)
    }

    async fn run_until(
        self,
        process: Process,
        stop: Stop,
        machines: Tasks,
    ) -> Result<(), StartError> {
        stop.soft.cancelled().await;
        tracing::info!(event = "stopping");
        let drain = self.config.http.drain;
        tokio::select! {
            () = self.tasks.stop(drain) => {}
            () = stop.hard.cancelled() => self.tasks.stop(Duration::ZERO).await,
        }
        if let Err(error) = process.stop().await {
            tracing::warn!(%error, "the end of this process could not be noted");
        }
        machines.stop(Duration::ZERO).await;
        self.db.close().await;
        tracing::info!(event = "stopped");
        traces::flush().await;
        Ok(())
    }

    /// Ends an application that never ran, such as one of a command.
    pub async fn close(self) {
        self.tasks.stop(Duration::from_secs(5)).await;
        self.db.close().await;
    }
}

/// Machines that look at a process at once.
const MACHINES: usize = 64;

async fn listen(address: SocketAddr, variables: &'static str) -> Result<TcpListener, StartError> {
    bind(address).await.map_err(|error| StartError::Listen {
        address,
        error,
        variables,
    })
}

/// Binds any free port of this machine.
pub(crate) async fn bind_any() -> std::io::Result<TcpListener> {
    bind(SocketAddr::from(([127, 0, 0, 1], 0))).await
}
