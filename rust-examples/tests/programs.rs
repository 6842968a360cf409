//! Each program checks what it does, and exits with 0 only if all was right.

use std::process::Command;

fn run(program: &str) {
    let output = Command::new(program).output().expect("a program");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&said));
}

#[test]
fn actors_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_actors"));
}

#[test]
fn blocking_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_blocking"));
}

#[test]
fn producer_consumer_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_producer_consumer"));
}

#[test]
fn epoll_echo_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_epoll_echo"));
}

#[test]
fn exchange_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_exchange"));
}

#[test]
fn fetch_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_fetch"));
}

#[test]
fn isolate_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_isolate"));
}

#[test]
fn no_heap_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_no_heap"));
}

#[test]
fn ordered_locks_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_ordered_locks"));
}

#[test]
fn requests_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_requests"));
}

#[test]
fn squares_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_squares"));
}

#[test]
fn words_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_words"));
}

#[test]
fn work_manager_finds_itself_right() {
    run(env!("CARGO_BIN_EXE_work_manager"));
}
