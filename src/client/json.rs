//! Replies as JSON (`--json`), for scripts.
use bantam_wire::Value;
use bantam_wire::repr::display;
use serde_json::{Map, Value as Json, json};

/// A reply: lists of named values, as `status` gives them, become objects.
pub(super) fn value(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Str(text) => json!(text),
        Value::Bytes(bytes) => json!(String::from_utf8_lossy(bytes)),
        Value::List(items) => named(items).unwrap_or_else(|| array(items)),
        Value::Tuple(items) => array(items),
        Value::Dict(pairs) => Json::Object(
            pairs
                .iter()
                .map(|(key, inner)| (display(key), value_of(inner)))
                .collect(),
        ),
        Value::Exception { class, .. } => error(class, &display(value)),
    }
}

/// What the server refused, and why.
pub(super) fn error(class: &str, message: &str) -> Json {
    json!({ "error": { "class": class, "message": message } })
}

fn value_of(inner: &Value) -> Json {
    value(inner)
}

fn array(items: &[Value]) -> Json {
    Json::Array(items.iter().map(value).collect())
}

fn named(items: &[Value]) -> Option<Json> {
    let pairs: Option<Map<String, Json>> = items
        .iter()
        .map(|item| match item {
            Value::Tuple(pair) => match pair.as_slice() {
                [Value::Str(name), inner] => Some((name.clone(), value(inner))),
                _ => None,
            },
            _ => None,
        })
        .collect();
    pairs.filter(|pairs| !pairs.is_empty()).map(Json::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_becomes_an_object() {
        let pair = |name: &str, value: Value| Value::Tuple(vec![name.into(), value]);
        let inner = Value::List(vec![
            pair("Currently failed", 2.into()),
            pair("File list", vec!["/a"].into()),
        ]);
        let status = Value::List(vec![pair("Filter", inner)]);
        let expected = json!({ "Filter": { "Currently failed": 2, "File list": ["/a"] } });
        assert_eq!(value(&status), expected);
        assert_eq!(value(&Value::List(vec![])), json!([]));
        assert_eq!(value(&Value::List(vec!["a".into(), Value::None])), json!(["a", null]));
    }
}
