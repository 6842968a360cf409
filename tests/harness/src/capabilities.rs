//! What several tests do not see, each for its own reason: names, and where names stand.

/// Interrupts.
pub const INTERRUPTS: &[&str] = &["job/interrupt.rs", "engine/interrupt.rs"];
/// Waits until the pool is idle.
pub const IDLE_WAITS: &[&str] = &["ring/inside.rs", "IdleWaitBegin", "IdleWaitFence", "IdleWaitEnd"];
/// Listeners: waits for one of several jobs, and threads in scopes of interrupts.
pub const LISTENERS: &[&str] = &["ListenBegin", "ListenEnd"];
