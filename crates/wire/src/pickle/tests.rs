#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use crate::repr::repr;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs a script in Debian's Python (package `python3`) with `input` on its standard input.
fn python(script: &str, input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("/usr/bin/python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("needs Python: apt-get install python3");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "Python failed");
    output.stdout
}

fn leaf() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[ -~]{0,12}",
        prop::collection::vec(any::<char>(), 0..6).prop_map(|chars| chars.into_iter().collect()),
        Just("a<F2B_END_COMMAND>\\u\n\u{1F600}ß".to_owned()),
    ];
    prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-300i64..300).prop_map(Value::Int),
        any::<f64>()
            .prop_filter("NaN is unlike itself", |number| !number.is_nan())
            .prop_map(Value::Float),
        (-1e6f64..1e6).prop_map(|number| Value::Float((number * 100.0).round() / 100.0)),
        text.prop_map(Value::Str),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Value::Bytes),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 40, 6, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..5);
        prop_oneof![
            items.clone().prop_map(Value::List),
            items.prop_map(Value::Tuple),
            prop::collection::btree_map("[a-z]{0,4}", inner, 0..4).prop_map(|map| {
                Value::Dict(map.into_iter().map(|(key, value)| (Value::Str(key), value)).collect())
            }),
        ]
    })
}

/// Some hundred values at once, because starting Python takes longer than all the rest.
fn many_values() -> Vec<Value> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = value();
    (0..300)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

const SAME_ESCAPES: &str = "
import pickle, sys, unicodedata
# Characters that a newer Unicode assigned print otherwise in an older Python.
def known(value):
    if isinstance(value, str): return ''.join(c for c in value if unicodedata.category(c) != 'Cn')
    if isinstance(value, list): return [known(v) for v in value]
    if isinstance(value, tuple): return tuple(known(v) for v in value)
    if isinstance(value, dict): return {k: known(v) for k, v in value.items()}
    return value
values = known(pickle.load(sys.stdin.buffer))
";

#[test]
fn python_reads_what_is_written_and_the_other_way_round_in_every_protocol() {
    for protocol in 3..=5 {
        let values = Value::List(many_values());
        let script = format!(
            "import pickle, sys; sys.stdout.buffer.write(pickle.dumps(pickle.load(sys.stdin.buffer), {protocol}))"
        );
        let back = decode(&python(&script, &encode(&values))).unwrap();
        assert_eq!(back, values, "protocol {protocol}");
    }
}

#[test]
fn old_protocols_are_read_except_for_bytes() {
    fn without_bytes(value: Value) -> Value {
        match value {
            Value::Bytes(_) => Value::None,
            Value::List(items) => Value::List(items.into_iter().map(without_bytes).collect()),
            Value::Tuple(items) => Value::Tuple(items.into_iter().map(without_bytes).collect()),
            Value::Dict(pairs) => Value::Dict(
                pairs
                    .into_iter()
                    .map(|(key, value)| (key, without_bytes(value)))
                    .collect(),
            ),
            other => other,
        }
    }
    let values = Value::List(many_values().into_iter().map(without_bytes).collect());
    for protocol in 0..=2 {
        let script = format!(
            "import pickle, sys; sys.stdout.buffer.write(pickle.dumps(pickle.load(sys.stdin.buffer), {protocol}))"
        );
        let back = decode(&python(&script, &encode(&values))).unwrap();
        assert_eq!(back, values, "protocol {protocol}");
    }
}

#[test]
fn repr_is_pythons() {
    let script = format!(
        "{SAME_ESCAPES}
out = sys.stdout.buffer
for value in values: out.write(pickle.dumps((value, repr(value))))
out.write(pickle.dumps(None))"
    );
    let out = python(&script, &encode(&Value::List(many_values())));
    // The pickles stand one after another; each ends at the full stop that its reader stops at.
    let script = "import pickle, sys
values = []
while True:
    pair = pickle.load(sys.stdin.buffer)
    if pair is None: break
    values.append(pair)
sys.stdout.buffer.write(pickle.dumps(values))";
    let Value::List(pairs) = decode(&python(script, &out)).unwrap() else {
        panic!("no list")
    };
    assert_eq!(pairs.len(), 300);
    for pair in pairs {
        let Value::Tuple(pair) = pair else { panic!("no pair") };
        assert_eq!(repr(&pair[0]), pair[1].as_str().unwrap());
    }
}

#[test]
fn repr_of_every_known_character_is_pythons() {
    let script = "import pickle, sys, unicodedata
known = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in ('Cn', 'Cs', 'Co')]
sys.stdout.buffer.write(pickle.dumps([(''.join(known[i:i+500]), repr(''.join(known[i:i+500]))) for i in range(0, len(known), 500)]))";
    let Value::List(pairs) = decode(&python(script, b"")).unwrap() else {
        panic!("no list")
    };
    assert!(pairs.len() > 200);
    for pair in pairs {
        let Value::Tuple(pair) = pair else { panic!("no pair") };
        assert_eq!(repr(&pair[0]), pair[1].as_str().unwrap());
    }
}

