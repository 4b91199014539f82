//! What one program did to the files below a runs directory, read from the words of strace.

use std::collections::BTreeMap;

/// One step; paths are relative to the runs directory, which itself is "".
#[derive(Debug, Clone)]
pub enum Op {
    Create(String),
    MakeDirectory(String),
    Write(String, Option<u64>, Vec<u8>),
    Truncate(String, u64),
    Rename(String, String),
    Link(String, String),
    Unlink(String),
    Flush(String),
    /// The program told its answer.
    Answer,
}

/// The options that make strace say what is read here.
pub const OPTIONS: [&str; 8] = [
    "-f",
    "-y",
    "-xx",
    "-s",
    "4194304",
    "-e",
    "signal=none",
    "--trace=openat,open,write,writev,pwrite64,pwritev,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,fsync,\
     fdatasync,ftruncate,fallocate,syncfs,sync",
];

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.split("\\x").skip(1);
    digits
        .filter_map(|digits| u8::from_str_radix(digits.get(..2)?, 16).ok())
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What stands between these two, decoded.
fn between(part: &str, open: char, close: char) -> Option<Vec<u8>> {
    let (_, rest) = part.split_once(open)?;
    Some(unhex(rest.split_once(close)?.0))
}

/// Reads a trace: `root` is where the program was started.
pub fn parse(trace: &str, root: &str) -> Vec<Op> {
    let (mut ops, mut begun) = (Vec::new(), BTreeMap::new());
    let mut has_answered = false;
    for line in trace.lines() {
        let (pid, call) = line.split_once(' ').unwrap_or(("", line));
        let call = call.trim_start();
        let call = if let Some(start) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(pid.to_owned(), start.to_owned());
            continue;
        } else if call.starts_with("<... ") {
            let rest = call.split_once(" resumed>").map_or("", |(_, rest)| rest);
            begun.remove(pid).unwrap_or_default() + rest
        } else {
            call.to_owned()
        };
        let Some((before, result)) = call.rsplit_once(" = ") else {
            continue;
        };
        if result.starts_with('-') || result.starts_with('?') {
            continue;
        }
        let Some((name, arguments)) = before.trim_end().split_once('(') else {
            continue;
        };
        let arguments: Vec<&str> = arguments.trim_end_matches(')').split(", ").collect();
        read_call(name, &arguments, result, root, &mut has_answered, &mut ops);
    }
    ops
}

fn read_call(name: &str, arguments: &[&str], result: &str, root: &str, has_answered: &mut bool, ops: &mut Vec<Op>) {
    let runs = format!("{root}/runs");
    let below = |path: String| -> Option<String> {
        let path = path.strip_prefix(&runs)?;
        let path = path.strip_prefix('/').unwrap_or(path);
        (!path.ends_with("-shm")).then(|| path.to_owned())
    };
    let of_handle = |at: usize| -> Option<String> { below(text(&between(arguments.get(at)?, '<', '>')?)) };
    let named = |at: usize| -> Option<String> {
        let path = text(&between(arguments.get(at)?, '"', '"')?);
        if path.starts_with('/') {
            return below(path);
        }
        let above = at.checked_sub(1).and_then(|at| between(arguments.get(at)?, '<', '>'));
        below(format!(
            "{}/{path}",
            above.map_or_else(|| root.to_owned(), |above| text(&above))
        ))
    };
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u64>().ok());
    let bytes = |at: usize| {
        arguments
            .get(at)
            .and_then(|text| between(text, '"', '"'))
            .unwrap_or_default()
    };
    let op = match name {
        "write" if arguments.first().is_some_and(|to| to.starts_with("1<")) => {
            if std::mem::replace(has_answered, true) {
                return;
            }
            Some(Op::Answer)
        }
        "openat"
            if arguments
                .get(2)
                .is_some_and(|flags| flags.contains("O_CREAT") || flags.contains("O_TRUNC")) =>
        {
            let path = between(result, '<', '>').and_then(|path| below(text(&path)));
            path.inspect(|path| ops.push(Op::Create(path.clone())))
                .filter(|_| arguments[2].contains("O_TRUNC"))
                .map(|path| Op::Truncate(path, 0))
        }
        "write" => of_handle(0).map(|path| Op::Write(path, None, bytes(1))),
        "pwrite64" => of_handle(0).map(|path| Op::Write(path, number(3), bytes(1))),
        "ftruncate" => of_handle(0).map(|path| Op::Truncate(path, number(1).unwrap_or(0))),
        "fsync" | "fdatasync" => of_handle(0).map(Op::Flush),
        "rename" => named(0).zip(named(1)).map(|(from, to)| Op::Rename(from, to)),
        "renameat" | "renameat2" => named(1).zip(named(3)).map(|(from, to)| Op::Rename(from, to)),
        "link" => named(0).zip(named(1)).map(|(from, to)| Op::Link(from, to)),
        "linkat" => named(1).zip(named(3)).map(|(from, to)| Op::Link(from, to)),
        "unlink" => named(0).map(Op::Unlink),
        "unlinkat" => named(1).map(Op::Unlink),
        "mkdir" => named(0).map(Op::MakeDirectory),
        "mkdirat" => named(1).map(Op::MakeDirectory),
        "writev" | "pwritev" | "fallocate" if of_handle(0).is_some() => panic!("{name} is not modelled"),
        "syncfs" | "sync" => panic!("a whole file system is flushed"),
        _ => None,
    };
    ops.extend(op);
}
