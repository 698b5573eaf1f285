-- Challenges. The row is what makes a nonce usable once: it is spent by one update that asks
-- whether it was spent. Keyed by attester, as every table that grows with the fleet.

CREATE TABLE challenges (
  attester_id    uuid        NOT NULL REFERENCES attesters (id),
  id             uuid        NOT NULL,
  nonce          bytea       NOT NULL,
  -- The policy version and the set versions that the evidence will be appraised under.
  policy_name    text        NOT NULL,
  policy_version integer     NOT NULL,
  reference_sets jsonb       NOT NULL,
  from_index     bigint      NOT NULL,
  issued_at      timestamptz NOT NULL,
  expires_at     timestamptz NOT NULL,
  spent_at       timestamptz,
  PRIMARY KEY (attester_id, id),
  FOREIGN KEY (policy_name, policy_version) REFERENCES policies (name, version)
);

CREATE INDEX challenges_by_id ON challenges (id);
CREATE INDEX challenges_open ON challenges (attester_id, issued_at DESC) WHERE spent_at IS NULL;
CREATE INDEX challenges_by_expiry ON challenges (expires_at);
