//! Another static library made of Rust, with its own copy of the standard library.

/// Uses what must not clash: memory, a panic, catching it.
#[unsafe(no_mangle)]
pub extern "C" fn other_answer() -> i32 {
    let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(42)));
    caught.err().and_then(|payload| payload.downcast::<i32>().ok()).map_or(0, |answer| *answer)
}
