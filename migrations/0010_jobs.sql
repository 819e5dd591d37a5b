-- Jobs: work that goes on after its request was answered. So far imports of products.

CREATE TABLE jobs (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    -- Sorts by creation.
    id TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT job_kind_known CHECK (kind IN ('import')),
    -- What is `uploading` is no job yet, and shown to nobody: its file is still coming, or never came whole.
    state TEXT NOT NULL
        CONSTRAINT job_state_known CHECK (state IN ('uploading', 'queued', 'running', 'done', 'failed')),
    dry_run INTEGER NOT NULL CONSTRAINT job_dry_run_is_boolean CHECK (dry_run IN (0, 1)),
    -- Rows in all, those that were applied, and those that could not be.
    total INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    -- How many things are wrong with those: the first of them are in job_errors.
    mistakes INTEGER NOT NULL DEFAULT 0,
    -- The parts of the file that are kept, numbered from 0; those below `part` are gone.
    parts INTEGER NOT NULL DEFAULT 0,
    -- Where it goes on: the part, and how many of its rows are done.
    part INTEGER NOT NULL DEFAULT 0,
    part_row INTEGER NOT NULL DEFAULT 0,
    -- The moment that the newest ids name: those made next sort after them, whatever the clock says.
    ids_at INTEGER NOT NULL DEFAULT 0,
    -- The runner that is at it, and how often one began since it last got further.
    lease TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    -- When somebody should look: at once while there is work, at the end of a runner's lease, and in the end to forget it.
    due_at INTEGER NOT NULL,
    -- Why it failed.
    problem TEXT,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1 CONSTRAINT job_version_counts CHECK (version >= 1),
    PRIMARY KEY (store_id, id),
    CONSTRAINT job_counts_fit CHECK (created + updated + unchanged + failed <= total),
    CONSTRAINT job_finished_has_time CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL)),
    CONSTRAINT job_failed_says_why CHECK ((state = 'failed') = (problem IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_due ON jobs (due_at, store_id);

-- What was wrong with the rows of a job, in the order of the file.
CREATE TABLE job_errors (
    store_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    -- Counts up by one from 1.
    number INTEGER NOT NULL,
    line INTEGER NOT NULL,
    sku TEXT,
    pointer TEXT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (store_id, job_id, number),
    FOREIGN KEY (store_id, job_id) REFERENCES jobs (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE VIEW job_documents (store_id, id, version, document) AS
SELECT store_id, id, version, json_object(
    'id', id,
    'kind', kind,
    'state', state,
    'dry_run', json(iif(dry_run, 'true', 'false')),
    'total', total,
    'done', created + updated + unchanged,
    'created', created,
    'updated', updated,
    'unchanged', unchanged,
    'failed', failed,
    'errors_url', iif(failed > 0, '/api/pms/jobs/' || id || '/errors', NULL),
    'problem', problem,
    'version', version,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch'),
    'finished_at', strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1000.0, 'unixepoch')
)
FROM jobs WHERE state <> 'uploading';

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
);
