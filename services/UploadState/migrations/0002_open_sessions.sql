-- An account's unfinished uploads, however many it has completed since.
CREATE INDEX upload_sessions_open ON upload_sessions (account_id, started_at DESC) WHERE status IN ('in_progress', 'paused');
