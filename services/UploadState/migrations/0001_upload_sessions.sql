-- One row for each upload that was opened. How far an open one is says the chunk map, which is not ours.
CREATE TABLE upload_sessions (
  file_id                      text COLLATE "C" PRIMARY KEY CHECK (length(file_id) = 31),
  account_id                   text COLLATE "C" NOT NULL,
  user_id                      text COLLATE "C" NOT NULL,
  file_hash                    bytea CHECK (octet_length(file_hash) = 32),   -- SHA-256 as the client says; null where it does not
  file_name                    text,
  file_type                    text,
  file_size                    bigint NOT NULL CHECK (file_size >= 0),
  chunk_size                   bigint NOT NULL CHECK (chunk_size > 0),
  chunks_total                 integer NOT NULL CHECK (chunks_total BETWEEN 0 AND 10000),
  threads                      integer NOT NULL CHECK (threads >= 0),
  edges_used                   text[] NOT NULL,                              -- those it was opened with
  estimated_cost_micro_dollars bigint NOT NULL,
  status                       text NOT NULL DEFAULT 'in_progress'
    CHECK (status IN ('in_progress', 'paused', 'completed', 'failed', 'aborted', 'expired')),
  multipart_upload_id          text,                                         -- the store's; null until someone needs it
  started_at                   timestamptz NOT NULL,
  expires_at                   timestamptz NOT NULL,
  completed_at                 timestamptz,                                  -- when it ended, however it did
  bytes_uploaded               bigint NOT NULL DEFAULT 0,                    -- this and what follows: known at the end
  actual_cost_micro_dollars    bigint NOT NULL DEFAULT 0,
  edge_ids                     text[] NOT NULL DEFAULT '{}',                 -- edges that chunks came through, most bytes first,
  edge_chunks                  bigint[] NOT NULL DEFAULT '{}',               -- and how many chunks
  edge_bytes                   bigint[] NOT NULL DEFAULT '{}'                -- and bytes through each
);
CREATE INDEX upload_sessions_by_account ON upload_sessions (account_id, started_at DESC);
CREATE INDEX upload_sessions_by_user ON upload_sessions (account_id, user_id, started_at DESC);
CREATE INDEX upload_sessions_by_expiry ON upload_sessions (expires_at) WHERE status IN ('in_progress', 'paused');
CREATE INDEX upload_sessions_by_end ON upload_sessions (completed_at) WHERE completed_at IS NOT NULL;

-- What clients saved about their uploads; the chunk lists of save-state are not kept, the chunk map knows better.
CREATE TABLE upload_states (
  file_id   text COLLATE "C" PRIMARY KEY REFERENCES upload_sessions (file_id) ON DELETE CASCADE,
  edges     text[] NOT NULL,
  saved_at  timestamptz NOT NULL
);
