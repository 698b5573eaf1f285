// One page of a list, and where the next one starts.

/** One page of a list, newest first; `after` is the last row of the page before. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: Position;
}

/** Where a row stands in its list. Rows are never moved, so a position stays valid for ever. */
export interface Position {
  readonly at: Date;
  readonly id: string;
}

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
