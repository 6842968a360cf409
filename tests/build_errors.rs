//! A builder's error names the setting that is wrong.
#![cfg(feature = "std")]

use jobring::{Backend, BuildError, Builder, Pool};

/// The error of a builder, in words.
fn error<const PAYLOAD: usize>(builder: Builder<PAYLOAD>) -> String {
    builder.build().expect_err("a setting is wrong").to_string()
}

#[test]
fn the_error_begins_with_the_name_of_the_setting() {
    const TOO_LARGE: usize = (1 << 20) + 16;
    let plain = || Pool::builder().workers(2);
    let wrong = [
        ("workers", error(plain().workers(1 << 20))),
        ("workers", error(plain().workers(usize::MAX))),
        ("min_workers", error(plain().min_workers(3))),
        ("max_workers", error(plain().max_workers(1))),
        ("max_workers", error(plain().max_workers(1 << 20))),
        ("max_workers", error(plain().grow_to(8).max_workers(7))),
        ("grow_to", error(plain().grow_to(1 << 20))),
        ("capacity", error(plain().capacity(0))),
        ("capacity", error(plain().capacity(1 << 20))),
        ("payload", error(plain().payload::<TOO_LARGE>())),
        ("stack_size", error(plain().stack_size(1))),
        ("stack_size", error(plain().stack_size(usize::MAX))),
        ("guard_size", error(plain().guard_size(usize::MAX))),
        ("guard_size", error(plain().backend(Backend::Std).guard_size(1))),
        ("cpus", error(plain().backend(Backend::Std).cpus([0]))),
        ("on_start", error(plain().on_start(|_| panic!("no")))),
    ];
    for (name, said) in wrong {
        assert!(said.starts_with(&format!("{name} ")), "{name}: {said}");
    }
    #[cfg(not(feature = "pthread"))]
    assert_eq!(error(plain().backend(Backend::Pthread)), "backend is not supported by this build or backend");
    #[cfg(all(feature = "pthread", target_os = "linux"))]
    assert!(error(plain().backend(Backend::Pthread).cpus([1 << 20])).starts_with("cpus "));
    assert!(matches!(plain().stack_size(1).build(), Err(BuildError::StackTooSmall(_))));
}
