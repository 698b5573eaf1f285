-- Acceptance policies: immutable versions, and which version of each name is active.

CREATE TABLE policies (
  name       text        NOT NULL,
  version    integer     NOT NULL CHECK (version > 0),
  -- sha256: and hex over the canonical document.
  digest     text        NOT NULL,
  -- json, not jsonb: the text stays as it was accepted.
  document   json        NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (name, version),
  UNIQUE (name, digest)
);

-- One row a name: activation replaces it in one statement.
CREATE TABLE active_policies (
  name         text        PRIMARY KEY,
  version      integer     NOT NULL,
  activated_at timestamptz NOT NULL,
  FOREIGN KEY (name, version) REFERENCES policies (name, version)
);
