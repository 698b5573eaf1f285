-- How attesters are bound to their TPMs, which keys they had, and enrolments on their way.

ALTER TABLE attesters
  ADD COLUMN binding text NOT NULL DEFAULT 'asserted'
    CHECK (binding IN ('activated', 'certified', 'asserted')),
  -- Thumbprint of the attestation key where the identity is that of an endorsement key.
  ADD COLUMN ak_identity text,
  -- TPM2B_PUBLIC of the endorsement key that the identity is then taken from.
  ADD COLUMN ek_public bytea,
  ADD COLUMN ek_certificate bytea,
  -- Reason codes that the enrolment left.
  ADD COLUMN codes text[] NOT NULL DEFAULT '{}';

-- Every attestation key that an attester ever had. Appended to, never changed.
CREATE TABLE attester_keys (
  attester_id uuid        NOT NULL REFERENCES attesters (id),
  bound_at    timestamptz NOT NULL,
  ak          bytea       NOT NULL,
  ak_encoding text        NOT NULL,
  binding     text        NOT NULL CHECK (binding IN ('activated', 'certified', 'asserted')),
  PRIMARY KEY (attester_id, bound_at)
);
INSERT INTO attester_keys (attester_id, bound_at, ak, ak_encoding, binding)
SELECT id, enrolled_at, ak, ak_encoding, 'asserted' FROM attesters;

-- Enrolments whose EK has yet to prove that its TPM holds the AK. A row is taken out by the first
-- answer, right or wrong.
CREATE TABLE enrolment_drafts (
  id             uuid        PRIMARY KEY,
  -- Of the attester that it would make, or whose AK it would replace.
  attester_id    uuid        NOT NULL,
  identity       text        NOT NULL,
  ak_identity    text        NOT NULL,
  ak             bytea       NOT NULL,
  ak_encoding    text        NOT NULL,
  ek_public      bytea       NOT NULL,
  ek_certificate bytea,
  codes          text[]      NOT NULL,
  labels         jsonb       NOT NULL,
  -- SHA-256 of the secret; the secret itself is only in the credential.
  secret_digest  bytea       NOT NULL,
  -- Id of the caller that asked.
  asked_by       text,
  created_at     timestamptz NOT NULL,
  expires_at     timestamptz NOT NULL
);
CREATE INDEX enrolment_drafts_by_identity ON enrolment_drafts (identity, created_at DESC);
CREATE INDEX enrolment_drafts_by_expiry ON enrolment_drafts (expires_at);
