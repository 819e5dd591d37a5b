//! A connection that fails on purpose.
//!
//! Guarantees: what it says never happened did not happen on the connection below, and the other way round.

use async_trait::async_trait;
use std::rc::Rc;
use storeroom_ports::{Connection, DatabaseError};
use storeroom_sql::{Script, Statement, StepResult};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The line is cut: that step and those after it never ran.
    CutBefore(usize),
    /// That step fails, and the script goes on as its conditions say.
    Refuse(usize),
    /// Everything ran, and the answer is lost.
    AnswerLost,
}

/// A connection with a fault.
pub struct Faulty {
    /// The connection below.
    pub inner: Rc<dyn Connection>,
    /// Its fault.
    pub fault: Fault,
}

#[async_trait(?Send)]
impl Connection for Faulty {
    async fn run(&self, script: &Script) -> Result<Vec<StepResult>, DatabaseError> {
        let mut script = script.clone();
        match self.fault {
            Fault::CutBefore(step) => script.steps.truncate(step),
            Fault::Refuse(step) => {
                script.steps[step].statement = Statement::plain("INSERT INTO guard SELECT 0")
            }
            Fault::AnswerLost => {}
        }
        let results = self.inner.run(&script).await?;
        match self.fault {
            Fault::Refuse(_) => Ok(results),
            Fault::CutBefore(_) | Fault::AnswerLost => {
                Err(DatabaseError::OutcomeUnknown("the line was cut".to_owned()))
            }
        }
    }
}