fn pickled(expression: &str) -> Vec<u8> {
    let script = format!(
        "import pickle, sys, os, re, ipaddress
class Address:
    def __init__(self, text): self.text = text
    def __reduce__(self): return (str, (self.text,))
class Evil:
    def __init__(self, *call): self.call = call
    def __reduce__(self): return self.call
sys.stdout.buffer.write(pickle.dumps({expression}, 5))"
    );
    python(&script, b"")
}

#[test]
fn addresses_sent_as_calls_of_str_are_texts() {
    let got = decode(&pickled(
        "['set', 'j', 'banip', Address('::1'), Address('::1'), {1}, frozenset()]",
    ))
    .unwrap();
    let set = |items: Vec<Value>| Value::List(items);
    let expected = vec![
        "set".into(),
        "j".into(),
        "banip".into(),
        "::1".into(),
        "::1".into(),
        set(vec![1.into()]),
        set(vec![]),
    ];
    assert_eq!(got, Value::List(expected));
}

#[test]
fn a_list_used_twice_is_whole_in_both_places() {
    let got = decode(&pickled("(lambda x: [x, x, (x,)])(['a', {'b': 1}])")).unwrap();
    assert_eq!(repr(&got), "[['a', {'b': 1}], ['a', {'b': 1}], (['a', {'b': 1}],)]");
}

#[test]
fn nothing_that_runs_is_read() {
    for evil in [
        "Evil(os.system, ('true',))",
        "Evil(eval, ('1',))",
        "[Evil(str, ('a', 'b'))]",
        "Evil(getattr, (str, 'join'))",
        "ValueError('x')",
        "re.compile('x')",
        "os.system",
        "str",
        "ipaddress.ip_address('::1')",
    ] {
        let bytes = pickled(evil);
        let error = decode(&bytes).expect_err(evil);
        assert!(error.0.starts_with("the pickle"), "{evil}: {error}");
    }
    let error = decode(&pickled("Evil(os.system, ('true',))")).unwrap_err();
    assert_eq!(error.0, "the pickle calls posix.system, which is refused");
}

#[test]
fn exceptions_in_replies_are_data() {
    let got = decode_reply(&pickled("(1, KeyError('x'))")).unwrap();
    assert_eq!(repr(&got), "(1, KeyError('x'))");
    let got = decode_reply(&pickled("(1, FileNotFoundError(2, 'No such file', '/x'))")).unwrap();
    assert_eq!(repr(&got), "(1, FileNotFoundError(2, 'No such file'))");
    let state = "(lambda e: (setattr(e, 'note', 'x'), (1, e))[1])(ValueError('with state'))";
    assert_eq!(
        repr(&decode_reply(&pickled(state)).unwrap()),
        "(1, ValueError('with state'))"
    );
    for protocol in [2, 5] {
        let script =
            format!("import pickle, sys; sys.stdout.buffer.write(pickle.dumps(ValueError('x', 1), {protocol}))");
        let got = decode_reply(&python(&script, b"")).unwrap();
        let args = vec!["x".into(), 1.into()];
        assert_eq!(
            got,
            Value::Exception {
                module: "builtins".into(),
                class: "ValueError".into(),
                args
            }
        );
    }
}

#[test]
fn a_class_is_named_by_a_name() {
    for (module, class) in [
        ("a\u{1b}[31m", "B"),
        ("a", "B\r"),
        ("", "B"),
        ("a", "B..C"),
        ("a b", "C"),
    ] {
        let bytes = format!("c{module}\n{class}\n(tR.");
        let error = decode_reply(bytes.as_bytes()).unwrap_err();
        assert_eq!(
            error.0, "the pickle names a class by something that is no name",
            "{module:?} {class:?}"
        );
    }
}

#[test]
fn messages_of_exceptions_are_pythons() {
    let expressions = [
        "ValueError()",
        "ValueError('text')",
        "ValueError(1, 'two')",
        "KeyError('key')",
        "KeyError()",
        "OSError(2, 'No such file or directory')",
        "FileNotFoundError(2, 'No such file or directory', 'a\\'b')",
        "OSError(2, 'No', 'a', None, 'b')",
        "OSError('only')",
        "UnicodeDecodeError('utf-8', b'ab\\xff', 2, 3, 'invalid start byte')",
        "UnicodeDecodeError('utf-8', b'ab\\xff', 1, 3, 'invalid')",
        "AttributeError('no attribute')",
        "IndexError('list index out of range')",
    ];
    for expression in expressions {
        let all = format!("(lambda e: (e, str(e), repr(e), repr(e.args)))({expression})");
        let Value::Tuple(parts) = decode_reply(&pickled(&all)).unwrap() else {
            panic!("no tuple")
        };
        let Value::Exception { module, class, args } = &parts[0] else {
            panic!("no exception: {expression}")
        };
        assert_eq!(
            crate::repr::display(&parts[0]),
            parts[1].as_str().unwrap(),
            "{expression}"
        );
        assert_eq!(repr(&parts[0]), parts[2].as_str().unwrap(), "{expression}");
        let args = crate::repr::tuple(crate::exception::shown_args(module, class, args));
        assert_eq!(args, parts[3].as_str().unwrap(), "{expression}");
    }
}

