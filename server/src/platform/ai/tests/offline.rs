//! The provider without a network, through the same door.

use super::*;

fn offline(latency: Duration) -> (Gateway, Arc<Recorder>) {
    let settings = AiSettings {
        offline_latency: latency,
        ..settings_of(&[ProviderName::Offline])
    };
    let seen = Arc::new(Recorder::default());
    let observer: Arc<dyn AiObserver> = Arc::<Recorder>::clone(&seen);
    let no_client = || -> Result<outbound::Client, _> { panic!("a client was asked for") };
    let gateway = Gateway::new(&settings, no_client, observer, Arc::new(|| 0.0));
    (gateway.unwrap(), seen)
}

#[tokio::test]
async fn it_answers_word_by_word_with_real_counts_and_no_network() {
    let (gateway, seen) = offline(Duration::ZERO);
    let model = gateway.models().default_model().clone();
    let (request, bound) = Gateway::prepare(question(model.clone()));
    let mut answer = gateway.stream_chat(&hold(), request.clone()).await.unwrap();
    assert_eq!(answer.model(), &model);
    let mut deltas = Vec::new();
    while let Some(Ok(ChatEvent::Delta(delta))) = answer.next().await {
        deltas.push(delta);
    }
    assert_eq!(
        deltas,
        [
            "The ",
            "greetings ",
            "come ",
            "from ",
            "the ",
            "harbour ",
            "[1]."
        ]
    );
    let usage = answer.usage();
    assert!(!usage.estimated);
    assert!(
        usage.prompt_tokens <= bound.prompt_tokens,
        "{usage:?} {bound:?}"
    );
    assert!(usage.completion_tokens <= bound.completion_tokens);
    drop(answer);
    let again = hear(gateway.stream_chat(&hold(), request).await.unwrap()).await;
    assert_eq!((again.text, again.usage), (deltas.concat(), usage));
    assert_eq!(seen.count("chat offline/test-model completed"), 2);
}

#[tokio::test]
async fn it_keeps_to_the_output_limit() {
    let (gateway, _) = offline(Duration::ZERO);
    let model = gateway.models().default_model().clone();
    let request = ChatRequest {
        max_output_tokens: 4,
        ..question(model)
    };
    let heard = hear(gateway.stream_chat(&hold(), request).await.unwrap()).await;
    assert_eq!(
        (heard.text.as_str(), heard.end),
        ("The greetings come ", Ok(FinishReason::Length))
    );
    assert!(heard.usage.completion_tokens <= 4);
}

#[tokio::test]
async fn it_takes_its_time_when_told_to() {
    let latency = Duration::from_millis(20);
    let (gateway, _) = offline(latency);
    let model = gateway.models().default_model().clone();
    let started = Instant::now();
    hear(gateway.stream_chat(&hold(), question(model)).await.unwrap()).await;
    assert!(started.elapsed() >= latency * 7);
}

#[tokio::test]
async fn its_vectors_find_what_is_alike() {
    let (gateway, _) = offline(Duration::ZERO);
    let model = ModelRef::new(ProviderName::Offline, "hashed");
    let texts = [
        "How do I change the password of an account?",
        "An account's password is changed on the settings page.",
        "Tides rise and fall twice a day.",
    ]
    .map(str::to_owned);
    let answer = gateway.embed(&hold(), &model, &texts).await.unwrap();
    let like = |a: usize, b: usize| -> f32 {
        answer.vectors[a]
            .iter()
            .zip(&answer.vectors[b])
            .map(|(x, y)| x * y)
            .sum()
    };
    assert!(
        like(0, 1) > like(0, 2) + 0.2,
        "{} {}",
        like(0, 1),
        like(0, 2)
    );
    assert!(!answer.usage.estimated && answer.usage.prompt_tokens > 20);
    let none = gateway.embed(&hold(), &model, &[]).await.unwrap();
    assert!(none.vectors.is_empty());
}

#[test]
fn calls_can_be_made_from_any_task() {
    fn is_send<T: Send>(_: &T) {}
    let (gateway, _) = offline(Duration::ZERO);
    let model = gateway.models().default_model().clone();
    let (held, texts) = (hold(), Vec::new());
    is_send(&gateway.stream_chat(&held, question(model.clone())));
    is_send(&gateway.embed(&held, &model, &texts));
    is_send::<Option<Answer>>(&None);
}
