// One page of a list, and where the next one starts.

import type { PageRequest, Position } from './ports.ts';

/** Items of a list, newest first. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The position to continue behind; absent on the last page. */
  readonly next?: Position;
}

/** Asks `list` for one row more than the page holds, to know whether there is a next page. */
export async function pageOf<T>(
  request: PageRequest,
  list: (request: PageRequest) => Promise<T[]>,
  positionOf: (item: T) => Position,
): Promise<Page<T>> {
  const rows = await list({ ...request, limit: request.limit + 1 });
  const items = rows.slice(0, request.limit);
  const last = items.at(-1);
  if (rows.length <= request.limit || last === undefined) return { items };
  const { at, id } = positionOf(last);
  return { items, next: { at, id } };
}
