//! `pantau method`: each formula on its own, so that an auditor can repeat any calculation step.

use super::args::MethodCommand;
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, print_usage_error};
use super::file_error::io_reason;
use super::standard_output::print_text;
use crate::domain::vanished_number;
use crate::i18n::Language;
use crate::limits::METHOD_FILE_BYTES_MAX;
use crate::methods::{
    self, FormulaMethod, InputRequirement, MethodError, MethodInput, MethodOutput, VectorCase,
    VectorDifference,
};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Runs the subcommand; returns the exit status.
pub(super) fn run_method(ask: &MethodCommand, lang: Language) -> u8 {
    match ask {
        MethodCommand::List { json } => print_result(&methods_text(*json, lang)),
        MethodCommand::Eval { name, inputs, file } => {
            match (name.as_deref(), inputs.as_deref(), file.as_deref()) {
                (Some(name), Some(inputs), None) => eval_inputs(name, inputs, lang),
                (name, None, Some(file)) => eval_file(name, file, lang),
                (_, Some(_), Some(_)) => print_usage_error(&lang.text("cli-method-both")),
                _ => print_usage_error(&lang.text("cli-method-inputs")),
            }
        }
    }
}

fn methods_text(json: bool, lang: Language) -> String {
    if json {
        let all: Vec<Value> = methods::all().map(|m| m.describe(lang)).collect();
        return format!("{:#}\n", Value::from(all));
    }
    methods::all()
        .map(|method| method_text(method, lang))
        .collect()
}

fn method_text(method: &FormulaMethod, lang: Language) -> String {
    let (name, section, text) = (method.name, method.section, method.text(lang));
    let inputs = method.inputs.iter().map(|field| input_line(field, lang));
    let outputs = method.outputs.iter().map(|field| output_line(field, lang));
    format!(
        "{section:<5} {name}\n      {text}\n{}{}",
        inputs.collect::<String>(),
        outputs.collect::<String>()
    )
}

fn output_line(field: &MethodOutput, lang: Language) -> String {
    let unit = unit_text(field.unit, lang);
    // A result that is one bare value has no name.
    let name = if field.name.is_empty() {
        "="
    } else {
        field.name
    };
    format!("      → {name} [{unit}]\n")
}

/// A unit, or the words for what has none.
fn unit_text(unit: &str, lang: Language) -> String {
    match unit {
        what @ ("1" | "unit" | "text" | "bool" | "list") => {
            lang.text(&format!("cli-method-output-{what}"))
        }
        unit => unit.to_owned(),
    }
}

fn input_line(field: &MethodInput, lang: Language) -> String {
    let need = match field.need {
        InputRequirement::Required => lang.text("cli-method-needed"),
        InputRequirement::Nullable => lang.text("cli-method-may-lack"),
        InputRequirement::For(words) => {
            lang.text_with("cli-method-for", &[("words", &words.join(", "))])
        }
        InputRequirement::Or(x) => {
            lang.text_with("cli-method-default", &[("value", &x.to_string())])
        }
        InputRequirement::OrWord(word) => lang.text_with("cli-method-default", &[("value", word)]),
    };
    let unit = match field.unit {
        "" => String::new(),
        "unit" => format!(" [{}]", lang.text("cli-method-input-unit")),
        unit => format!(" [{}]", unit_text(unit, lang)),
    };
    let detail = match field.kind.detail() {
        detail if detail.is_empty() => detail,
        detail => format!(" ({detail})"),
    };
    format!("        {}{unit}{detail}: {need}\n", field.name)
}

fn eval_inputs(name: &str, inputs: &str, lang: Language) -> u8 {
    let result = parse_json(inputs).and_then(|inputs| methods::eval_method(name, &inputs));
    match result {
        Ok(result) => print_result(&format!("{result}\n")),
        Err(fault) => print_usage_error(&fault.message(lang)),
    }
}

