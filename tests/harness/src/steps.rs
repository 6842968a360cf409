//! The steps of an execution by their names, as a failing case prints them.

/// Lines of `thread: step step …`, a line for each run of steps of one thread. Of more than `most` steps the
/// last are given.
pub fn schedule(steps: &[(usize, &str)], most: usize) -> String {
    const WIDTH: usize = 110;
    let from = steps.len().saturating_sub(most);
    let mut lines = Vec::new();
    if from > 0 {
        lines.push(format!("  … {from} steps before these"));
    }
    let (mut last, mut line) = (None, String::new());
    for (thread, step) in &steps[from..] {
        if last != Some(*thread) || line.len() + step.len() >= WIDTH {
            lines.push(std::mem::take(&mut line));
            line = if last == Some(*thread) { "           ".into() } else { format!("  thread {thread}:") };
            last = Some(*thread);
        }
        line.push(' ');
        line.push_str(step);
    }
    lines.push(line);
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::schedule;

    #[test]
    fn the_steps_of_a_thread_stand_in_one_line_until_another_goes_on() {
        let steps = [(0, "PushTail"), (0, "PushEntry"), (1, "PopHead"), (0, "PushPublish")];
        let all = "  thread 0: PushTail PushEntry\n  thread 1: PopHead\n  thread 0: PushPublish";
        assert_eq!(schedule(&steps, 10), all);
        let last = "  … 2 steps before these\n  thread 1: PopHead\n  thread 0: PushPublish";
        assert_eq!(schedule(&steps, 2), last);
    }
}
