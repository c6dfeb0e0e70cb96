//! The child process: its answers, its limits, and that it never outlives its use.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use extract::{ExtractError, Extracted, Extractor, Format, Limits, Progress};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::making::{Document, fixture, sample};

fn extractor(limits: Limits) -> Extractor {
    Extractor {
        program: PathBuf::from(env!("CARGO_BIN_EXE_extract-child")),
        args: Vec::new(),
        limits,
    }
}

/// A shell in the place of the child.
fn shell(script: &str, limits: Limits) -> Extractor {
    Extractor {
        program: PathBuf::from("/bin/sh"),
        args: ["-c", script, "child"].map(OsString::from).to_vec(),
        limits,
    }
}

async fn run(
    extractor: &Extractor,
    path: &Path,
    format: Format,
) -> Result<Extracted, ExtractError> {
    extractor
        .run(path, format, CancellationToken::new(), |_| {})
        .await
}

fn brief() -> Limits {
    Limits {
        wall_seconds: 1,
        ..Limits::default()
    }
}

/// Waits until no process has this word among its arguments.
async fn until_gone(word: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while is_running(word) {
        assert!(Instant::now() < deadline, "{word} is still running");
        tokio::task::yield_now().await;
    }
}

fn is_running(word: &str) -> bool {
    !processes_with(word).is_empty()
}

/// Folders of processes that have this word among their arguments.
fn processes_with(word: &str) -> Vec<PathBuf> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mentions = |process: &PathBuf| {
        std::fs::read(process.join("cmdline")).is_ok_and(|arguments| {
            arguments
                .windows(word.len())
                .any(|window| window == word.as_bytes())
        })
    };
    processes
        .map(|process| process.path())
        .filter(mentions)
        .collect()
}

#[tokio::test]
async fn the_child_answers_as_the_reader_does_and_reports_progress() {
    let path = sample("team-handbook.pdf");
    let mut progress = Vec::new();
    let extracted = extractor(Limits::default())
        .run(&path, Format::Pdf, CancellationToken::new(), |step| {
            progress.push(step);
        })
        .await
        .unwrap();
    assert_eq!(
        Ok(extracted),
        extract::extract(&path, Format::Pdf, &Limits::default())
    );
    let last = Progress {
        done: 8,
        total: Some(8),
    };
    assert_eq!((progress.len(), progress.last()), (8, Some(&last)));
}

#[tokio::test]
async fn long_pages_arrive_whole() {
    let text = "a paragraph \"quoted\"\n\n".repeat(60_000);
    let document = Document::new("long.txt", text.as_bytes());
    let extracted = run(&extractor(Limits::default()), &document.path, Format::Plain)
        .await
        .unwrap();
    assert_eq!(extracted.pages.len(), 1);
    assert_eq!(extracted.pages[0].blocks.len(), 60_000);
}

#[tokio::test]
async fn refusals_cross_the_border_with_their_reason() {
    let child = extractor(Limits {
        max_pages: 2,
        ..Limits::default()
    });
    assert_eq!(
        run(&child, &fixture("pages.pdf"), Format::Pdf).await,
        Err(ExtractError::TooManyPages {
            found: 3,
            allowed: 2
        })
    );
    assert_eq!(
        run(&child, &fixture("password.pdf"), Format::Pdf).await,
        Err(ExtractError::Encrypted("PDF".to_owned()))
    );
    let missing = run(&child, Path::new("/nowhere/a.txt"), Format::Plain)
        .await
        .unwrap_err();
    assert!(matches!(missing, ExtractError::Io(_)), "{missing}");
    let absent = Extractor {
        program: PathBuf::from("/nowhere/binary"),
        ..child
    };
    let error = run(&absent, &fixture("pages.pdf"), Format::Pdf)
        .await
        .unwrap_err();
    assert!(matches!(error, ExtractError::Io(_)), "{error}");
}

