// What is allowed at a place where the schema found something else, in words.

import type { z } from 'zod';

/** What an issue of the schema says, for the author of a document. Messages of the schema's own
 *  checks stay as they are. */
export function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type': {
      const isMissing = issue.message.endsWith('received undefined');
      return `${isMissing ? 'mandatory: ' : ''}${KINDS.get(issue.expected) ?? issue.expected}`;
    }
    case 'invalid_value': {
      const values = issue.values.map((value) => JSON.stringify(value));
      return values.length === 1 ? `only ${values[0]}` : `one of ${values.join(', ')}`;
    }
    case 'too_small':
      return `at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message;
    default:
      return issue.message;
  }
}

function unitOf(origin: string): string {
  return UNITS.get(origin) ?? '';
}

const UNITS: ReadonlyMap<string, string> = new Map([
  ['array', ' items'],
  ['string', ' characters'],
]);

const KINDS: ReadonlyMap<string, string> = new Map([
  ['string', 'a text is expected'],
  ['number', 'a number is expected'],
  ['int', 'a whole number is expected'],
  ['array', 'a list is expected'],
  ['object', 'an object is expected'],
  ['record', 'an object is expected'],
]);
