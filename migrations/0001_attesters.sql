-- Enrolled attesters. An id is bound for ever to the identity it was given for.

CREATE TABLE attesters (
  id          uuid        PRIMARY KEY,
  -- Digest of the attestation key itself, never a name that the attester chose.
  identity    text        NOT NULL UNIQUE,
  ak          bytea       NOT NULL,
  ak_encoding text        NOT NULL,
  labels      jsonb       NOT NULL DEFAULT '{}',
  enrolled_at timestamptz NOT NULL,
  -- Set when an operator removes the attester from the fleet; its verdicts stay.
  removed_at  timestamptz
);

CREATE INDEX attesters_newest ON attesters (enrolled_at DESC, id DESC) WHERE removed_at IS NULL;
