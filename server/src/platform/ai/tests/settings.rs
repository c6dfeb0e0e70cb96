//! From settings to providers: what may be chosen, and what cannot work.

use pretty_assertions::assert_eq;

use super::*;
use crate::platform::config::{Config, EnvSource};

/// The configuration's own reading of the environment.
fn read(environment: &[(&str, &str)]) -> AiSettings {
    match Config::load(&EnvSource::from_pairs(environment.iter().copied())) {
        Ok((config, _)) => AiSettings::from(&config.ai),
        Err(problems) => panic!("{problems}"),
    }
}

#[test]
fn the_configuration_is_taken_over_whole() {
    let settings = read(&[
        ("AI_PROVIDERS", "gemini,openai,offline"),
        ("GEMINI_API_KEY", "first"),
        ("GOOGLE_API_KEY_2", "second"),
        ("OPENAI_API_KEY", KEY),
        ("AI_MODELS", "openai/gpt-x,openai/meta/llama,gemini-2.5-pro"),
        ("DEFAULT_MODEL", "gemini-2.5-flash"),
        ("MOCK_LATENCY_MS", "7"),
        ("AI_BREAKER_FAILURES", "9"),
    ]);
    let labels: Vec<&str> = settings
        .gemini
        .keys
        .iter()
        .map(|key| key.label.as_str())
        .collect();
    assert_eq!(labels, ["key 1 of Gemini", "key 2 of Gemini"]);
    assert_eq!(settings.offline_latency, Duration::from_millis(7));
    assert_eq!(settings.breaker.failures, 9);
    let shown = format!("{settings:?}");
    assert!(!shown.contains(KEY) && !shown.contains("second"), "{shown}");

    let models = Models::new(&settings);
    let ids: Vec<&str> = models
        .choices()
        .iter()
        .map(|choice| choice.id.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "gemini-2.5-flash",
            "openai/gpt-x",
            "openai/meta/llama",
            "gemini-2.5-pro"
        ]
    );
    let llama = ModelRef::new(ProviderName::OpenAi, "meta/llama");
    assert_eq!(models.find("openai/meta/llama"), Some(&llama));
    assert_eq!(
        models.find("gemini/gemini-2.5-pro"),
        models.find("gemini-2.5-pro")
    );
    assert_eq!(models.find("gpt-x"), None);
    assert_eq!(
        models.default_model().to_string(),
        "gemini/gemini-2.5-flash"
    );
    let chain: Vec<String> = models
        .chain(&llama)
        .iter()
        .map(ModelRef::to_string)
        .collect();
    let wanted = [
        "openai/meta/llama",
        "gemini/gemini-2.5-flash",
        "offline/gemini-2.5-flash",
    ];
    assert_eq!(chain, wanted);
}

#[test]
fn settings_that_cannot_work_name_the_variable() {
    let refusal = |settings: &AiSettings| {
        let observer = Arc::new(Recorder::default());
        let built = Gateway::new(settings, outbound::client, observer, Arc::new(|| 0.0));
        built.err().expect("a refusal").to_string()
    };
    let keyless = settings_of(&[ProviderName::Gemini]);
    assert!(refusal(&keyless).contains("GEMINI_API_KEY"));
    let mut nowhere = settings_of(&[ProviderName::OpenAi]);
    nowhere.openai.base_url = "ftp://x".to_owned();
    assert!(refusal(&nowhere).contains("OPENAI_BASE_URL"));
    let mut broken = settings_of(&[ProviderName::OpenAi]);
    broken.openai.base_url = "http://localhost".to_owned();
    broken.openai.api_key = Some(SecretString::from("sk-\n"));
    assert_eq!(
        refusal(&broken),
        "OPENAI_API_KEY contains characters that cannot be sent in an HTTP header"
    );
}
