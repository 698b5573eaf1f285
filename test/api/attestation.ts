// The steps of an operator and an agent, as tests take them.

import { digestLines, type MadeFile, type MadeHost, madeHost } from './made-host.ts';
import type { Answer, RunningApi } from './running-api.ts';

/** What every made host measured. */
export const FILES: readonly MadeFile[] = [
  { path: '/usr/bin/true', content: 'true' },
  { path: '/usr/bin/false', content: 'false' },
  { path: '/usr/lib/libc.so.6', content: 'libc' },
];

/** A policy under which a host with exactly these files is affirming. */
export const POLICY = {
  format: 'plumbline-policy/1',
  name: 'prod',
  attester: { asserted: 'accept' },
  boot: { eventLog: 'optional', secureBoot: 'optional' },
  ima: { measurements: [{ id: 'os', path: '/**', digestIn: ['base'], then: 'accept' }] },
};

/** Uploads and activates the set and the policy. */
export async function publish({ call }: RunningApi): Promise<void> {
  const role = 'policy-admin';
  const headers = { 'content-type': 'text/plain' };
  await call('POST', '/v1/reference-sets/base', { role, headers, body: digestLines(FILES) });
  await call('POST', '/v1/reference-sets/base/versions/1/activate', { role });
  await call('POST', '/v1/policies', { role, json: POLICY });
  await call('POST', '/v1/policies/prod/versions/1/activate', { role });
}

/** A host that is enrolled. */
export interface Enrolled {
  readonly host: MadeHost;
  readonly id: string;
}

/** Makes and enrols a host. */
export async function enrol({ call }: RunningApi, files = FILES): Promise<Enrolled> {
  const host = madeHost(files);
  const ak = { encoding: 'tpmt-public', bytes: host.ak.toString('base64') };
  const made = await call('POST', '/v1/attesters', { role: 'agent-enrol', json: { ak } });
  return { host, id: String(made.body['id']) };
}

/** A challenge, as the agent reads it. */
export interface Challenged {
  readonly id: string;
  readonly nonce: string;
  readonly ima: { readonly fromIndex: number; readonly fromOffset: number };
}

/** Asks for a challenge. */
export async function challenge({ call }: RunningApi, id: string): Promise<Challenged> {
  const { body } = await call('POST', `/v1/attesters/${id}/challenges`);
  const { fromIndex, fromOffset } = Object(body['ima']);
  return { id: String(body['id']), nonce: String(body['nonce']), ima: { fromIndex, fromOffset } };
}

/** The JSON head of a host's evidence. */
export function headFor(host: MadeHost, nonce: string) {
  const { attest, signature } = host.quote(nonce);
  return {
    quote: {
      attest: attest.toString('base64'),
      signature: signature.toString('base64'),
      signatureEncoding: 'tpmt',
    },
    pcrValues: { sha256: host.pcrValues },
    ima: { segments: [{ kind: 'current', encoding: 'binary', digestColumn: 'sha1' }] },
  };
}

/** The whole evidence of a host as one JSON document, its list from record `fromIndex` on. */
export function bodyFor(
  host: MadeHost,
  nonce: string,
  { fromIndex = 0, list = host.listFrom(fromIndex) } = {},
) {
  const head = headFor(host, nonce);
  const segments = head.ima.segments.map((claim) => ({ ...claim, bytes: list.toString('base64') }));
  return { ...head, ima: { fromIndex, segments } };
}

/** One round as an agent does it: a challenge, a quote, and the list from where it is asked for, or
 *  from `fromIndex`. */
export async function attest(
  running: RunningApi,
  { host, id }: Enrolled,
  fromIndex?: number,
): Promise<Answer> {
  const { id: challengeId, nonce, ima } = await challenge(running, id);
  const json = bodyFor(host, nonce, { fromIndex: fromIndex ?? ima.fromIndex });
  running.wait(1);
  return answer(running, challengeId, { json });
}

/** Evidence as a form: the head, then these parts. */
export function formOf(head: unknown, parts: readonly (readonly [string, Buffer])[]): FormData {
  const form = new FormData();
  form.append('evidence', new Blob([JSON.stringify(head)], { type: 'application/json' }), 'head');
  for (const [name, bytes] of parts) form.append(name, new Blob([bytes]), name);
  return form;
}

/** Answers a challenge. */
export function answer(
  { call }: RunningApi,
  challengeId: string,
  evidence: { readonly json?: unknown; readonly body?: FormData },
): Promise<Answer> {
  return call('POST', `/v1/challenges/${challengeId}/evidence`, evidence);
}