#[test]
fn python_gets_exceptions_back_as_its_own() {
    let exception = |module: &str, class: &str, args: Vec<Value>| Value::Exception {
        module: module.into(),
        class: class.into(),
        args,
    };
    let values = vec![
        exception("builtins", "KeyError", vec!["x".into()]),
        exception(
            "builtins",
            "FileNotFoundError",
            vec![2.into(), "No".into(), "/x".into()],
        ),
        exception("builtins", "ValueError", vec![]),
    ];
    let script =
        "import pickle, sys; print([(type(e).__name__, str(e)) for e in pickle.load(sys.stdin.buffer)], end='')";
    let out = python(script, &encode(&Value::List(values)));
    let expected = r#"[('KeyError', "'x'"), ('FileNotFoundError', "[Errno 2] No: '/x'"), ('ValueError', '')]"#;
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn no_message_holds_its_own_end_marker_twice() {
    let bytes = encode(&Value::List(vec![
        "x<F2B_END_COMMAND>y".into(),
        "<F2B_CLOSE_COMMAND>".into(),
    ]));
    assert!(!bytes.windows(5).any(|window| window == b"<F2B_"));
}

#[test]
fn numbers_beyond_64_bits_are_errors() {
    assert_eq!(
        decode(&pickled("2**63")).unwrap_err().0,
        "an integer in the pickle does not fit 64 bits"
    );
    assert_eq!(decode(&pickled("-2**63")).unwrap(), Value::Int(i64::MIN));
    assert_eq!(
        decode(&pickled("-2**63-1")).unwrap_err().0,
        "an integer in the pickle does not fit 64 bits"
    );
    assert_eq!(
        decode(b"L99999999999999999999L\n.").unwrap_err().0,
        "an integer in the pickle does not fit 64 bits"
    );
}

#[test]
fn a_lonely_surrogate_becomes_the_replacement_character() {
    assert_eq!(decode(&pickled("'a\\udcffb'")).unwrap(), "a\u{fffd}b".into());
    assert_eq!(
        decode(b"X\x02\0\0\0a\xff.").unwrap_err().0,
        "a text in the pickle is not UTF-8"
    );
}

#[test]
fn nesting_repetition_and_cycles_end_in_errors() {
    let deep = [vec![b'('; 200_000], vec![b'l'; 200_000], vec![b'.']].concat();
    assert_eq!(decode(&deep).unwrap_err().0, "the pickle is nested too deeply");
    // A list of ten of a list of ten of ...: 10^30 values in 400 bytes.
    let mut laughs = b"\x80\x04]\x94".to_vec();
    for level in 0..30u8 {
        laughs.extend(b"](");
        laughs.extend([b'h', level].repeat(10));
        laughs.extend(b"e\x94");
    }
    laughs.push(b'.');
    assert_eq!(decode(&laughs).unwrap_err().0, "the pickle holds too many values");
    assert_eq!(decode_reply(&laughs).unwrap_err().0, "the pickle holds too many values");
    // A text of 60 KB, two hundred times.
    let text = [b"X\x60\xea\0\0".as_slice(), &[b'x'; 60_000], b"\x94"].concat();
    let shouted = [b"(".as_slice(), &text, &b"h\0".repeat(200), b"t."].concat();
    assert!(decode(&shouted).is_ok());
    let shouted = [b"(".as_slice(), &text, &b"h\0".repeat(2000), b"t."].concat();
    assert_eq!(decode(&shouted).unwrap_err().0, "the texts in the pickle are too long");
    let own = b"]\x94(h\0h\0e.";
    assert!(decode(own).is_err());
    let many = [vec![b'N'; MAX_REQUEST_NODES + 1], vec![b'.']].concat();
    assert_eq!(decode(&many).unwrap_err().0, "the pickle holds too many values");
    for opcode in [b"2".as_slice(), b"(", b"\x94"] {
        let held = [b"N".to_vec(), opcode.repeat(MAX_REQUEST_NODES + 1), b".".to_vec()].concat();
        assert_eq!(decode(&held).unwrap_err().0, "the pickle holds too many values");
    }
    assert_eq!(
        decode(b"X\xff\xff\xff\xff.").unwrap_err().0,
        "pickle data was truncated"
    );
    assert_eq!(
        decode(b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff.").unwrap_err().0,
        "pickle data was truncated"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn bytes_of_any_kind_give_a_value_or_an_error(
        noise in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"()]}.NKaetusdl0125cRbhq\x85\x86\x87\x93\x94\x81".to_vec())], 0..64),
    ) {
        let _ = decode(&noise);
        let _ = decode_reply(&noise);
    }

    #[test]
    fn a_cut_or_bent_message_gives_a_value_or_an_error(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encode(&value);
        prop_assert_eq!(&decode(&bytes).unwrap(), &value);
        let place = at.index(bytes.len());
        prop_assert!(decode(&bytes[..place]).is_err());
        bytes[place] = byte;
        let _ = decode_reply(&bytes);
    }
}
