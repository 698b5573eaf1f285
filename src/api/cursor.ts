// Cursors of paged lists: a position in the list, opaque to callers.

import { asciiBytes, fromBase64Url, latinText, toBase64Url } from '../bytes/encoding.ts';
import type { Page, PageRequest, Position } from '../service/page.ts';
import { Problem } from '../service/problem.ts';

/** The page that a query asks for. Problem: `request.invalid` for a cursor that is not ours. */
export function pageRequest(query: {
  readonly limit: number;
  readonly cursor?: string | undefined;
}): PageRequest {
  const { limit, cursor } = query;
  return cursor === undefined ? { limit } : { limit, after: positionOf(cursor) };
}

/** A page as it is answered. */
export function pageAnswer<T, View>(
  page: Page<T>,
  view: (item: T) => View,
): { items: View[]; next: string | null } {
  const next = page.next === undefined ? null : cursorOf(page.next);
  return { items: page.items.map(view), next };
}

function cursorOf({ at, id }: Position): string {
  return toBase64Url(asciiBytes(`${at.toISOString()} ${id}`));
}

function positionOf(cursor: string): Position {
  const bytes = fromBase64Url(cursor);
  const [, at = '', id = ''] = POSITION.exec(bytes === undefined ? '' : latinText(bytes)) ?? [];
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) {
    const message = 'not a cursor of this list: take "next" of the page before, or leave it out';
    const places = [{ at: 'querystring/cursor', message }];
    throw new Problem('request.invalid', { detail: 'Correct the places below.', places });
  }
  return { at: date, id };
}

const POSITION = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
