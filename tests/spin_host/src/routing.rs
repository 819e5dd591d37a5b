//! Which component answers a path.
//!
//! Guarantees Spin's precedence whatever the order of the manifest: at the first segment where two matching routes
//! differ a literal beats `:name`, the longer route beats the shorter, and an exact route beats a wildcard. Slashes at
//! either end of a path mean nothing, and `/a/...` also matches `/a`.

use std::cmp::Ordering;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter,
}

#[derive(Debug)]
struct Route<T> {
    segments: Vec<Segment>,
    open_ended: bool,
    target: T,
}

/// Routes, the most specific first, each with what it leads to.
#[derive(Debug)]
pub struct Router<T> {
    routes: Vec<Route<T>>,
}

impl<T> Router<T> {
    /// Builds a router; the error names a route that is malformed or that matches the same paths as another.
    pub fn build<'a>(routes: impl IntoIterator<Item = (&'a str, T)>) -> Result<Self, String> {
        let mut built: Vec<Route<T>> = Vec::new();
        for (pattern, target) in routes {
            let route = Route::parse(pattern, target)?;
            if built.iter().any(|other| other.precedence(&route) == Ordering::Equal) {
                return Err(format!("route {pattern} matches the same paths as an earlier one"));
            }
            built.push(route);
        }
        built.sort_by(Route::precedence);
        Ok(Self { routes: built })
    }

    /// What the best route for `path` (without a query) leads to.
    pub fn find(&self, path: &str) -> Option<&T> {
        let segments = split(path);
        let route = self.routes.iter().find(|route| route.matches(&segments))?;
        Some(&route.target)
    }
}

impl<T> Route<T> {
    fn parse(pattern: &str, target: T) -> Result<Self, String> {
        if !pattern.starts_with('/') {
            return Err(format!("route {pattern} must start with a slash"));
        }
        let (path, open_ended) = match pattern.strip_suffix("/...") {
            Some(prefix) => (prefix, true),
            None => (pattern, false),
        };
        let segments = split(path).into_iter().map(Segment::parse).collect::<Option<_>>();
        let segments = segments.ok_or_else(|| format!("route {pattern} has a wildcard in the middle"))?;
        Ok(Self { segments, open_ended, target })
    }

    fn precedence(&self, other: &Self) -> Ordering {
        for (mine, theirs) in self.segments.iter().zip(&other.segments) {
            if mine != theirs {
                return mine.cmp(theirs);
            }
        }
        let longer_first = other.segments.len().cmp(&self.segments.len());
        longer_first.then(self.open_ended.cmp(&other.open_ended))
    }

    fn matches(&self, path: &[&str]) -> bool {
        let long_enough = if self.open_ended {
            path.len() >= self.segments.len()
        } else {
            path.len() == self.segments.len()
        };
        long_enough && self.segments.iter().zip(path).all(|(segment, part)| segment.matches(part))
    }
}

impl Segment {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "..." | "*" => None,
            _ if text.starts_with(':') => Some(Self::Parameter),
            _ => Some(Self::Literal(text.to_owned())),
        }
    }

    fn matches(&self, part: &str) -> bool {
        match self {
            Self::Literal(text) => text == part,
            Self::Parameter => !part.is_empty(),
        }
    }
}

fn split(path: &str) -> Vec<&str> {
    match path.trim_matches('/') {
        "" => Vec::new(),
        trimmed => trimmed.split('/').collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[&'static str]) -> Router<&'static str> {
        Router::build(routes.iter().map(|route| (*route, *route))).unwrap()
    }

    #[test]
    fn an_exact_route_matches_only_itself() {
        let router = router(&["/health"]);
        assert_eq!(router.find("/health"), Some(&"/health"));
        assert_eq!(router.find("/health/"), Some(&"/health"));
        assert_eq!(router.find("/health/deep"), None);
        assert_eq!(router.find("/"), None);
    }

    #[test]
    fn a_wildcard_matches_its_prefix_and_all_below() {
        let router = router(&["/api/..."]);
        for path in ["/api", "/api/", "/api/a", "/api/a/b"] {
            assert_eq!(router.find(path), Some(&"/api/..."), "{path}");
        }
        assert_eq!(router.find("/apis"), None);
    }

    #[test]
    fn exact_beats_wildcard_and_the_longest_prefix_wins_in_any_order() {
        let mut routes = ["/...", "/api/...", "/api/orders/...", "/api/orders"];
        for _ in 0..routes.len() {
            routes.rotate_left(1);
            let router = router(&routes);
            assert_eq!(router.find("/api/orders"), Some(&"/api/orders"));
            assert_eq!(router.find("/api/orders/1"), Some(&"/api/orders/..."));
            assert_eq!(router.find("/api/order"), Some(&"/api/..."));
            assert_eq!(router.find("/"), Some(&"/..."));
        }
    }

    #[test]
    fn a_literal_beats_a_parameter_and_a_parameter_takes_one_segment() {
        let router = router(&["/users/:id", "/users/me", "/users/:id/orders/...", "/users/..."]);
        assert_eq!(router.find("/users/me"), Some(&"/users/me"));
        assert_eq!(router.find("/users/7"), Some(&"/users/:id"));
        assert_eq!(router.find("/users/7/orders"), Some(&"/users/:id/orders/..."));
        assert_eq!(router.find("/users/7/keys"), Some(&"/users/..."));
    }

    #[test]
    fn the_root_is_a_route_like_any_other() {
        let router = router(&["/", "/..."]);
        assert_eq!(router.find("/"), Some(&"/"));
        assert_eq!(router.find("/x"), Some(&"/..."));
    }

    #[test]
    fn routes_that_match_the_same_paths_are_refused() {
        assert!(Router::build([("/a/:x", ()), ("/a/:y", ())]).is_err());
        assert!(Router::build([("/a", ()), ("/a/", ())]).is_err());
    }

    #[test]
    fn malformed_routes_are_refused() {
        for route in ["api", "/a/.../b", "/a/*"] {
            assert!(Router::build([(route, ())]).is_err(), "{route}");
        }
    }
}
