//! Pictures of holdpoint's screens: plays scenarios in a real terminal and saves what it shows.
//!
//! ```text
//! holdpoint-screenshots --bin PROGRAM --scenarios DIRECTORY|FILE --out DIRECTORY [--svg]
//! ```
//! The scenario format is described in [`scenario`]. The terminal, the keys and the clean environment are those of holdpoint's tests.

#[allow(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../../../tests/support/environment.rs"]
mod environment;
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../../../tests/support/keys.rs"]
mod keys;
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../../../tests/support/pty.rs"]
mod pty;
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../../../tests/support/screen.rs"]
mod screen;
#[path = "../../../tests/support/terminal.rs"]
mod terminal;

mod glyph;
mod palette;
mod picture;
mod play;
mod scenario;
mod svg;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: holdpoint-screenshots --bin PROGRAM --scenarios DIRECTORY|FILE --out DIRECTORY [--svg]";

struct Arguments {
    program: PathBuf,
    scenarios: PathBuf,
    out: PathBuf,
    is_svg_kept: bool,
}

fn main() -> ExitCode {
    match arguments().and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Arguments, String> {
    let (mut program, mut scenarios, mut out, mut is_svg_kept) = (None, None, None, false);
    let mut given = std::env::args_os().skip(1);
    while let Some(name) = given.next() {
        let target = match name.to_str() {
            Some("--bin") => &mut program,
            Some("--scenarios") => &mut scenarios,
            Some("--out") => &mut out,
            Some("--svg") => {
                is_svg_kept = true;
                continue;
            }
            _ => return Err(format!("{}: unknown\n{USAGE}", name.display())),
        };
        *target = Some(PathBuf::from(
            given
                .next()
                .ok_or_else(|| format!("{}: no value\n{USAGE}", name.display()))?,
        ));
    }
    Ok(Arguments {
        program: program.ok_or(USAGE)?,
        scenarios: scenarios.ok_or(USAGE)?,
        out: out.ok_or(USAGE)?,
        is_svg_kept,
    })
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let program = absolute(&arguments.program)?;
    let painter = picture::Painter::new();
    std::fs::create_dir_all(&arguments.out).map_err(|error| format!("{}: {error}", arguments.out.display()))?;
    for file in scenario_files(&arguments.scenarios)? {
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let scenario = scenario::parse(&text).map_err(|problem| problem.at(&file))?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let scene = play::Scene::prepare(&name, &program)?;
        scene
            .play(&scenario, &mut |shot, screen| {
                let svg = svg::draw(screen);
                if arguments.is_svg_kept {
                    save(&arguments.out.join(format!("{shot}.svg")), svg.as_bytes())?;
                }
                save(&arguments.out.join(format!("{shot}.png")), &painter.png(&svg)?)?;
                // What a test can read of the picture.
                save(&arguments.out.join(format!("{shot}.txt")), (screen::text(screen) + "\n").as_bytes())
            })
            .map_err(|problem| problem.at(&file))?;
    }
    Ok(())
}

fn scenario_files(given: &Path) -> Result<Vec<PathBuf>, String> {
    if given.is_file() {
        return Ok(vec![given.to_owned()]);
    }
    let entries = std::fs::read_dir(given).map_err(|error| format!("{}: {error}", given.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "scene"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(format!("{}: no *.scene file in it", given.display()));
    }
    Ok(files)
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[allow(
    clippy::disallowed_methods,
    reason = "a picture can be made again; the rule is for holdpoint's own records"
)]
fn save(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}
