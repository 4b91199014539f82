//! Commands and queries for callers that have nothing else to wait for: handed over, and waited for.

use domain::refusal::Refusal;

use super::Engine;
use super::api::{Answer, Notice, Query, Receipt};
use domain::ask::Command;

impl Engine {
    /// Hands a command over and waits for its answer; other notices are dropped. For commands, not for consoles.
    pub async fn call(&mut self, command: Command) -> Result<Box<Receipt>, Refusal> {
        let request = self.submit(command);
        loop {
            if let Notice::Done(answered, result) = self.notice().await
                && answered == request
            {
                return result;
            }
        }
    }

    /// Like [`Engine::call`], and waits until the files are in place under their names, or are found not to be for now.
    pub async fn call_published(&mut self, command: Command) -> Result<(Box<Receipt>, Result<(), Refusal>), Refusal> {
        let request = self.submit(command);
        let mut receipt = None;
        loop {
            match self.notice().await {
                Notice::Done(answered, result) if answered == request => receipt = Some(result?),
                Notice::Published(answered, result) if answered == request => {
                    if let Some(receipt) = receipt {
                        return Ok((receipt, result));
                    }
                }
                Notice::Done(..)
                | Notice::Published(..)
                | Notice::Answer(..)
                | Notice::Events(_)
                | Notice::Changed
                | Notice::Looked
                | Notice::Lead(_)
                | Notice::ConfigLoaded(..)
                | Notice::ConfigBroken(_)
                | Notice::ReadOnly(_)
                | Notice::Trouble(_) => {}
            }
        }
    }

    /// Hands a query over and waits for its answer; other notices are dropped. For commands, not for consoles.
    pub async fn read(&mut self, query: Query) -> Answer {
        let request = self.ask(query);
        loop {
            if let Notice::Answer(answered, answer) = self.notice().await
                && answered == request
            {
                return answer;
            }
        }
    }
}