/// Evaluates a file of cases; with a name, a file with the inputs of that one method.
fn eval_file(name: Option<&str>, file: &Path, lang: Language) -> u8 {
    let text = match read_method_file(file, lang) {
        Ok(text) => text,
        Err(why) => return print_usage_error(&why),
    };
    let content = match (name, parse_json(&text)) {
        (_, Err(fault)) => return print_usage_error(&fault.message(lang)),
        // A file without `fn` and `vectors` has only the inputs, and the method comes from the
        // call.
        (Some(name), Ok(inputs)) if ["fn", "vectors"].iter().all(|k| inputs.get(k).is_none()) => {
            json!({"fn": name, "inputs": inputs})
        }
        (_, Ok(content)) => content,
    };
    let cases = match methods::parse_cases(&content) {
        Ok(cases) => cases,
        Err(fault) => return print_usage_error(&fault.message(lang)),
    };
    match cases.as_slice() {
        [only] if only.expected.is_none() => eval_case(only, lang),
        cases => eval_cases(cases, lang),
    }
}

fn eval_case(case: &VectorCase, lang: Language) -> u8 {
    match case.run().result {
        Ok(result) => print_result(&format!("{result}\n")),
        Err(fault) => print_usage_error(&fault.message(lang)),
    }
}

/// Evaluates every case: one line for each result, or for each difference where the file has
/// expected results.
fn eval_cases(cases: &[VectorCase], lang: Language) -> u8 {
    let (mut lines, mut good, mut status) = (Vec::new(), 0_usize, EXIT_DONE);
    for case in cases {
        let outcome = case.run();
        match (outcome.result, &case.expected) {
            (Err(fault), _) => {
                status = EXIT_USAGE;
                let why = fault.message(lang);
                let args = [
                    ("id", case.id.as_str()),
                    ("name", &case.name),
                    ("why", &why),
                ];
                lines.push(lang.text_with("cli-method-wrong", &args));
            }
            (Ok(result), None) => {
                let line = json!({"id": case.id, "fn": case.name, "result": result});
                lines.push(line.to_string());
            }
            (Ok(_), Some(_)) if outcome.differences.is_empty() => good += 1,
            (Ok(_), Some(_)) => {
                // A case that cannot be computed (2) outweighs a difference (1).
                status = status.max(EXIT_NEGATIVE);
                let found = outcome.differences.iter();
                lines.extend(found.map(|found| difference_text(case, found, lang)));
            }
        }
    }
    let compared = cases.iter().filter(|case| case.expected.is_some()).count();
    if compared > 0 {
        // Shown only for files with expected results, such as the golden vectors.
        let [good, all] = [good, compared].map(|n| n.to_string());
        lines.push(lang.text_with("cli-method-held", &[("good", &good), ("all", &all)]));
    }
    print_result(&(lines.join("\n") + "\n")).max(status)
}

fn difference_text(case: &VectorCase, found: &VectorDifference, lang: Language) -> String {
    let [expected, got] = [&found.expected, &found.found].map(Value::to_string);
    let args = [
        ("id", case.id.as_str()),
        ("name", &case.name),
        ("place", &found.place),
        ("expected", &expected),
        ("found", &got),
    ];
    lang.text_with("cli-method-differs", &args)
}

fn parse_json(text: &str) -> Result<Value, MethodError> {
    if let Some(number) = vanished_number(text) {
        return Err(MethodError::Json {
            why: format!("number out of range: {number}"),
        });
    }
    serde_json::from_str(text).map_err(|error| MethodError::Json {
        why: error.to_string(),
    })
}

fn read_method_file(file: &Path, lang: Language) -> Result<String, String> {
    let name = file.display().to_string();
    let failed = |error: io::Error| {
        let why = format!("{name}: {}", io_reason(&error, lang));
        lang.text_with("cli-failed", &[("why", &why)])
    };
    let mut text = String::new();
    // One byte more than allowed, so that a longer file is noticed.
    let mut bytes = File::open(file)
        .map_err(failed)?
        .take(METHOD_FILE_BYTES_MAX + 1);
    let length = bytes.read_to_string(&mut text).map_err(failed)?;
    if u64::try_from(length).is_ok_and(|length| length <= METHOD_FILE_BYTES_MAX) {
        return Ok(text);
    }
    let most = METHOD_FILE_BYTES_MAX.to_string();
    Err(lang.text_with("cli-method-large", &[("file", &name), ("most", &most)]))
}

/// Prints the result of a command that is done.
fn print_result(text: &str) -> u8 {
    print_text(text);
    EXIT_DONE
}
