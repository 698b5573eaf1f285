-- Evidence as received. Chunks are written while a long list still streams in; only the
-- transaction that decides links them to a verdict. What stays unlinked is invisible and swept.

CREATE TABLE evidence (
  attester_id  uuid        NOT NULL REFERENCES attesters (id),
  id           uuid        NOT NULL,
  challenge_id uuid        NOT NULL,
  received_at  timestamptz NOT NULL,
  verdict_id   uuid,
  -- Quote, key, nonce, claims; null until linked.
  document     json,
  PRIMARY KEY (attester_id, id)
);

CREATE INDEX evidence_by_verdict ON evidence (verdict_id);
CREATE INDEX evidence_unlinked ON evidence (received_at) WHERE verdict_id IS NULL;

CREATE TABLE evidence_chunks (
  attester_id uuid    NOT NULL,
  evidence_id uuid    NOT NULL,
  -- boot-log, or segment-N counted from 0.
  part        text    NOT NULL,
  sequence    integer NOT NULL,
  size_bytes  integer NOT NULL,
  -- gzip; each chunk stands alone.
  bytes       bytea   NOT NULL,
  PRIMARY KEY (attester_id, evidence_id, part, sequence),
  FOREIGN KEY (attester_id, evidence_id) REFERENCES evidence (attester_id, id) ON DELETE CASCADE
);
ALTER TABLE evidence_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;