#[tokio::test]
async fn the_child_has_no_environment_no_folder_and_no_files_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("a-pipe-that-nobody-fills.txt");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    // The test harness itself may have been given files that are not closed on exec.
    let child = extractor(Limits::default());
    let path = pipe.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { run(&child, &path, Format::Plain).await });

    // The child waits for the pipe in a thread that starts after its limits are set.
    let deadline = Instant::now() + Duration::from_secs(10);
    let process = loop {
        assert!(Instant::now() < deadline, "no child that reads");
        match processes_with("a-pipe-that-nobody-fills").pop() {
            Some(process) if entries(&process, "task").len() == 3 => break process,
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!(entries(&process, "fd"), ["0", "1", "2"]);
    assert_eq!(std::fs::read(process.join("environ")).unwrap(), b"");
    assert_eq!(
        std::fs::read_link(process.join("cwd")).unwrap(),
        Path::new("/")
    );
    assert_eq!(
        std::fs::read_link(process.join("fd/0")).unwrap(),
        Path::new("/dev/null")
    );
    let limits = std::fs::read_to_string(process.join("limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..]
            .split_whitespace()
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(limit("Max core file size"), "0");
    assert_eq!(limit("Max file size"), "0");
    assert_eq!(limit("Max open files"), "32");
    assert_eq!(limit("Max cpu time"), "120");
    assert_eq!(limit("Max address space"), (2_u64 << 30).to_string());
    drop(tasks);
    until_gone("a-pipe-that-nobody-fills").await;
}

fn entries(process: &Path, folder: &str) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(process.join(folder)) else {
        return Vec::new();
    };
    let mut names: Vec<String> = files
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_child_ends_with_the_reader_of_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("another-pipe.txt");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_extract-child"))
        .args(["plain", "{}"])
        .arg(&pipe)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(!child.wait().unwrap().success());
}

#[tokio::test]
async fn time_is_up_for_the_whole_group() {
    let child = shell("sleep 70019142837 & sleep 70019142837", brief());
    let error = run(&child, &fixture("pages.pdf"), Format::Pdf)
        .await
        .unwrap_err();
    assert_eq!(error, ExtractError::Timeout { seconds: 1 });
    until_gone("70019142837").await;
}

#[tokio::test]
async fn cancelling_and_dropping_kill_the_whole_group() {
    let child = shell(
        "sleep 70029142837 & echo '{\"progress\":{\"done\":1,\"total\":null}}'; sleep 70029142837",
        Limits::default(),
    );
    let cancel = CancellationToken::new();
    let path = fixture("pages.pdf");
    let result = child
        .run(&path, Format::Pdf, cancel.clone(), |_| cancel.cancel())
        .await;
    assert_eq!(result, Err(ExtractError::Cancelled));
    until_gone("70029142837").await;

    let (started, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let child = shell(
        "sleep 70039142837 & echo '{\"progress\":{\"done\":1,\"total\":null}}'; sleep 70039142837",
        Limits::default(),
    );
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let report = move |_| started.send(()).unwrap_or_default();
        child
            .run(&path, Format::Pdf, CancellationToken::new(), report)
            .await
    });
    seen.recv().await.unwrap();
    assert!(is_running("70039142837"));
    drop(tasks);
    until_gone("70039142837").await;
}

#[tokio::test]
async fn deaths_are_told_apart() {
    let path = fixture("pages.pdf");
    let limits = Limits::default();
    let out_of_memory = ExtractError::OutOfMemory { allowed_mib: 2048 };
    let damaged = ExtractError::Damaged("PDF".to_owned());
    for (script, expected) in [
        ("kill -KILL $$", out_of_memory.clone()),
        (
            "echo 'memory allocation of 99 bytes failed' >&2; kill -ABRT $$",
            out_of_memory,
        ),
        ("kill -XCPU $$", ExtractError::Timeout { seconds: 120 }),
        ("kill -SEGV $$", damaged.clone()),
        ("kill -ABRT $$", damaged.clone()),
        (
            "echo 'not our language'; sleep 70049142837",
            damaged.clone(),
        ),
        (
            "head -c 5000000 /dev/zero | tr '\\0' x; sleep 70049142837",
            damaged,
        ),
    ] {
        let result = run(&shell(script, limits.clone()), &path, Format::Pdf).await;
        assert_eq!(result, Err(expected), "{script}");
    }
    until_gone("70049142837").await;
    let silent = run(&shell("exit 0", limits), &path, Format::Pdf)
        .await
        .unwrap_err();
    assert!(matches!(silent, ExtractError::Io(_)), "{silent}");
}

#[tokio::test]
async fn a_lying_child_is_held_to_the_limits_too() {
    let part = r#"{"part":{"page":{"number":1,"blocks":[{"kind":"paragraph","text":"0123456789"}]},"continues":false}}"#;
    let script = format!("while echo '{part}'; do :; done");
    for limits in [
        Limits {
            max_text_bytes: 1_000,
            ..Limits::default()
        },
        Limits {
            max_blocks: 100,
            ..Limits::default()
        },
        Limits {
            max_pages: 100,
            ..Limits::default()
        },
    ] {
        let error = run(&shell(&script, limits), &fixture("pages.pdf"), Format::Pdf)
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                ExtractError::TooMuchText { .. } | ExtractError::TooManyPages { .. }
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_lying_child_cannot_fill_screens() {
    let script =
        r#"echo "{\"failed\":{\"unsupported\":\"$(head -c 2000 /dev/zero | tr '\0' x)\"}}""#;
    let error = run(
        &shell(script, Limits::default()),
        &fixture("pages.pdf"),
        Format::Pdf,
    )
    .await;
    assert_eq!(error, Err(ExtractError::Damaged("PDF".to_owned())));
}

#[tokio::test]
async fn a_pdf_that_unpacks_to_a_hundred_megabytes_is_refused() {
    let error = run(
        &extractor(Limits::default()),
        &fixture("bomb.pdf"),
        Format::Pdf,
    )
    .await
    .unwrap_err();
    assert!(!error.is_transient(), "{error}");
}

#[tokio::test]
async fn memory_and_processor_time_are_limited() {
    let text = Document::new("big.txt", &b"words and words\n".repeat(8 << 20));
    let narrow = Limits {
        memory_bytes: 256 << 20,
        ..Limits::default()
    };
    let error = run(&extractor(narrow), &text.path, Format::Plain)
        .await
        .unwrap_err();
    assert_eq!(error, ExtractError::OutOfMemory { allowed_mib: 256 });

    let wider = Limits {
        memory_bytes: 360 << 20,
        ..Limits::default()
    };
    let error = run(&extractor(wider), &text.path, Format::Plain)
        .await
        .unwrap_err();
    assert_eq!(error, ExtractError::OutOfMemory { allowed_mib: 360 });

    let page = Document::new("big.html", &b"<p>words &amp; words".repeat(4 << 20));
    let hasty = Limits {
        cpu_seconds: 1,
        max_blocks: u64::MAX,
        max_text_bytes: u64::MAX,
        ..Limits::default()
    };
    let error = run(&extractor(hasty), &page.path, Format::Html)
        .await
        .unwrap_err();
    assert_eq!(error, ExtractError::Timeout { seconds: 1 });
}
