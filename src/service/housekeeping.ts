// What goes by itself: uploads that nothing finished, enrolments that nobody proved, and challenges
// nobody will ask for again, and keys whose last result has expired.

import type { Ports } from './ports.ts';

/** Drops leftovers, however many instances do so at once; answers how many rows went. */
export async function sweep(ports: Ports): Promise<number> {
  const now = ports.clock.now().getTime();
  const abandoned = new Date(now - UPLOAD_MS);
  const evidence = await ports.evidence.sweep(abandoned);
  const sets = await ports.referenceSets.sweep(abandoned);
  const drafts = await ports.enrolments.sweep(new Date(now));
  const keys = await ports.signingKeys.sweep(new Date(now));
  return (
    evidence + sets + drafts + keys + (await ports.challenges.sweep(new Date(now - CHALLENGE_MS)))
  );
}

/** No request may take this long. */
const UPLOAD_MS = 3_600_000;
/** Until then, a second answer to a challenge is told that it was spent, not that it is unknown. */
const CHALLENGE_MS = 86_400_000;
