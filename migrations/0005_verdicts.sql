-- Verdicts: the document as it was answered, and columns taken from it for queries.

CREATE TABLE verdicts (
  attester_id    uuid        NOT NULL REFERENCES attesters (id),
  id             uuid        NOT NULL,
  challenge_id   uuid        NOT NULL,
  status         text        NOT NULL
    CHECK (status IN ('affirming', 'warning', 'contraindicated', 'none')),
  decided_at     timestamptz NOT NULL,
  expires_at     timestamptz NOT NULL,
  policy_name    text        NOT NULL,
  policy_version integer     NOT NULL,
  reference_sets jsonb       NOT NULL,
  codes          text[]      NOT NULL,
  -- json, not jsonb: a stored verdict stays byte for byte what the attester was told.
  document       json        NOT NULL,
  PRIMARY KEY (attester_id, id),
  -- A second verdict for one nonce is impossible even if the code were wrong.
  UNIQUE (attester_id, challenge_id)
);

CREATE INDEX verdicts_by_id ON verdicts (id);
CREATE INDEX verdicts_newest ON verdicts (decided_at DESC, id DESC);
CREATE INDEX verdicts_newest_of_attester ON verdicts (attester_id, decided_at DESC, id DESC);
CREATE INDEX verdicts_newest_of_status ON verdicts (status, decided_at DESC, id DESC);
CREATE INDEX verdicts_codes ON verdicts USING gin (codes);
