// What a process can do before its first list comes. docs/decisions/0021-replay-kernel.md

import { prepareReplay } from '../ima/replay.ts';

/** Does it: the event loop is held for some ten milliseconds, once. */
export function warmUp(): void {
  prepareReplay();
}
