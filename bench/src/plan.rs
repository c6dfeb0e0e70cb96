//! The run: what is started, what is loaded, and in which order. What is compared is measured side
//! by side, so that a machine whose other load changes does not bend the ratios.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::bail;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tempfile::TempDir;

use crate::{
    Options, Part, aims,
    bare_process::Bare,
    governed::{Governed, Launch, Measured, Person},
    group_commit::{GroupCommit, USERS},
    hold_streams,
    load::{self, Target},
    machine::{self, Machine},
    postgres::{Database, Postgres},
    process::Usage,
    queue,
    report::{Crowded, Report, Start, Store, Subject, say},
    scale::Scale,
    seat::Seat,
    stages::Sums,
    telemetry,
};

const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Pieces of an answer that is not paced.
const DELTAS: usize = 20;
/// Until what a start has used for itself is given back.
const SETTLE: Duration = Duration::from_secs(2);

/// Runs what the options ask for.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    allow_files()?;
    let machine = Machine::look().await?;
    let mut bench = Bench::open(options, machine).await?;
    if wanted(Part::Start) {
        bench.starts().await?;
    }
    if wanted(Part::Get) || wanted(Part::Chat) {
        bench.loads(wanted(Part::Get), wanted(Part::Chat)).await?;
    }
    if wanted(Part::Streams) {
        bench.crowds().await?;
    }
    if wanted(Part::Queue) {
        bench.queues(options.quick).await?;
    }
    if wanted(Part::Telemetry) {
        bench.telemetry(options.quick).await?;
    }
    bench.close(&options.json).await
}

/// A thousand streams need more files than a shell allows.
fn allow_files() -> anyhow::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard.min(65_536), hard)?;
    Ok(())
}

struct Bench {
    binary: PathBuf,
    postgres: Option<Postgres>,
    upstream: crate::upstream::Upstream,
    scale: Scale,
    folder: TempDir,
    databases: Vec<Database>,
    places: usize,
    report: Report,
}

/// Where a server or a probe keeps its data.
struct Place {
    folder: PathBuf,
    url: Option<String>,
}

impl Place {
    fn launch<'a>(&'a self, binary: &'a Path, upstream: &'a str) -> Launch<'a> {
        Launch {
            binary,
            folder: &self.folder,
            database_url: self.url.as_deref(),
            upstream,
            measured: Measured::Metrics,
        }
    }
}

/// A server under load.
struct Subjected {
    store: Store,
    server: Governed,
    people: Vec<Person>,
}

impl Bench {
    async fn open(options: &Options, machine: Machine) -> anyhow::Result<Self> {
        let beside = std::env::current_exe()?.with_file_name("binnacle");
        let binary = options.binnacle.clone().unwrap_or(beside);
        if !binary.is_file() {
            bail!(
                "{} is not there: build it with `cargo build --release -p server`",
                binary.display()
            );
        }
        let postgres = options
            .postgres_url
            .as_deref()
            .map(Postgres::at)
            .transpose()?;
        if postgres.is_none() {
            say("No PostgreSQL is given: SQLite alone is measured.");
        }
        Ok(Self {
            binary: binary.canonicalize()?,
            postgres,
            upstream: crate::upstream::Upstream::start().await?,
            scale: Scale::of(options),
            folder: tempfile::Builder::new()
                .prefix("bench-")
                .tempdir_in(&options.folder)?,
            databases: Vec::new(),
            places: 0,
            report: Report {
                machine,
                load_after: 0.0,
                quick: options.quick,
                starts: Vec::new(),
                rows: Vec::new(),
                stages: Vec::new(),
                loaded_mib: Vec::new(),
                crowds: Vec::new(),
                queues: Vec::new(),
                telemetry: telemetry::Cost::default(),
                verdicts: Vec::new(),
            },
        })
    }

