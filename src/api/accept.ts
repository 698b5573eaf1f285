// The Accept header of calls for a result: which profile a caller would rather have.
// RFC 9110 12.5.1; RFC 9782 for the media type

import { EAR_PROFILES, type EarProfile } from '../results/ear.ts';

/** Media type of results, without its parameter. */
export const RESULT_MEDIA_TYPE = 'application/eat+jwt';

/** The profile that this header prefers among those we have; the first of ours when it leaves the
 *  choice to us. Undefined when it takes none of them. */
export function acceptedProfile(accept: string | undefined): EarProfile | undefined {
  if (accept === undefined || accept.trim() === '') return EAR_PROFILES[0];
  const wanted = splitOutsideQuotes(accept, ',').flatMap(rangeOf);
  const [best] = wanted.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality);
  return best?.profile;
}

interface Range {
  readonly profile: EarProfile;
  readonly quality: number;
}

function rangeOf(text: string): readonly Range[] {
  const [mediaRange = '', ...parameters] = splitOutsideQuotes(text, ';').map((each) => each.trim());
  if (!RANGES.includes(mediaRange.toLowerCase())) return [];
  const given = new Map(parameters.map(parameterOf));
  const quality = Number(given.get('q') ?? '1');
  const named = given.get('eat_profile');
  const profile = EAR_PROFILES.find((known) => known === (named ?? EAR_PROFILES[0]));
  return profile === undefined || !(quality >= 0) ? [] : [{ profile, quality }];
}

function parameterOf(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  const value = text.slice(at + 1).trim();
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  return [
    text.slice(0, Math.max(at, 0)).trim().toLowerCase(),
    isQuoted ? value.slice(1, -1) : value,
  ];
}

// Both profiles have a comma in their names: only quotes tell it from the comma of the list.
function splitOutsideQuotes(text: string, separator: string): readonly string[] {
  const parts = [''];
  let isQuoted = false;
  for (const character of text) {
    if (character === '"') isQuoted = !isQuoted;
    if (character === separator && !isQuoted) parts.push('');
    else parts.push(`${parts.pop() ?? ''}${character}`);
  }
  return parts;
}

const RANGES: readonly string[] = [RESULT_MEDIA_TYPE, 'application/*', '*/*'];
