//! What the database adds to a refusal and is not for the client: it steers the answer and is taken off the problem.

use storeroom_operations::Problem;

/// The member of that name, which the problem loses; `None` when it has none.
pub fn take(problem: &mut Problem, member: &str) -> Option<String> {
    let place = problem.members.iter().position(|(name, _)| *name == member)?;
    Some(problem.members.swap_remove(place).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use storeroom_operations::Code;

    #[test]
    fn a_member_is_taken_once() {
        let mut problem = Problem::new(Code::RateLimited, "slow").member("wait_s", "2").member("other", "3");
        assert_eq!(take(&mut problem, "wait_s").as_deref(), Some("2"));
        assert_eq!(take(&mut problem, "wait_s"), None);
        assert_eq!(problem.members, [("other", "3".to_owned())]);
    }
}
