-- Keys that others are judged by: keyrings that rules name, and what enrolment trusts.

-- Immutable versions. Keyrings are small: the content is the bytes as they were uploaded.
CREATE TABLE keyrings (
  name       text        NOT NULL,
  version    integer     NOT NULL CHECK (version > 0),
  -- sha256: and hex over the sorted fingerprints of the keys.
  digest     text        NOT NULL,
  content    bytea       NOT NULL,
  keys       integer     NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (name, version),
  UNIQUE (name, digest)
);

CREATE TABLE active_keyrings (
  name         text        PRIMARY KEY,
  version      integer     NOT NULL,
  activated_at timestamptz NOT NULL,
  FOREIGN KEY (name, version) REFERENCES keyrings (name, version)
);

-- What chains of certificates are checked against. Nothing is trusted that nobody uploaded.
CREATE TABLE trust_anchors (
  -- SHA-256 over the DER bytes, hex.
  fingerprint text        PRIMARY KEY,
  -- anchor: believed by itself. intermediate, crl: believed only below an anchor.
  kind        text        NOT NULL CHECK (kind IN ('anchor', 'intermediate', 'crl')),
  der         bytea       NOT NULL,
  -- For people: subject of a certificate, issuer of a revocation list.
  subject     text        NOT NULL,
  -- End of validity; the time of the next list for a revocation list, if it tells one.
  expires_at  timestamptz,
  added_at    timestamptz NOT NULL
);

-- Pinned when the challenge is issued, as the versions of reference sets are.
ALTER TABLE challenges ADD COLUMN keyrings jsonb NOT NULL DEFAULT '{}';
ALTER TABLE verdicts ADD COLUMN keyrings jsonb NOT NULL DEFAULT '{}';
