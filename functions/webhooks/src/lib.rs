//! Webhook endpoints, the deliveries of events to them, and the log of every attempt.
