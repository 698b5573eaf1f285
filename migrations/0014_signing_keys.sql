-- Keys that sign attestation results, and the role of those who read results only.

CREATE TABLE signing_keys (
  -- RFC 7638 thumbprint.
  kid         text        PRIMARY KEY,
  -- JWK as JSON text.
  public_jwk  text        NOT NULL,
  -- Null when it is kept elsewhere, and once the key is replaced: then only its signatures live on.
  private_jwk text,
  created_at  timestamptz NOT NULL,
  replaced_at timestamptz,
  -- When the last result that it signed has expired.
  needed_until timestamptz,
  CHECK ((replaced_at IS NULL) = (needed_until IS NULL)),
  CHECK (replaced_at IS NULL OR private_jwk IS NULL)
);

-- One key signs.
CREATE UNIQUE INDEX signing_keys_active ON signing_keys ((true)) WHERE replaced_at IS NULL;

ALTER TABLE access_tokens
  DROP CONSTRAINT access_tokens_role_check,
  ADD CONSTRAINT access_tokens_role_check CHECK (
    role IN ('agent-enrol', 'operator', 'policy-admin', 'auditor', 'relying-party', 'admin')
  );
