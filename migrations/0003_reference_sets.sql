-- Reference sets: immutable versions over content that is stored once for each digest.

CREATE TABLE reference_set_contents (
  id         uuid        PRIMARY KEY,
  -- What the content means, whatever its form. Null while the upload runs; what never gets one is
  -- swept.
  digest     text        UNIQUE,
  format     text        NOT NULL CHECK (format IN ('digest-lines', 'ndjson')),
  paths      text        NOT NULL CHECK (paths IN ('free', 'bound')),
  started_at timestamptz NOT NULL
);

CREATE TABLE reference_set_chunks (
  content_id uuid    NOT NULL REFERENCES reference_set_contents (id) ON DELETE CASCADE,
  sequence   integer NOT NULL,
  -- gzip; each chunk stands alone.
  bytes      bytea   NOT NULL,
  PRIMARY KEY (content_id, sequence)
);
ALTER TABLE reference_set_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE reference_sets (
  name       text        NOT NULL,
  version    integer     NOT NULL CHECK (version > 0),
  digest     text        NOT NULL REFERENCES reference_set_contents (digest),
  entries    integer     NOT NULL,
  size_bytes bigint      NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (name, version),
  UNIQUE (name, digest)
);

CREATE TABLE active_reference_sets (
  name         text        PRIMARY KEY,
  version      integer     NOT NULL,
  activated_at timestamptz NOT NULL,
  FOREIGN KEY (name, version) REFERENCES reference_sets (name, version)
);
