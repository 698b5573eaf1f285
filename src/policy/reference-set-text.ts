// Streaming readers of reference sets as text: the lines of sha256sum and its siblings, NDJSON and
// CSV. docs/policy.md, "Reference sets"

import { POLICY_LIMITS } from '../bytes/limits.ts';
import { LineCutter } from './line-cutter.ts';
import {
  type IndexedReferenceSet,
  type ReferenceEntry,
  ReferenceSetBuilder,
} from './reference-set.ts';
import { CsvRecordReader } from './reference-set-csv.ts';
import { readDigestLine } from './reference-set-digest-lines.ts';
import { readNdjsonLine } from './reference-set-ndjson.ts';
import { type SetTerms, unitedTerms } from './reference-set-terms.ts';
import { runSteps, type Steps } from './steps.ts';

/** `digest-lines`: lines of sha1sum, sha256sum, sha384sum or sha512sum, told apart by length. */
export type ReferenceFormat = 'digest-lines' | 'ndjson' | 'csv';

export interface ReferenceReading {
  readonly format: ReferenceFormat;
  /** What the paths in digest lines mean. `free` (default): nothing; package paths often are not
   *  those of the installed file. `bound`: each digest counts for its own absolute path only. */
  readonly paths?: 'free' | 'bound';
  /** Terms that are said beside the text. A first line of NDJSON may add to them. */
  readonly terms?: SetTerms;
}

/** A line that is no entry. */
export interface ReferenceProblem {
  /** From 1; of a record of several lines, its first. */
  readonly line: number;
  readonly message: string;
}

export type ReferenceResult =
  | { readonly ok: true; readonly set: IndexedReferenceSet }
  | { readonly ok: false; readonly problems: readonly ReferenceProblem[] };

/** Takes an entry, or says in words why it cannot be one. */
export type EntrySink = (entry: ReferenceEntry) => string | undefined;

/** Reads entries from text that arrives in pieces cut anywhere. Gives up after
 *  `POLICY_LIMITS.problems` problems. */
export class ReferenceEntryReader {
  readonly #sink: EntrySink;
  readonly #problems: ReferenceProblem[] = [];
  readonly #parse: LineParser;
  readonly #lines: LineCutter;
  #terms: SetTerms;

  constructor(reading: ReferenceReading, sink: EntrySink) {
    this.#sink = sink;
    this.#parse = parserOf(reading);
    this.#terms = reading.terms ?? { validity: {} };
    this.#lines = new LineCutter((line, number) => this.#take(line, number), {
      hasQuotes: reading.format === 'csv',
    });
    const told = unitedTerms(this.#terms, this.#terms);
    if (typeof told === 'string') this.#problems.push({ line: 1, message: told });
  }

  /** What was wrong so far. */
  get problems(): readonly ReferenceProblem[] {
    return this.#problems;
  }

  /** The terms said so far. */
  get terms(): SetTerms {
    return this.#terms;
  }

  /** Feeds the next bytes. */
  push(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }

  /** Ends the text; the last line may lack its newline. */
  end(): void {
    this.#lines.end();
  }

  /** Takes a line; false when there is no point in going on. */
  #take(line: Uint8Array | 'too-long', number: number): boolean {
    const message = line === 'too-long' ? TOO_LONG : this.#takeParsed(this.#parse(line, number));
    if (message !== undefined) this.#problems.push({ line: number, message });
    return this.#problems.length < POLICY_LIMITS.problems;
  }

  #takeParsed(parsed: ReturnType<LineParser>): string | undefined {
    if (parsed === undefined || typeof parsed === 'string') return parsed;
    if ('digest' in parsed) return this.#sink(parsed);
    const united = unitedTerms(this.#terms, parsed);
    if (typeof united === 'string') return united;
    this.#terms = united;
    return undefined;
  }
}

/** Reads a reference set. A set with one bad line is refused whole: half a set is a trap. */
export class ReferenceSetReader {
  readonly #builder = new ReferenceSetBuilder();
  readonly #entries: ReferenceEntryReader;

  constructor(reading: ReferenceReading) {
    this.#entries = new ReferenceEntryReader(reading, (entry) => this.#builder.add(entry));
  }

  /** Feeds the next bytes. */
  push(bytes: Uint8Array): void {
    this.#entries.push(bytes);
  }

  /** Ends the text and gives the set, in one go. Call it or `ending`, once. */
  end(): ReferenceResult {
    return runSteps(this.ending());
  }

  /** The same in steps. */
  *ending(): Steps<ReferenceResult> {
    this.#entries.end();
    const { problems, terms } = this.#entries;
    if (problems.length > 0) return { ok: false, problems };
    return { ok: true, set: yield* this.#builder.building(terms) };
  }
}

/** Reads a whole text at once. */
export function readReferenceSet(text: Uint8Array, reading: ReferenceReading): ReferenceResult {
  const reader = new ReferenceSetReader(reading);
  reader.push(text);
  return reader.end();
}

/** An entry, terms of the set, what is wrong, or undefined for a line that says nothing. */
type LineParser = (
  line: Uint8Array,
  number: number,
) => ReferenceEntry | SetTerms | string | undefined;

function parserOf({ format, paths }: ReferenceReading): LineParser {
  if (format === 'digest-lines') return (line) => readDigestLine(line, paths === 'bound');
  if (format === 'ndjson') return (line, number) => readNdjsonLine(line, number === 1);
  const records = new CsvRecordReader();
  return (line) => records.read(line);
}

const TOO_LONG = `a line has at most ${POLICY_LIMITS.setLineBytes} bytes`;
