-- The audit log becomes a chain of hashes, so that a changed or removed row shows; access tokens
-- can expire and get new secrets.

ALTER TABLE access_tokens
  ADD COLUMN expires_at      timestamptz,
  -- Coarse: written at most once an hour.
  ADD COLUMN last_used_at    timestamptz,
  -- What a rotation replaced, until its time of grace is over.
  ADD COLUMN previous_digest text UNIQUE,
  ADD COLUMN previous_until  timestamptz;

ALTER TABLE audit_log
  -- Given in the order of the chain, without gaps from here on.
  ALTER COLUMN id DROP IDENTITY,
  -- Id of an access token, or "oidc:" and the subject of a token of the issuer.
  ALTER COLUMN actor TYPE text,
  -- The hash covers the text as it was written.
  ALTER COLUMN detail TYPE json USING detail::json,
  ADD COLUMN hash bytea;

-- The newest link: who appends holds this row until it has committed.
CREATE TABLE audit_head (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  id     bigint  NOT NULL,
  hash   bytea   NOT NULL
);

-- hash = SHA-256(hash of the row before, or 32 zero bytes, and the SHA-256 of each column as text;
-- 32 zero bytes for no actor). src/store/audit-chain.ts computes the same.
DO $$
DECLARE
  entry record;
  head_id bigint := 0;
  head bytea := decode(repeat('00', 32), 'hex');
BEGIN
  FOR entry IN SELECT * FROM audit_log ORDER BY id LOOP
    head_id := entry.id;
    head := sha256(
      head
      || sha256(convert_to(entry.id::text, 'UTF8'))
      || sha256(convert_to(
           to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8'))
      || coalesce(sha256(convert_to(entry.actor, 'UTF8')), decode(repeat('00', 32), 'hex'))
      || sha256(convert_to(entry.action, 'UTF8'))
      || sha256(convert_to(entry.subject, 'UTF8'))
      || sha256(convert_to(entry.detail::text, 'UTF8'))
    );
    UPDATE audit_log SET hash = head WHERE id = entry.id;
  END LOOP;
  INSERT INTO audit_head (id, hash) VALUES (head_id, head);
END
$$;

ALTER TABLE audit_log ALTER COLUMN hash SET NOT NULL;
CREATE INDEX audit_log_by_actor ON audit_log (actor, id);
CREATE INDEX audit_log_by_subject ON audit_log (subject, id);

-- Against mistakes. Who owns the table can drop the trigger: for them there is the chain.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only';
END
$$;
CREATE TRIGGER audit_log_is_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
