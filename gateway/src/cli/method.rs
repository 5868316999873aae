//! `pantau method`: every formula by itself, so that an auditor can redo any step.

use super::args::MethodAsk;
use super::{DONE, NO, WRONG};
use crate::analyse::methods::{self, Case, Difference, Fault, Field, Method, Need};
use crate::limits::METHOD_FILE_BYTES_MAX;
use crate::words::Lang;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Does what is asked; the exit status.
pub(super) fn run(ask: &MethodAsk, lang: Lang) -> u8 {
    match ask {
        MethodAsk::List { json } => show(&list(*json, lang)),
        MethodAsk::Eval { name, inputs, file } => {
            match (name.as_deref(), inputs.as_deref(), file.as_deref()) {
                (Some(name), Some(inputs), None) => by_hand(name, inputs, lang),
                (name, None, Some(file)) => from_file(name, file, lang),
                (_, Some(_), Some(_)) => wrong(&lang.text("cli-method-both")),
                _ => wrong(&lang.text("cli-method-inputs")),
            }
        }
    }
}

fn list(json: bool, lang: Lang) -> String {
    if json {
        let all: Vec<Value> = methods::all().map(|m| m.describe(lang)).collect();
        return format!("{:#}\n", Value::from(all));
    }
    methods::all()
        .map(|method| paragraph(method, lang))
        .collect()
}

fn paragraph(method: &Method, lang: Lang) -> String {
    let (name, section, text) = (method.name, method.section, method.text(lang));
    let inputs = method.inputs.iter().map(|field| input(field, lang));
    format!(
        "{section:<5} {name}\n      {text}\n{}",
        inputs.collect::<String>()
    )
}

fn input(field: &Field, lang: Lang) -> String {
    let need = match field.need {
        Need::Required => lang.text("cli-method-needed"),
        Need::Nullable => lang.text("cli-method-may-lack"),
        Need::For(words) => lang.say("cli-method-for", &[("words", &words.join(", "))]),
        Need::Or(x) => lang.say("cli-method-default", &[("value", &x.to_string())]),
        Need::OrWord(word) => lang.say("cli-method-default", &[("value", word)]),
    };
    let unit = match field.unit {
        "" => String::new(),
        unit => format!(" [{unit}]"),
    };
    let detail = match field.kind.detail() {
        detail if detail.is_empty() => detail,
        detail => format!(" ({detail})"),
    };
    format!("        {}{unit}{detail}: {need}\n", field.name)
}

fn by_hand(name: &str, inputs: &str, lang: Lang) -> u8 {
    let result = parse(inputs).and_then(|inputs| methods::eval(name, &inputs));
    match result {
        Ok(result) => show(&format!("{result}\n")),
        Err(fault) => wrong(&fault.say(lang)),
    }
}

/// A file of calls; with a name, a file of that method's inputs.
fn from_file(name: Option<&str>, file: &Path, lang: Lang) -> u8 {
    let text = match read(file, lang) {
        Ok(text) => text,
        Err(why) => return wrong(&why),
    };
    let content = match (name, parse(&text)) {
        (_, Err(fault)) => return wrong(&fault.say(lang)),
        (Some(name), Ok(inputs)) if ["fn", "vectors"].iter().all(|k| inputs.get(k).is_none()) => {
            json!({"fn": name, "inputs": inputs})
        }
        (_, Ok(content)) => content,
    };
    let cases = match methods::cases(&content) {
        Ok(cases) => cases,
        Err(fault) => return wrong(&fault.say(lang)),
    };
    match cases.as_slice() {
        [only] if only.expected.is_none() => by_case(only, lang),
        cases => all_cases(cases, lang),
    }
}

fn by_case(case: &Case, lang: Lang) -> u8 {
    match case.run().result {
        Ok(result) => show(&format!("{result}\n")),
        Err(fault) => wrong(&fault.say(lang)),
    }
}

/// Every case: a line for each result, or for each difference where the file says what it expects.
fn all_cases(cases: &[Case], lang: Lang) -> u8 {
    let (mut lines, mut good, mut status) = (Vec::new(), 0_usize, DONE);
    for case in cases {
        let outcome = case.run();
        match (outcome.result, &case.expected) {
            (Err(fault), _) => {
                status = WRONG;
                let why = fault.say(lang);
                let args = [
                    ("id", case.id.as_str()),
                    ("name", &case.name),
                    ("why", &why),
                ];
                lines.push(lang.say("cli-method-wrong", &args));
            }
            (Ok(result), None) => {
                let line = json!({"id": case.id, "fn": case.name, "result": result});
                lines.push(line.to_string());
            }
            (Ok(_), Some(_)) if outcome.differences.is_empty() => good += 1,
            (Ok(_), Some(_)) => {
                status = status.max(NO);
                let found = outcome.differences.iter();
                lines.extend(found.map(|found| difference(case, found, lang)));
            }
        }
    }
    let compared = cases.iter().filter(|case| case.expected.is_some()).count();
    if compared > 0 {
        let [good, all] = [good, compared].map(|n| n.to_string());
        lines.push(lang.say("cli-method-held", &[("good", &good), ("all", &all)]));
    }
    show(&(lines.join("\n") + "\n")).max(status)
}

fn difference(case: &Case, found: &Difference, lang: Lang) -> String {
    let [expected, got] = [&found.expected, &found.found].map(Value::to_string);
    let args = [
        ("id", case.id.as_str()),
        ("name", &case.name),
        ("place", &found.place),
        ("expected", &expected),
        ("found", &got),
    ];
    lang.say("cli-method-differs", &args)
}

fn parse(text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::Json {
        why: error.to_string(),
    })
}

fn read(file: &Path, lang: Lang) -> Result<String, String> {
    let name = file.display().to_string();
    let failed = |error: io::Error| {
        let why = format!("{name}: {error}");
        lang.say("cli-failed", &[("why", &why)])
    };
    let mut text = String::new();
    let mut bytes = File::open(file)
        .map_err(failed)?
        .take(METHOD_FILE_BYTES_MAX + 1);
    let length = bytes.read_to_string(&mut text).map_err(failed)?;
    if u64::try_from(length).is_ok_and(|length| length <= METHOD_FILE_BYTES_MAX) {
        return Ok(text);
    }
    let most = METHOD_FILE_BYTES_MAX.to_string();
    Err(lang.say("cli-method-large", &[("file", &name), ("most", &most)]))
}

/// To standard output; a reader that has seen enough (`| head`) is no failure.
fn show(text: &str) -> u8 {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => NO,
        _ => DONE,
    }
}

fn wrong(why: &str) -> u8 {
    eprintln!("pantau: {why}");
    WRONG
}
