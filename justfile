# The menu. Every recipe is a plain command that works without just.

# what is here
default:
    @just --list

# the console over the sample pipeline, in runs/demo
demo:
    cargo run --release -- demo

# all tests, as README.md and .ci/run call them
test:
    cargo test

# everything a submission must pass
check:
    bash .ci/run

# speed: decisions a second, the queue, diffs
bench:
    cargo bench

# decisions in PostgreSQL against bare commits of the same server; needs initdb
bench-postgres:
    cargo bench --bench postgres

# HTTP against bare SQLite commits and /healthz: the queue, a job, decisions, events to 200 streams
bench-http:
    cargo bench --bench http

# figures of a year with 100 000 decisions: time and memory
bench-figures:
    cargo bench --bench figures

# a decision and a bulk of 18, without and beside somebody who writes at full speed to the same disk (TMPDIR)
bench-neighbour:
    cargo bench --bench neighbour

# the operator's hour: 100 mixed gates in a real terminal, one by one and by marks; counts keys and bytes, checks each decision
hour GATES="100":
    HOLDPOINT_HOUR_GATES={{GATES}} cargo test --release --test program the_hour -- --nocapture

# the same by a console elsewhere, over a line of 64 kbit/s with 150 ms there and back: bytes, requests and waits; as root, with ip and python3
hour-far GATES="100":
    HOLDPOINT_HOUR_GATES={{GATES}} cargo test --release --test program the_hour_over -- --nocapture

# a recording of it, for asciinema
cast GATES="20":
    HOLDPOINT_HOUR_GATES={{GATES}} HOLDPOINT_HOUR_CASTS={{justfile_directory()}}/screenshots cargo test --release --test program the_hour

# fuzz one target of fuzz/ for so many seconds; needs `cargo install --locked cargo-fuzz`
fuzz TARGET SECONDS="60":
    RUSTC_BOOTSTRAP=1 cargo fuzz run -s none {{TARGET}} -- -max_total_time={{SECONDS}} -timeout=20

# so many random schedules of persons, timers, crashes and faults against the real rules
simulate SCHEDULES="1000000":
    HOLDPOINT_SIM_SCHEDULES={{SCHEDULES}} cargo test --profile simulate --test library no_schedule -- --nocapture

# consoles, deciders and leaders killed at random for so long, then the record is compared
torture MINUTES="20":
    HOLDPOINT_TORTURE_MINUTES={{MINUTES}} cargo test --test machine torture::whoever_is_killed_the -- --nocapture

# the same on three hosts that share a record in PostgreSQL, which is killed too, and whose lines are cut
torture-hosts MINUTES="20":
    HOLDPOINT_TORTURE_MINUTES={{MINUTES}} cargo test --test machine torture::whoever_is_killed_on -- --nocapture

# the pictures in screenshots/, from the real binary in a real terminal
screenshots:
    cargo build --release
    cargo run --release --manifest-path tools/screenshots/Cargo.toml -- --bin target/release/holdpoint --scenarios tools/screenshots/scenarios --out screenshots

# accept changed snapshots after reading them
accept:
    INSTA_UPDATE=always cargo test

# mixed reads and decisions over HTTP for so many seconds, then decisions verify
load SECONDS="10":
    cargo build --release
    tools/load.py target/release/holdpoint {{SECONDS}}

# how soon news reaches so many consoles, on a file or on HOLDPOINT_STORE; needs python3
news CONSOLES="50":
    cargo build --release
    tools/news.py target/release/holdpoint {{CONSOLES}}

# property-based requests against the running server, from its own OpenAPI document; needs python3 and PyPI
schemathesis EXAMPLES="50":
    cargo build
    tools/schemathesis.sh target/debug/holdpoint {{EXAMPLES}}

# the crates that are built in, with their licences, into THIRD-PARTY.md
notices:
    tools/third-party.sh > THIRD-PARTY.md

# the book in a browser; needs `cargo install mdbook`
book:
    mdbook serve docs --open

# the examples of pipelines in Python, Prefect among them: 300 MB from PyPI, and a minute or two
pipelines:
    python3 -m venv target/pipelines
    target/pipelines/bin/pip install --quiet requests pyyaml prefect dagster
    HOLDPOINT_PYTHON={{justfile_directory()}}/target/pipelines/bin/python cargo test --test program examples:: -- --nocapture

# contrib/airflow in the real Airflow, from PyPI
airflow:
    python3 -m venv target/airflow
    target/airflow/bin/pip install --quiet 'apache-airflow>=3.1,<4'
    HOLDPOINT_PYTHON={{justfile_directory()}}/target/airflow/bin/python cargo test --test program http::airflow

# everything that is handed out, in target/packages: tarball, .deb, .rpm, checksums
release:
    tools/release.sh

# the .deb installed in a fresh Debian, used, upgraded, removed and purged; as root, with debootstrap
deb-story:
    tools/deb-story.sh
