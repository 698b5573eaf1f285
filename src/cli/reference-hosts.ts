// What hosts measured, as values for a reference set: proposed by the service for want of a rule,
// or out of the stored lists of a host that was accepted. docs/cli.md, "reference make"

import { z } from 'zod';
import type { LeftOut } from '../collect/found-file.ts';
import { type RecordedValue, RecordedValues } from '../collect/stored-list.ts';
import { SEGMENT_KINDS } from '../ima/segment.ts';
import { parseDigest } from '../policy/reference-set-ndjson.ts';
import { hashName } from '../service/evidence-document.ts';
import { STATUSES } from '../service/ports.ts';
import { get, linesOf, openAnswer, type ServiceAddress } from './api-client.ts';
import { UsageError } from './exit.ts';
import { asked } from './service-calls.ts';
import { printable } from './terminal.ts';

/** What is known from a host. */
export interface HostValues {
  readonly values: AsyncIterable<RecordedValue | LeftOut>;
  /** Whether nobody but the host vouches for some of it. */
  readonly isFirstUse: boolean;
}

/** What an attester has measured in its boot and its policy has no rule for. Asks at once, so that
 *  a refusal comes before anything is written. */
export async function proposedValues(
  service: ServiceAddress,
  attester: string,
): Promise<HostValues> {
  const path = `/v1/attesters/${encodeURIComponent(attester)}/proposed-set`;
  const { headers, windows } = await asked(() => openAnswer(service, path));
  const left = Number(headers.get('plumbline-left-out') ?? 0);
  return { values: proposed(windows, { attester, left }), isFirstUse: true };
}

async function* proposed(
  windows: AsyncIterable<Uint8Array>,
  { attester, left }: { readonly attester: string; readonly left: number },
): AsyncGenerator<RecordedValue | LeftOut> {
  let isHead = true;
  for await (const line of linesOf(windows)) {
    const entry = isHead ? undefined : proposedEntry.parse(JSON.parse(line));
    const parsed = entry && parseDigest(entry.digest);
    if (entry !== undefined && parsed !== undefined) yield { ...parsed, path: entry.path };
    isHead = false;
  }
  const why = `${left} measurements that no entry can name: events, keys, names without a path`;
  if (left > 0) yield { kind: 'left-out', path: attester, why };
}

/** What an attester has measured in its boot, out of the stored evidence of the rounds that proved
 *  it. Fails with a `UsageError` unless its newest round was affirming or warning and the evidence
 *  of the boot is whole. */
export async function acceptedValues(
  service: ServiceAddress,
  attester: string,
): Promise<HostValues> {
  const rounds = await provingRounds(service, attester);
  const newest = rounds.at(-1)?.verdict ?? '';
  const verdict = await asked(() => get(service, `/v1/verdicts/${newest}`, relied));
  const isLearned = (verdict.findingCounts['ima.trusted_on_first_use'] ?? 0) > 0;
  return {
    values: recorded(service, rounds),
    isFirstUse: isLearned || verdict.status !== 'affirming',
  };
}

interface ProvingRound {
  readonly verdict: string;
  /** As many records from the start of its evidence on are proven and of no later round. */
  readonly records: number;
}

/** Rounds whose evidence has every proven record of the boot, oldest first. */
async function provingRounds(service: ServiceAddress, attester: string): Promise<ProvingRound[]> {
  const named = `the attester ${printable(attester)}`;
  const found: ProvingRound[] = [];
  let need: number | undefined;
  let boot: number | undefined;
  for await (const round of genuineRounds(service, attester)) {
    if (need === undefined) {
      if (!GOOD.includes(round.status)) {
        throw new UsageError(`${named}: its newest round was ${round.status}, not accepted.`);
      }
      need = round.provenCount ?? 0;
      boot = round.boot;
    }
    const { fromIndex, provenCount, verdict } = round;
    if (round.boot !== boot || need === 0) break;
    if (fromIndex === null || fromIndex >= need || (provenCount ?? 0) < need) continue;
    found.unshift({ verdict, records: need - fromIndex });
    need = fromIndex;
  }
  if (found.length > 0 && need === 0) return found;
  throw new UsageError(
    `${named}: the evidence of its boot is not whole.`,
    'Let it send its list from record 0 and ask again.',
  );
}

async function* genuineRounds(
  service: ServiceAddress,
  attester: string,
): AsyncGenerator<z.output<typeof round>> {
  const path = `/v1/attesters/${encodeURIComponent(attester)}/timeline?limit=200`;
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await asked(() => get(service, `${path}${query}`, timeline));
    yield* page.rounds.items;
    cursor = page.rounds.next;
  }
}

async function* recorded(
  service: ServiceAddress,
  rounds: readonly ProvingRound[],
): AsyncGenerator<RecordedValue | LeftOut> {
  for (const { verdict, records } of rounds) {
    const path = `/v1/verdicts/${verdict}/evidence`;
    const { document } = await asked(() => get(service, path, evidence));
    const list = new RecordedValues(document.ima.segments, records);
    for (const [index] of document.ima.segments.entries()) {
      const { windows } = await asked(() => openAnswer(service, `${path}/segment-${index}`));
      for await (const window of windows) {
        list.push(index, window);
        yield* list.take();
      }
    }
    const broken = list.end();
    yield* list.take();
    if (broken !== undefined) throw new UsageError(`the list of verdict ${verdict}: ${broken}.`);
  }
}

const GOOD: readonly string[] = ['affirming', 'warning'];
const status = z.enum(STATUSES);
const proposedEntry = z.object({ digest: z.string(), path: z.string() });
const relied = z.object({ status, findingCounts: z.record(z.string(), z.int()) });
const round = z.object({
  verdict: z.string(),
  boot: z.int(),
  status,
  fromIndex: z.int().nullable(),
  provenCount: z.int().nullable(),
});
const timeline = z.object({
  rounds: z.object({ items: z.array(round), next: z.string().nullable() }),
});
const segment = z.object({
  kind: z.enum(SEGMENT_KINDS),
  encoding: z.enum(['binary', 'ascii']),
  digestColumn: hashName,
  records: z.int().exactOptional(),
});
const evidence = z.object({
  document: z.object({ ima: z.object({ segments: z.array(segment) }) }),
});
