// `plumbline inspect`: what is inside one evidence file, shown as its bytes say. Verifies nothing.
// docs/cli.md

import { BOOT_LIMITS } from '../bytes/limits.ts';
import { HASH_ALGORITHMS, type HashName } from '../crypto/digest.ts';
import { helpHint, readArguments, readNumber } from './arguments.ts';
import { EXIT, UsageError } from './exit.ts';
import { readUpTo } from './files.ts';
import { inspectBundle } from './inspect-bundle.ts';
import { inspectEventLog } from './inspect-event-log.ts';
import { inspectKey } from './inspect-key.ts';
import { inspectList } from './inspect-list.ts';
import { inspectPublicArea, inspectQuote, inspectSignature } from './inspect-tpm.ts';
import { type Inspection, inspectionJson, inspectionText, KINDS, type Kind } from './inspection.ts';
import { recogniseColumn, recogniseKind } from './recognise.ts';
import { printable, type Terminal } from './terminal.ts';

/** Runs `plumbline inspect` and gives its exit code: 1 when the file is malformed. */
export async function runInspect(args: readonly string[], terminal: Terminal): Promise<number> {
  const asked = readRequest(args);
  const inspection = await inspectFile(asked);
  await terminal.out(
    asked.json
      ? inspectionJson(asked.file, inspection)
      : inspectionText(asked.file, inspection, terminal.paint),
  );
  return inspection.malformed === undefined ? EXIT.ok : EXIT.contraindicated;
}

interface Request {
  readonly file: string;
  readonly kind: Kind | undefined;
  readonly column: HashName | undefined;
  readonly from: number;
  readonly count: number;
  readonly json: boolean;
}

function readRequest(args: readonly string[]): Request {
  const { values, positionals } = readArguments('inspect', args, {
    as: { type: 'string' },
    column: { type: 'string' },
    from: { type: 'string', default: '0' },
    count: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new UsageError('inspect: name one file.', helpHint('inspect'));
  }
  return {
    file,
    kind: oneOf('--as', KINDS, values.as),
    column: oneOf('--column', COLUMNS, values.column),
    from: readNumber('--from', values.from, { min: 0, max: Number.MAX_SAFE_INTEGER }),
    count: readNumber('--count', values.count, { min: 0, max: MOST_SHOWN }),
    json: values.json,
  };
}

function oneOf<T extends string>(
  option: string,
  names: readonly T[],
  given: string | undefined,
): T | undefined {
  const found = names.find((name) => name === given);
  if (given === undefined || found !== undefined) return found;
  throw new UsageError(`${option}: ${printable(given)} is none of ${names.join(', ')}.`);
}

const COLUMNS = HASH_ALGORITHMS.map(({ name }) => name);
const MOST_SHOWN = 100_000;

async function inspectFile(asked: Request): Promise<Inspection> {
  // Every kind but a list is smaller than the largest event log.
  const bytes = await readUpTo(asked.file, BOOT_LIMITS.logBytes);
  const kind = asked.kind ?? recogniseKind(bytes);
  switch (kind) {
    case undefined:
      throw new UsageError(
        `${printable(asked.file)}: not recognised as any kind of evidence.`,
        `Say what it should be, to see where it breaks: --as ${KINDS.join('|')}.`,
      );
    case 'quote':
      return inspectQuote(bytes);
    case 'signature':
      return inspectSignature(bytes);
    case 'tpmt-public':
    case 'tpm2b-public':
      return inspectPublicArea(kind, bytes);
    case 'spki-pem':
    case 'x509-pem':
    case 'x509-der':
      return inspectKey(kind, bytes);
    case 'event-log':
      return inspectEventLog(bytes, asked);
    case 'bundle':
      return inspectBundle(asked.file);
    case 'list':
    case 'ascii-list': {
      const encoding = kind === 'list' ? 'binary' : 'ascii';
      const column = asked.column ?? recogniseColumn(bytes, encoding);
      return inspectList(asked.file, { encoding, column, from: asked.from, count: asked.count });
    }
  }
}
