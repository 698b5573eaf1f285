// A trial: what a policy version would say of the evidence that is stored, before it is activated.
// It changes nothing; its threads are those that attestation leaves. docs/api.md, "Trials"

import { z } from 'zod';
import { REAPPRAISAL_LIMITS } from '../bytes/limits.ts';
import type { Finding } from '../findings/finding.ts';
import type { VerdictBody, VerdictStatus } from '../verify/verdict.ts';
import { inParallel } from './in-parallel.ts';
import type { Labels } from './new-attester.ts';
import type { PinnedPolicy } from './pinned-policy.ts';
import { choosePolicies, type NamedDocument } from './policy-catalog.ts';
import type { PolicyPackage } from './policy-package.ts';
import type { Author, StoredTrial } from './policy-store.ts';
import type { Attester, Ports } from './ports.ts';
import { STATUSES } from './ports.ts';
import { Problem } from './problem.ts';
import type { Service } from './service.ts';
import { roundsToRead, storedPieces } from './stored-rounds.ts';
import {
  type Flip,
  findingKey,
  type TrialOutcome,
  type TrialResult,
  TrialTally,
} from './trial-tally.ts';

/** Which attesters a trial looks at: those that fit everything that is said. */
export interface TrialSelection {
  /** All of these. */
  readonly labels?: Labels | undefined;
  readonly attesters?: readonly string[] | undefined;
  /** One of these is the status of the newest verdict. */
  readonly statuses?: readonly VerdictStatus[] | undefined;
  /** At most so many, the newest enrolled. */
  readonly limit: number;
}

/** What a trial tells while it runs; `result` comes last. */
export type TrialLine =
  | { readonly trial: TrialHead }
  | { readonly progress: { readonly done: number; readonly total: number } }
  | { readonly flip: Flip }
  | { readonly result: TrialResult };

export interface TrialHead extends PinnedPolicy {
  readonly id: string;
  readonly total: number;
}

/** Begins a trial of a version with the sets that are active now. The lines come as fast as they
 *  are read; who stops reading cancels it, and nothing is stored. Problems: `policy.unknown`,
 *  `policy.invalid`, `service.busy`. */
export async function beginTrial(
  service: Service,
  trial: { readonly policy: PinnedPolicy['policy']; readonly selection: TrialSelection },
  by: Author,
): Promise<AsyncIterableIterator<TrialLine>> {
  const pinned = await service.policies.pin(trial.policy);
  const policy = await service.policies.packed(pinned);
  const lines = runTrial(service, { ...trial, pinned, package: policy, by });
  // The first line is made before anyone reads: until then there may be problems.
  return withFirst(await lines.next(), lines);
}

