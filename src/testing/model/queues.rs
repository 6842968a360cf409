//! A blocking queue on a port that the model has too.

use crate::BlockingQueue;
use crate::platform::ModelPort;

/// An empty queue.
pub fn blocking_queue<T, const N: usize>(port: &ModelPort) -> BlockingQueue<T, N> {
    BlockingQueue::on(port.clone())
}
