-- What every account has stored, by hash and by what its name and type say.

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;

CREATE TABLE file_hashes (
  file_id       text PRIMARY KEY,
  account_id    text NOT NULL,
  user_id       text NOT NULL,
  file_hash     bytea NOT NULL CHECK (octet_length(file_hash) = 32),
  file_size     bigint NOT NULL CHECK (file_size >= 0),
  file_name     text NOT NULL,
  file_type     text NOT NULL,
  object_key    text NOT NULL,
  -- When the stored bytes were read back and matched the hash; until then the hash is a claim.
  verified_at   timestamptz,
  -- Vectors of different embedders cannot be compared.
  embedder      text NOT NULL,
  embedding     vector(384) NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX file_hashes_exact ON file_hashes (account_id, file_hash, file_size);

-- Cosine distance; searched with iterative scans, because the account is filtered after the index (pgvector 0.8).
CREATE INDEX file_hashes_embedding ON file_hashes USING hnsw (embedding vector_cosine_ops);
