-- Versions of reference sets whose values count for a time, or that nobody vouches for; and CSV.

ALTER TABLE reference_set_contents
  DROP CONSTRAINT reference_set_contents_format_check,
  ADD CONSTRAINT reference_set_contents_format_check
    CHECK (format IN ('digest-lines', 'ndjson', 'csv'));

-- The terms of a version are part of its digest: the same entries under other terms are another
-- version.
ALTER TABLE reference_sets
  ADD COLUMN valid_from timestamptz,
  ADD COLUMN retire_at timestamptz,
  ADD COLUMN basis text CHECK (basis IN ('trusted-on-first-use')),
  ADD CONSTRAINT reference_sets_validity_check CHECK (valid_from < retire_at);
