// Long work of the core, a step at a time between other requests. docs/ARCHITECTURE.md

import type { Steps } from '../policy/steps.ts';

/** Takes the steps and lets whatever else is due run after each. */
export async function inSlices<Result>(steps: Steps<Result>): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
  }
}

/** Lets whatever is due run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
