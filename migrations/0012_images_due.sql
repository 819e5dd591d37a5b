-- The removal of files that no image shows any more counts among what is due.

DROP VIEW next_due;
CREATE VIEW next_due (at) AS
SELECT min(at) FROM (
    SELECT min(publish_at) AS at FROM products WHERE status = 'scheduled'
    UNION ALL SELECT min(warn_at) FROM api_keys WHERE warn_at IS NOT NULL
    UNION ALL SELECT min(at) + 20000 FROM audit WHERE seal IS NULL
    UNION ALL SELECT min(expires_at) FROM holds WHERE state = 'open'
    UNION ALL SELECT min(expires_at) FROM orders WHERE state = 'pending'
    UNION ALL SELECT min(due_at) FROM webhook_endpoints WHERE due_at IS NOT NULL
    UNION ALL SELECT min(due_at) FROM jobs
    UNION ALL SELECT min(due_at) FROM image_files WHERE due_at IS NOT NULL
);
