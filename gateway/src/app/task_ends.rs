//! Names of tasks, and waiting for their ends.

use std::future::Future;
use std::time::Duration;
use tokio::task::JoinSet;

/// Name of a task that ended.
pub(super) type TaskName = String;

/// Runs a task and returns its name.
pub(super) async fn run_named(name: &str, task: impl Future<Output = ()>) -> TaskName {
    task.await;
    name.to_owned()
}

/// Name of an ended task, for messages.
pub(super) fn task_name(ended: Option<Result<TaskName, tokio::task::JoinError>>) -> TaskName {
    match ended {
        Some(Ok(name)) => name,
        Some(Err(error)) => format!("a task that failed ({error})"),
        None => "everything".to_owned(),
    }
}

/// Waits for the tasks of a stage; after the grace period the rest are logged and aborted.
pub(super) async fn drain_tasks(stage: &str, tasks: &mut JoinSet<TaskName>, grace: Duration) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, all).await.is_err() {
        tracing::warn!(stage, left = tasks.len(), "not stopped in time; aborted");
        tasks.abort_all();
    }
}
