// Questions about stored verdicts and the evidence behind them. docs/api.md, "Verdicts"

import { type Page, type PageRequest, pageOf } from './page.ts';
import type { Ports, StoredEvidence, VerdictFilter, VerdictSummary } from './ports.ts';
import { Problem } from './problem.ts';

/** One page of verdicts, newest first. */
export function listVerdicts(
  ports: Ports,
  filter: VerdictFilter,
  page: PageRequest,
): Promise<Page<VerdictSummary>> {
  return pageOf(
    page,
    (request) => ports.verdicts.list(filter, request),
    ({ at, id }) => ({ at, id }),
  );
}

/** A verdict document as it was answered: JSON text. Problem: `verdict.unknown`. */
export async function verdictDocument(ports: Ports, id: string): Promise<string> {
  const document = await ports.verdicts.find(id);
  if (document === undefined) throw new Problem('verdict.unknown', 'No verdict has this id.');
  return document;
}

/** The evidence of a verdict. Problem: `evidence.unknown`. */
export async function evidenceOf(ports: Ports, verdictId: string): Promise<StoredEvidence> {
  const evidence = await ports.evidence.ofVerdict(verdictId);
  if (evidence === undefined) {
    throw new Problem('evidence.unknown', 'No evidence is kept for a verdict of this id.');
  }
  return evidence;
}

/** One long part of that evidence. Problem: `evidence.unknown`. */
export async function evidencePart(
  ports: Ports,
  verdictId: string,
  part: string,
): Promise<AsyncIterable<Uint8Array>> {
  const evidence = await evidenceOf(ports, verdictId);
  if (!evidence.parts.some((kept) => kept.part === part)) {
    throw new Problem('evidence.unknown', 'The evidence has no part of this name.');
  }
  return ports.evidence.read(evidence, part);
}
