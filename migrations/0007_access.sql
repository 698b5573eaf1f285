-- Bearer tokens by digest, and the log of who changed what.

CREATE TABLE access_tokens (
  id         uuid        PRIMARY KEY,
  name       text        NOT NULL UNIQUE,
  role       text        NOT NULL
    CHECK (role IN ('agent-enrol', 'operator', 'policy-admin', 'auditor', 'admin')),
  -- SHA-256 of the token; the token itself is shown once and never stored.
  digest     text        NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz
);

-- Appended to, never changed.
CREATE TABLE audit_log (
  id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL,
  -- Id of the access token that acted.
  actor   uuid,
  action  text        NOT NULL,
  subject text        NOT NULL,
  detail  jsonb       NOT NULL
);
