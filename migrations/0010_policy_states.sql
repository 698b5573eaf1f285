-- What a policy version has been through, and under which policy each timeline was appraised.

ALTER TABLE policies
  -- Access token that uploaded it; null for what was there before authors were kept.
  ADD COLUMN author_id   text,
  ADD COLUMN author_name text;

-- Appended to: who made which version the active one, and when. The newest row of a name agrees
-- with active_policies.
CREATE TABLE policy_activations (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name         text        NOT NULL,
  version      integer     NOT NULL,
  activated_at timestamptz NOT NULL,
  -- Name of the access token; null for activations from before this was kept.
  activated_by text,
  FOREIGN KEY (name, version) REFERENCES policies (name, version)
);
CREATE INDEX policy_activations_by_version ON policy_activations (name, version, id DESC);
INSERT INTO policy_activations (name, version, activated_at)
SELECT name, version, activated_at FROM active_policies;

-- Finished trials.
CREATE TABLE policy_trials (
  id             uuid        PRIMARY KEY,
  policy_name    text        NOT NULL,
  policy_version integer     NOT NULL,
  started_at     timestamptz NOT NULL,
  finished_at    timestamptz NOT NULL,
  started_by     text        NOT NULL,
  result         json        NOT NULL,
  FOREIGN KEY (policy_name, policy_version) REFERENCES policies (name, version)
);
CREATE INDEX policy_trials_newest ON policy_trials
  (policy_name, policy_version, finished_at DESC, id DESC);

ALTER TABLE attester_timelines
  -- Under which policy and versions of sets the state came about, as challenges pin them. Null:
  -- from before this was kept.
  ADD COLUMN appraised_under jsonb,
  -- When its first round was decided: rounds before that are of a timeline that is gone.
  ADD COLUMN began_at        timestamptz;
UPDATE attester_timelines t SET began_at = a.enrolled_at
FROM attesters a WHERE a.id = t.attester_id;
ALTER TABLE attester_timelines ALTER COLUMN began_at SET NOT NULL;

ALTER TABLE verdicts
  -- Whether the round moved the timeline, from timeline_version to the next one.
  ADD COLUMN moved boolean NOT NULL DEFAULT false;

-- A timeline that has gone on from a version was moved by the last round that began from it.
UPDATE verdicts v SET moved = true
FROM attester_timelines t
WHERE t.attester_id = v.attester_id AND v.boot IS NOT NULL AND v.timeline_version < t.version
  AND NOT EXISTS (
    SELECT 1 FROM verdicts w
    WHERE w.attester_id = v.attester_id AND w.timeline_version = v.timeline_version
      AND w.boot IS NOT NULL AND (w.decided_at, w.id) > (v.decided_at, v.id)
  );

-- The rounds from which a boot can be appraised again.
CREATE INDEX verdicts_moves ON verdicts (attester_id, boot, timeline_version) WHERE moved;
