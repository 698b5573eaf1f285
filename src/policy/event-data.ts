// Rules about buffer events: conditions on what a buffer says, and which rules are mistakes because
// they would accept what anybody can make. FORMATS 11; docs/policy.md, "Events and keys"

import { latinText } from '../bytes/encoding.ts';
import { eventsOfLabel, knownEvent, readBufferEvent } from '../ima/buffer-grammar.ts';

/** The condition `data` of a rule, or what is wrong with it and under which key. */
export type EventDataCompilation =
  | {
      readonly ok: true;
      /** Whether the buffer keeps the event's grammar and has every value. */
      matches(buffer: Uint8Array): boolean;
    }
  | { readonly ok: false; readonly key: string | undefined; readonly problem: string };

/** Compiles `data` of a rule about `event`: values by key, all of which a buffer must have. A key
 *  that the event never has, or a value that the key never has, would make a rule that never
 *  matches: it is a problem. */
export function compileEventData(
  event: string,
  data: Readonly<Record<string, string>>,
): EventDataCompilation {
  const known = knownEvent(event);
  if (known === undefined || known.data.length === 0) {
    return problem(undefined, `the buffer of "${event}" has no values that are known here`);
  }
  const wanted = Object.entries(data);
  if (wanted.length === 0) return problem(undefined, 'names no value');
  for (const [key, value] of wanted) {
    const data = known.data.filter((datum) => datum.key.test(key));
    if (data.length === 0) return problem(key, `"${event}" never has a value "${key}"`);
    if (!data[0]?.value.test(value)) return problem(key, `"${key}" never has the value "${value}"`);
  }
  const expected = wanted.map(([key, value]) => [key, bytewise(value)] as const);
  return {
    ok: true,
    matches(buffer) {
      const reading = readBufferEvent(event, buffer);
      if (reading?.ok !== true) return false;
      const { values } = reading.value;
      return expected.every(([key, value]) => values.get(key) === value);
    },
  };
}

/** What these checks need of a measurement rule. */
export interface EventRule {
  readonly event?: string | undefined;
  readonly label?: string | undefined;
  readonly data?: Readonly<Record<string, string>> | undefined;
  readonly keyring?: string | undefined;
  readonly keyIn?: readonly string[] | undefined;
  readonly digestIn?: readonly string[] | undefined;
  readonly then: 'accept' | 'warn' | 'refuse';
}

/** A mistake, and the key of the rule that it is in. */
export interface EventRuleProblem {
  readonly path: string[];
  readonly message: string;
}

/** What is wrong with a rule about events or keys. Empty for every other rule. */
export function eventRuleProblems(rule: EventRule): EventRuleProblem[] {
  return [...dataProblems(rule), ...nameProblems(rule), ...pinProblems(rule)];
}

function dataProblems({ event, data }: EventRule): EventRuleProblem[] {
  if (event === undefined || data === undefined) return [];
  const compiled = compileEventData(event, data);
  if (compiled.ok) return [];
  const { key, problem: message } = compiled;
  return [{ path: key === undefined ? ['data'] : ['data', key], message }];
}

function nameProblems({ label, keyring }: EventRule): EventRuleProblem[] {
  const problems: EventRuleProblem[] = [];
  if (label !== undefined && eventsOfLabel(label).length === 0) {
    problems.push({ path: ['label'], message: 'no known event has this label' });
  }
  if (keyring !== undefined && knownEvent(keyring) !== undefined) {
    const message = 'a record of this name is judged as the event: use event';
    problems.push({ path: ['keyring'], message });
  }
  return problems;
}

/** A rule that accepts has to say which bytes, where the bytes alone do not tell an event from a
 *  file record under another template. */
function pinProblems(rule: EventRule): EventRuleProblem[] {
  if (rule.then !== 'accept' || rule.digestIn !== undefined) return [];
  const events = rule.label === undefined ? [rule.event] : eventsOfLabel(rule.label);
  const loose = events.find((event) => event !== undefined && knownEvent(event)?.nature !== 'text');
  if (loose !== undefined) {
    const message = `a file record can pass for "${loose}": a rule that accepts needs digestIn`;
    return [{ path: ['digestIn'], message }];
  }
  if (rule.keyring !== undefined && rule.keyIn === undefined) {
    const message = 'any user may name a keyring: a rule that accepts needs keyIn or digestIn';
    return [{ path: ['keyIn'], message }];
  }
  return [];
}

/** Whether the name of a record is that of an event with this label. */
export function hasLabel(name: Uint8Array, label: string): boolean {
  return knownEvent(latinText(name))?.label === label;
}

function problem(key: string | undefined, text: string): EventDataCompilation {
  return { ok: false, key, problem: text };
}

/** A text of the policy as a buffer's values are given: one character for each byte. */
function bytewise(text: string): string {
  return latinText(new TextEncoder().encode(text));
}
