-- Continuity: what is proven of each attester's boot, and where each round stood in it.

CREATE TABLE attester_timelines (
  attester_id uuid        PRIMARY KEY REFERENCES attesters (id),
  -- Counts the rounds that changed the state. A round is settled only on the version it began from.
  version     bigint      NOT NULL CHECK (version > 0),
  -- Ours alone: format plumbline-timeline/1. json, not jsonb: it is read whole or not at all.
  state       json        NOT NULL,
  updated_at  timestamptz NOT NULL
);

ALTER TABLE challenges
  -- The version that the round goes on from; 0 for none.
  ADD COLUMN timeline_version bigint NOT NULL DEFAULT 0,
  ADD COLUMN from_offset      bigint NOT NULL DEFAULT 0;

ALTER TABLE verdicts
  -- The version that the round went on from.
  ADD COLUMN timeline_version bigint NOT NULL DEFAULT 0,
  -- Number of the boot that the quote belongs to; null where no quote was verified.
  ADD COLUMN boot             integer,
  -- Records by absolute index; null where there was no list, or no prefix of it is proven.
  ADD COLUMN from_index       bigint,
  ADD COLUMN proven_count     bigint,
  ADD COLUMN pending_count    bigint,
  -- Where the verdict asks the next round to start.
  ADD COLUMN next_index       bigint;

-- Anyone can send evidence that is no evidence: it must not be in the way of finding real rounds.
CREATE INDEX verdicts_rounds ON verdicts (attester_id, decided_at DESC, id DESC)
  WHERE boot IS NOT NULL;
