-- How far each upload has come towards being a file, and who is working on it.
CREATE TABLE completions (
  file_id       varchar(31) PRIMARY KEY,
  account_id    varchar(64) NOT NULL,
  user_id       varchar(64) NOT NULL,
  state         text NOT NULL CHECK (state IN ('completing', 'completed', 'abandoned')),
  lease_token   bigint NOT NULL,                     -- a former holder has a lower one
  lease_until   timestamptz NOT NULL,
  started_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now()
);

-- What lies in the object store. Several files may lie on one object.
CREATE TABLE objects (
  object_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id        varchar(64) NOT NULL,
  object_key        text NOT NULL UNIQUE,
  size_bytes        bigint NOT NULL CHECK (size_bytes >= 0),
  claimed_hash      bytea CHECK (length(claimed_hash) = 32),   -- null where the client said nothing
  content_hash      bytea CHECK (length(content_hash) = 32),   -- what was found when it was read back
  state             text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'verified', 'refuted', 'unreadable')),
  verified_at       timestamptz,
  verify_after      timestamptz NOT NULL,
  verify_attempts   integer NOT NULL DEFAULT 0,
  reference_count   integer NOT NULL CHECK (reference_count >= 0),
  created_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX objects_to_verify ON objects (verify_after) WHERE state = 'new';

-- Finished files, each of one user.
CREATE TABLE files (
  file_id       varchar(31) PRIMARY KEY,
  account_id    varchar(64) NOT NULL,
  user_id       varchar(64) NOT NULL,
  object_id     bigint NOT NULL REFERENCES objects (object_id),
  name          text NOT NULL,
  media_type    varchar(255) NOT NULL,
  size_bytes    bigint NOT NULL CHECK (size_bytes >= 0),
  file_hash     bytea CHECK (length(file_hash) = 32),
  cloned_from   varchar(31),
  created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX files_by_object ON files (object_id);
CREATE INDEX files_by_owner ON files (account_id, user_id, created_at);

-- One record for each file: what its transfer cost, or what a duplicate saved.
CREATE TABLE usage (
  file_id               varchar(31) PRIMARY KEY REFERENCES files (file_id),
  account_id            varchar(64) NOT NULL,
  user_id               varchar(64) NOT NULL,
  kind                  text NOT NULL CHECK (kind IN ('transfer', 'duplicate')),
  size_bytes            bigint NOT NULL CHECK (size_bytes >= 0),
  amount_micro_dollars  bigint NOT NULL CHECK (amount_micro_dollars >= 0),
  recorded_at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX usage_by_account ON usage (account_id, recorded_at);

-- The sums of usage, so that nobody has to scan it. Written in the same transaction.
CREATE TABLE usage_totals (
  account_id                 varchar(64) NOT NULL,
  user_id                    varchar(64) NOT NULL,
  transferred_bytes          bigint NOT NULL DEFAULT 0,
  cost_micro_dollars         bigint NOT NULL DEFAULT 0,
  saved_bytes                bigint NOT NULL DEFAULT 0,
  saved_cost_micro_dollars   bigint NOT NULL DEFAULT 0,
  files                      bigint NOT NULL DEFAULT 0,
  duplicates                 bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, user_id)
);

-- What other services must still learn. A row goes once it was heard.
CREATE TABLE outbox (
  outbox_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  file_id           varchar(31) NOT NULL,
  account_id        varchar(64) NOT NULL,
  queue             text NOT NULL,                   -- what one file has in one queue is told in order
  kind              text NOT NULL,
  payload           bytea NOT NULL,                  -- the request, in the wire form of its contract
  attempts          integer NOT NULL DEFAULT 0,
  next_attempt_at   timestamptz NOT NULL DEFAULT now(),
  last_error        text,
  created_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_due ON outbox (next_attempt_at);
CREATE INDEX outbox_order ON outbox (file_id, queue, outbox_id);