/** The same lines with the first one put back. Ending them ends `lines`, read or not. */
function withFirst<T>(
  first: IteratorResult<T>,
  lines: AsyncGenerator<T>,
): AsyncIterableIterator<T> {
  let pending: IteratorResult<T> | undefined = first;
  const iterator: AsyncIterableIterator<T> = {
    next: () => {
      const next = pending === undefined ? lines.next() : Promise.resolve(pending);
      pending = undefined;
      return next;
    },
    return: () => lines.return(undefined),
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

interface Trial {
  readonly selection: TrialSelection;
  readonly pinned: PinnedPolicy;
  readonly package: PolicyPackage;
  readonly by: Author;
}

async function* runTrial(service: Service, trial: Trial): AsyncGenerator<TrialLine> {
  const leave = service.trialGate.enter();
  try {
    const { ports } = service;
    const startedAt = ports.clock.now();
    const { attesters, leftOut } = await select(service, trial);
    const { length: total } = attesters;
    const id = ports.random.id();
    yield { trial: { id, ...trial.pinned, total } };
    const tally = new TrialTally(trial.package.document);
    const every = Math.ceil(total / PROGRESS_LINES);
    let done = 0;
    const outcomes = inParallel(attesters, ports.workers.trialPlaces, (attester) =>
      tryOne(ports, attester, trial.package),
    );
    for await (const outcome of outcomes) {
      const flip = tally.add(outcome);
      done += 1;
      if (flip !== undefined) yield { flip };
      if (done % every === 0 || done === total) yield { progress: { done, total } };
    }
    const result = tally.result(leftOut);
    await keepTrial(ports, trial, { id, startedAt, result });
    yield { result };
  } finally {
    leave();
  }
}

function keepTrial(
  ports: Ports,
  { pinned, selection, by }: Trial,
  { id, startedAt, result }: { id: string; startedAt: Date; result: TrialResult },
): Promise<void> {
  const finishedAt = ports.clock.now();
  const { policy, ...pins } = pinned;
  const entry = { at: finishedAt, actor: by.id, action: 'policy.trial', subject: policy.name };
  const kept = JSON.stringify({ ...pins, selection, ...result });
  return ports.trials.add(
    { id, policy, startedAt, finishedAt, startedBy: by.name, result: kept },
    { ...entry, detail: { version: policy.version, trial: id, attesters: result.total } },
  );
}

interface Selected {
  readonly attesters: readonly string[];
  readonly leftOut: TrialResult['leftOut'];
}

/** The attesters of the selection that have a verdict and for which this policy would speak. */
async function select(service: Service, trial: Trial): Promise<Selected> {
  const { selection, pinned } = trial;
  const { name } = pinned.policy;
  const others = (await service.policies.activeDocuments()).filter(
    ({ policy }) => policy.name !== name,
  );
  const rivals = [...others, { policy: pinned.policy, document: trial.package.document }];
  const attesters: string[] = [];
  const leftOut = { otherPolicy: 0, withoutVerdict: 0 };
  for await (const attester of selectedAttesters(service.ports, selection)) {
    if (attester.latest === null) leftOut.withoutVerdict += 1;
    else if (!speaksFor(rivals, name, attester)) leftOut.otherPolicy += 1;
    else attesters.push(attester.id);
    if (attesters.length >= selection.limit) break;
  }
  return { attesters, leftOut };
}

function speaksFor(rivals: readonly NamedDocument[], name: string, { labels }: Attester): boolean {
  const chosen = choosePolicies(rivals, labels);
  return chosen.length === 1 && chosen[0]?.policy.name === name;
}

async function* selectedAttesters(
  ports: Ports,
  { labels = {}, attesters, statuses }: TrialSelection,
): AsyncGenerator<Attester> {
  const fits = (attester: Attester) =>
    Object.entries(labels).every(([key, value]) => attester.labels[key] === value) &&
    (statuses === undefined || statuses.some((status) => status === attester.latest?.status));
  if (attesters !== undefined) {
    for (const id of new Set(attesters)) {
      const attester = await ports.attesters.find(id);
      if (attester !== undefined && fits(attester)) yield attester;
    }
    return;
  }
  for (let after: { at: Date; id: string } | undefined; ; ) {
    const page = { limit: PAGE, ...(after === undefined ? {} : { after }) };
    const found = await ports.attesters.list(page);
    for (const attester of found) if (fits(attester)) yield attester;
    const last = found.at(-1);
    if (last === undefined || found.length < PAGE) return;
    after = { at: last.enrolledAt, id: last.id };
  }
}

async function tryOne(ports: Ports, id: string, policy: PolicyPackage): Promise<TrialOutcome> {
  const rounds = await roundsToRead(ports, id);
  const before = await oldVerdict(ports, rounds.at(-1)?.verdictId);
  const told = { attester: id, from: before.status };
  const pieces = storedPieces(ports, rounds);
  const work = { policy, pieces, share: 'trial' } as const;
  // A thread that dies says nothing about the policy, and the others go on.
  const result = await ports.workers.reappraise(work).catch(() => undefined);
  if (result === undefined) return { ...told, because: 'failed', codes: [] };
  if (!result.derivable) return { ...told, because: result.because, codes: result.codes };
  return { ...told, to: result.verdict.status, ...freshFindings(before, result.verdict) };
}

/** What a verdict has that the one before has not. */
function freshFindings(
  before: OldVerdict,
  verdict: VerdictBody,
): { readonly fresh: readonly Finding[]; readonly codes: readonly string[] } {
  const known = new Set(before.findings.map(findingKey));
  const weighty = verdict.findings.filter(({ severity }) => severity !== 'info');
  const codes = new Set(weighty.map(({ code }) => code));
  return {
    fresh: weighty.filter((finding) => !known.has(findingKey(finding))),
    codes: [...codes].filter((code) => {
      const [now, then] = [verdict.findingCounts[code] ?? 0, before.findingCounts[code] ?? 0];
      return now > then;
    }),
  };
}

type OldVerdict = z.infer<typeof OldVerdict>;
/** As much of a stored verdict as is compared. */
const OldVerdict = z.object({
  status: z.enum(STATUSES),
  findings: z.array(
    z.object({
      code: z.custom<Finding['code']>((code) => typeof code === 'string'),
      subject: z
        .object({ path: z.string().exactOptional(), digest: z.string().exactOptional() })
        .exactOptional(),
    }),
  ),
  findingCounts: z.record(z.string(), z.number()),
});

async function oldVerdict(ports: Ports, id: string | undefined): Promise<OldVerdict> {
  const document = id === undefined ? undefined : await ports.verdicts.find(id);
  if (document === undefined) throw new Error('an attester with a verdict has none');
  return OldVerdict.parse(JSON.parse(document));
}

/** A finished trial of a version. Problem: `trial.unknown`. */
export async function findTrial(
  ports: Ports,
  policy: PinnedPolicy['policy'],
  id: string,
): Promise<StoredTrial> {
  const trial = await ports.trials.find(id);
  if (trial?.policy.name !== policy.name || trial.policy.version !== policy.version) {
    throw new Problem('trial.unknown', 'No finished trial of this version has this id.');
  }
  return trial;
}

const PAGE = 200;
/** Lines of progress that a trial tells, at most. */
const PROGRESS_LINES = 1000;
/** What a trial looks at when nobody says. */
export const TRIAL_ATTESTERS = { usual: 1000, most: REAPPRAISAL_LIMITS.trialAttesters } as const;
