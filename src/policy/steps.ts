// Long work in steps of some milliseconds each, so that whoever drives it can let others in
// between. The core has no event loop to give way to: a use case has. docs/ARCHITECTURE.md

/** Work that gives way after each step and ends with its result. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Takes all steps at once, where nobody waits. */
export function runSteps<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