    async fn close(mut self, json: &Path) -> anyhow::Result<()> {
        for database in std::mem::take(&mut self.databases) {
            database.remove().await?;
        }
        self.report.load_after = machine::load()?;
        self.report.verdicts = aims::judge(&self.report);
        self.report.publish(json)
    }

    fn stores(&self) -> Vec<Store> {
        match self.postgres {
            Some(_) => vec![Store::Sqlite, Store::Postgres],
            None => vec![Store::Sqlite],
        }
    }

    /// A fresh place on `store`.
    async fn place(&mut self, store: Store) -> anyhow::Result<Place> {
        self.places += 1;
        let folder = self.folder.path().join(self.places.to_string());
        std::fs::create_dir(&folder)?;
        let url = match (&self.postgres, store) {
            (Some(postgres), Store::Postgres) => {
                let database = postgres.database().await?;
                let url = database.url.clone();
                self.databases.push(database);
                Some(url)
            }
            _ => None,
        };
        Ok(Place { folder, url })
    }

    async fn serve(&self, place: &Place) -> anyhow::Result<(Governed, Duration)> {
        let upstream = self.upstream.url();
        Governed::start(place.launch(&self.binary, &upstream)).await
    }

    async fn probe(&self, place: &Place) -> anyhow::Result<GroupCommit> {
        Governed::migrate(place.launch(&self.binary, &self.upstream.url()))?;
        match &place.url {
            Some(url) => GroupCommit::postgres(url).await,
            None => GroupCommit::sqlite(&place.folder).await,
        }
    }

    async fn starts(&mut self) -> anyhow::Result<()> {
        for store in self.stores() {
            say(&format!("Starting on {}", store.name()));
            let (mut empty, mut again, mut idle) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..self.scale.starts {
                let place = self.place(store).await?;
                let (server, took) = self.serve(&place).await?;
                empty.push(took);
                drop(server);
                let (server, took) = self.serve(&place).await?;
                again.push(took);
                tokio::time::sleep(SETTLE).await;
                idle.push(server.usage()?.resident_mib);
            }
            idle.sort_by(f64::total_cmp);
            self.report.starts.push(Start {
                store,
                empty_ms: median(empty),
                again_ms: median(again),
                idle_mib: load::quantile(&idle, 50),
            });
        }
        Ok(())
    }

    async fn loads(&mut self, get: bool, chat: bool) -> anyhow::Result<()> {
        self.upstream.answer_with(DELTAS, Duration::ZERO);
        let bare = Bare::start(&self.folder.path().join("bare.log"), &self.upstream.url()).await?;
        let (mut subjects, mut probes) = (Vec::new(), Vec::new());
        for store in self.stores() {
            let place = self.place(store).await?;
            let (server, _) = self.serve(&place).await?;
            let people = server.people(USERS).await?;
            subjects.push(Subjected {
                store,
                server,
                people,
            });
            if chat {
                let place = self.place(store).await?;
                probes.push((store, self.probe(&place).await?));
            }
        }
        for connections in CONNECTIONS {
            if get {
                self.load_get(&bare, &subjects, connections).await?;
            }
            if chat {
                self.load_chat(&bare, &subjects, &mut probes, connections)
                    .await?;
            }
        }
        for subject in &subjects {
            let mib = subject.server.usage()?.resident_mib;
            self.report.loaded_mib.push((subject.store, mib));
        }
        Ok(())
    }

    async fn load_get(
        &mut self,
        bare: &Bare,
        subjects: &[Subjected],
        connections: usize,
    ) -> anyhow::Result<()> {
        let seat = Seat::new(Subject::Hello, Store::None, 1, connections);
        self.load(seat, &bare.hello(), || bare.usage()).await?;
        for Subjected {
            store,
            server,
            people,
        } in subjects
        {
            let seat = Seat::new(Subject::Stores, *store, 1, connections);
            self.load(seat, &server.stores(people), || server.usage())
                .await?;
        }
        Ok(())
    }

