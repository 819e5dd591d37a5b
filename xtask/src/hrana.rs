//! A libSQL database over HTTP, as far as these commands need it: scripts, and statements with arguments.
//!
//! Guarantees: one POST a call, the stream closed by it, a time limit; the database's own message in a failure.
//! Relies on: Hrana 3 (`/v3/pipeline`). The service has its own client in shared/hrana, which needs a host's ports.

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// A database that is reached by URL.
pub struct Database {
    agent: ureq::Agent,
    pipeline: String,
    token: Option<String>,
}

impl Database {
    /// A database at `url`, which may be `libsql://`, `https://` or `http://`.
    pub fn at(url: &str, token: Option<String>) -> Result<Self> {
        let url = url.replacen("libsql://", "https://", 1);
        if !url.starts_with("https://") && !url.starts_with("http://") {
            bail!("\"{url}\" is no database address: it begins with libsql://, https:// or http://.");
        }
        let config =
            ureq::Agent::config_builder().timeout_global(Some(LIMIT)).http_status_as_error(false).build();
        let pipeline = format!("{}/v3/pipeline", url.trim_end_matches('/'));
        Ok(Self { agent: ureq::Agent::new_with_config(config), pipeline, token })
    }

    /// Runs statements that are separated by semicolons; when one fails, an open transaction is rolled back.
    pub fn script(&self, sql: &str) -> Result<()> {
        self.call(json!({ "type": "sequence", "sql": sql })).map(|_| ())
    }

    /// Runs one statement with text arguments and returns its rows, each cell as the protocol writes it.
    pub fn query(&self, sql: &str, arguments: &[&str]) -> Result<Vec<Vec<String>>> {
        let arguments: Vec<Value> =
            arguments.iter().map(|text| json!({ "type": "text", "value": text })).collect();
        let answer = self.call(json!({ "type": "execute", "stmt": { "sql": sql, "args": arguments } }))?;
        let rows = answer.pointer("/response/result/rows").and_then(Value::as_array);
        rows.context("the database's answer has no rows")?.iter().map(cells).collect()
    }

    fn call(&self, request: Value) -> Result<Value> {
        let mut post = self.agent.post(&self.pipeline).header("content-type", "application/json");
        if let Some(token) = &self.token {
            post = post.header("authorization", format!("Bearer {token}"));
        }
        let body = json!({ "baton": null, "requests": [request, { "type": "close" }] }).to_string();
        let mut response =
            post.send(body).map_err(|error| anyhow!("the database does not answer: {error}."))?;
        let status = response.status();
        let text = response.body_mut().read_to_string().context("the database's answer broke off")?;
        match status.as_u16() {
            200 => first_result(&text),
            401 | 403 => {
                bail!("the database refuses the token: pass the variable that holds it with --token-env.")
            }
            other => bail!("the database answers {other}: {text}"),
        }
    }
}

fn first_result(text: &str) -> Result<Value> {
    let answer: Value = serde_json::from_str(text).context("the database's answer is no JSON")?;
    let result = answer.pointer("/results/0").context("the database's answer has no result")?;
    if result.get("type").and_then(Value::as_str) == Some("ok") {
        return Ok(result.clone());
    }
    let message = result.pointer("/error/message").and_then(Value::as_str).unwrap_or("it gives no reason");
    bail!("the database refuses: {message}")
}

fn cells(row: &Value) -> Result<Vec<String>> {
    let cells = row.as_array().context("a row of the database is no list")?;
    Ok(cells.iter().map(|cell| cell.get("value").map_or_else(String::new, plain)).collect())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
