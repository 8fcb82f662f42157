-- The chunk map: one row for each chunk that an edge has claimed or recorded. Spread over partitions by file, so that one upload
-- lies in one of them and vacuum works on small tables.
CREATE TABLE upload_chunks (
  file_id      text COLLATE "C" NOT NULL CHECK (length(file_id) = 31),
  chunk_index  integer NOT NULL CHECK (chunk_index BETWEEN 0 AND 9999),
  account_id   text COLLATE "C" NOT NULL,
  hash         bytea NOT NULL CHECK (octet_length(hash) = 32),  -- SHA-256 of the plain bytes
  size         bigint NOT NULL CHECK (size > 0),
  edge_id      text COLLATE "C" NOT NULL,
  claimed_at   timestamptz NOT NULL DEFAULT now(),
  etag         text,                                            -- the store's word for the part; null while only claimed
  stored_at    timestamptz,                                     -- null while only claimed
  PRIMARY KEY (file_id, chunk_index),
  CHECK ((etag IS NULL) = (stored_at IS NULL))
) PARTITION BY HASH (file_id);

DO $$
BEGIN
  FOR part IN 0..15 LOOP
    EXECUTE format(
      'CREATE TABLE upload_chunks_%s PARTITION OF upload_chunks FOR VALUES WITH (MODULUS 16, REMAINDER %s) WITH (fillfactor = 70)',
      lpad(part::text, 2, '0'), part);
  END LOOP;
END $$;