    async fn load_chat(
        &mut self,
        bare: &Bare,
        subjects: &[Subjected],
        probes: &mut [(Store, GroupCommit)],
        connections: usize,
    ) -> anyhow::Result<()> {
        let seat = Seat::new(Subject::Proxy, Store::None, 1, connections);
        self.load(seat, &bare.proxy(), || bare.usage()).await?;
        for ((store, probe), subject) in probes.iter_mut().zip(subjects) {
            for users in [1, USERS] {
                let seat = Seat::new(Subject::Probe, *store, users, connections);
                seat.announce();
                let figure = probe.run(connections, users, self.scale.length).await?;
                self.report.rows.push(seat.row(figure, None));
                let server = &subject.server;
                let target = server.chat(&subject.people[..users]);
                let before = Sums::of(&server.metrics().await?);
                let seat = Seat::new(Subject::Chat, *store, users, connections);
                self.load(seat, &target, || server.usage()).await?;
                let after = Sums::of(&server.metrics().await?);
                let stages = after.stages(&before, store.name(), users, connections);
                self.report.stages.push(stages);
            }
        }
        Ok(())
    }

    async fn load(
        &mut self,
        seat: Seat,
        target: &Target,
        usage: impl Fn() -> anyhow::Result<Usage>,
    ) -> anyhow::Result<()> {
        seat.announce();
        let before = usage()?.processor;
        let (figure, answers) = load::run(target, seat.connections, self.scale.length).await?;
        let used = usage()?.processor.saturating_sub(before);
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 answers")]
        let each = used.as_secs_f64() * 1_000.0 / answers.max(1) as f64;
        self.report.rows.push(seat.row(figure, Some(each)));
        Ok(())
    }

    async fn queues(&mut self, quick: bool) -> anyhow::Result<()> {
        for store in self.stores() {
            for load in queue::Load::both(quick) {
                say(&format!(
                    "Queue: {}, {} finished jobs",
                    store.name(),
                    load.finished
                ));
                let place = self.place(store).await?;
                let upstream = self.upstream.url();
                let launch = place.launch(&self.binary, &upstream);
                self.report
                    .queues
                    .push(queue::measure(launch, store, load)?);
            }
        }
        Ok(())
    }

    async fn telemetry(&mut self, quick: bool) -> anyhow::Result<()> {
        self.upstream.answer_with(DELTAS, Duration::ZERO);
        let (folder, upstream) = (self.folder.path(), self.upstream.url());
        let length = self.scale.length;
        self.report.telemetry =
            telemetry::measure(&self.binary, folder, &upstream, quick, length).await?;
        Ok(())
    }

    async fn crowds(&mut self) -> anyhow::Result<()> {
        let bare = Bare::start(&self.folder.path().join("crowd.log"), &self.upstream.url()).await?;
        self.crowd(Subject::Proxy, Store::None, &bare.proxy(), || bare.usage())
            .await?;
        drop(bare);
        for store in self.stores() {
            let place = self.place(store).await?;
            let (server, _) = self.serve(&place).await?;
            let people = server.people(USERS).await?;
            let target = server.chat(&people);
            self.crowd(Subject::Chat, store, &target, || server.usage())
                .await?;
        }
        Ok(())
    }

    async fn crowd(
        &mut self,
        subject: Subject,
        store: Store,
        target: &Target,
        usage: impl Fn() -> anyhow::Result<Usage>,
    ) -> anyhow::Result<()> {
        let crowd = self.scale.crowd;
        say(&format!(
            "{} streams: {}, {}",
            crowd.streams,
            subject.name(),
            store.name()
        ));
        let held = hold_streams::hold(target, crowd, &self.upstream, usage).await?;
        self.report.crowds.push(Crowded {
            subject,
            store,
            held,
        });
        Ok(())
    }
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    load::quantile(&times, 50).as_secs_f64() * 1_000.0
}
