// What an event log would prove if a quote had exactly the values that it replays to.
// docs/policy.md, "Pinned boots"; docs/decisions/0014-event-data.md

import { judgeEventData } from '../boot/event-data.ts';
import type { EventLog } from '../boot/event-log.ts';
import { type ExplainedBoot, explainBoot } from '../boot/explain.ts';
import { bootFacts, type Witness } from '../boot/facts.ts';
import { replayEventLog } from '../boot/replay.ts';
import { escapeText, toHex } from '../bytes/encoding.ts';
import type { Shown } from './inspection.ts';

/** The facts, each with the event that proves it; undefined where the log has none. */
export function bootFactRows(log: EventLog): { readonly [label: string]: Shown } | undefined {
  const boot = ownBoot(log);
  const facts = bootFacts(boot);
  const { state, eventIndex } = facts.secureBoot;
  const rows: { readonly [label: string]: readonly Shown[] } = {
    secureBoot: state === undefined ? [] : [{ event: eventIndex ?? 0, state }],
    variables: facts.variables.map(named),
    authorities: facts.authorities.map(named),
    images: facts.images.map(witnessed),
    commandLines: facts.commandLines.map((fact) => ({
      ...witnessed(fact),
      text: escapeText(fact.text),
    })),
    loadOptions: facts.loadOptions.map(witnessed),
    initrds: facts.initrds.map(witnessed),
    files: facts.files.map((fact) => ({ ...witnessed(fact), claimed: escapeText(fact.claimed) })),
    unread: facts.unread.map(witnessed),
    brokenPromises: judgeEventData(boot).map(({ where }) => ({
      event: where.entryIndex ?? 0,
      bank: where.bank ?? '',
    })),
  };
  const filled = Object.entries(rows).filter(([, found]) => found.length > 0);
  return filled.length === 0 ? undefined : Object.fromEntries(filled);
}

/** The log beside a quote of every bank with the values of its own replay. */
function ownBoot(log: EventLog): ExplainedBoot {
  const replay = replayEventLog(log);
  const values = new Map(
    [...replay.banks].map(([bank, pcrs]) => {
      const replayed = [...pcrs].flatMap(([pcr, outcome]) =>
        outcome.state === 'replayed' ? [[pcr, outcome.value] as const] : [],
      );
      return [bank, new Map(replayed)] as const;
    }),
  );
  return explainBoot(replay, { banks: new Set(replay.banks.keys()), values });
}

function witnessed({ eventIndex, bank, digest }: Witness): { readonly [label: string]: Shown } {
  return { event: eventIndex, [bank]: toHex(digest) };
}

function named(fact: Witness & { readonly name: string }): Shown {
  return { ...witnessed(fact), name: fact.name };
}
