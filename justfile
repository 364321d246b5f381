# Each recipe is one line of cargo; `just check` is what must be green before a commit.

# All checks.
check: fmt clippy doc test

# Is everything formatted?
fmt:
    cargo fmt --check

# Lints, warnings denied.
clippy:
    cargo clippy --locked --all-targets -- -D warnings

# Do the doc comments build without a broken link?
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

# All tests; `just test extract::` runs some.
test *filter:
    cargo test --locked {{ filter }}

# Licences, banned crates, registries (needs cargo-deny 0.20).
deny:
    cargo deny check bans licenses sources

# Figures beside a limit (needs a release build of the program).
bench:
    cargo run --release --example bench_pass && cargo run --release --example bench_article

# Figures beside nginx (needs a release build of the program, nginx and wrk).
bench-serve *arguments:
    cargo run --release --example bench_serve -- {{ arguments }}

# See it work without network.
demo *flags:
    cargo run --release -- demo {{ flags }}
