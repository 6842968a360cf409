//! The pairs to freeze, divided between two processes: the stop points are a process's, and one process keeps
//! little more than one core busy.

use crate::{Scene, Target, site};
use jobring_harness::again;
use std::process::Child;

/// What to freeze, where, and how often the census came there.
pub type Case = (Target, Scene, u64);

/// In the environment of the second process: its cases.
const CASES: &str = "JOBRING_FREEZE_CASES";

const SCENES: [Scene; 6] =
    [Scene::Open, Scene::Shared, Scene::Closing, Scene::Queues, Scene::Calls, Scene::Lanes];

fn write((target, scene, hits): &Case) -> String {
    let after = target.after.map_or(String::new(), |(role, site)| format!(" {role} {}", site as u16));
    format!("{} {} {} {hits}{after}", target.role, target.site as u16, *scene as u8)
}

fn read(text: &str) -> Case {
    let numbers: Vec<u64> = text.split(' ').map(|number| number.parse().expect("a number")).collect();
    let role = |at: usize| numbers[at].try_into().expect("a role");
    let site = |at: usize| site(numbers[at].try_into().expect("a site"));
    let after = (numbers.len() > 4).then(|| (role(4), site(5)));
    (Target { role: role(0), site: site(1), after }, SCENES[numbers[2] as usize], numbers[3])
}

/// The cases of this process, if it is the second one.
pub fn given() -> Option<Vec<Case>> {
    let cases = std::env::var(CASES).ok()?;
    Some(cases.split(';').map(read).collect())
}

/// Starts the second process with every second case, for the test of this name. The others remain.
pub fn divide(cases: Vec<Case>, test: &str) -> (Vec<Case>, Child) {
    let (second, first): (Vec<_>, Vec<_>) = cases.into_iter().enumerate().partition(|(at, _)| at % 2 == 1);
    let text: Vec<_> = second.iter().map(|(_, case)| write(case)).collect();
    let mut command = again(&[]);
    let child = command.args(["--exact", test, "--nocapture"]).env(CASES, text.join(";")).spawn();
    (first.into_iter().map(|(_, case)| case).collect(), child.expect("this program, once more"))
}
