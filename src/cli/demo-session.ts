// What the demo does with a service, over HTTP as any agent and admin would. docs/api.md

import { z } from 'zod';
import { verdict as verdictShape } from '../api/verdict-schema.ts';
import { fromHex, toBase64, toHex } from '../bytes/encoding.ts';
import { pcrValue } from '../pcr/selection.ts';
import type { Evidence } from '../verify/evidence.ts';
import type { Verdict } from '../verify/verdict.ts';
import { post, type ServiceAddress } from './api-client.ts';
import { type DemoHost, makeDemoHost } from './demo-host.ts';

/** What the demo ships with, read from its files. */
export interface DemoMaterial {
  /** Policy document and reference set as text. */
  readonly policy: string;
  readonly set: string;
  /** The captured evidence, with its list. */
  readonly evidence: Evidence;
  readonly list: Uint8Array;
}

/** A policy in force and a host enrolled under it. */
export interface DemoSession {
  /** Entries of the reference set. */
  readonly setEntries: number;
  readonly attesterId: string;
  /** Answers a fresh challenge with a fresh quote over the captured PCR values and with `list`. */
  attest(list: Uint8Array): Promise<Verdict>;
}

/** Puts the demo's policy in force and enrols a new demo host. */
export async function openSession(
  service: ServiceAddress,
  material: DemoMaterial,
): Promise<DemoSession> {
  const set = await post(service, '/v1/reference-sets/demo-host', {
    body: { text: material.set, mediaType: 'text/plain' },
    answer: z.object({ version: z.int(), entries: z.int() }),
  });
  await activate(service, `/v1/reference-sets/demo-host/versions/${set.version}`);
  const policy = await post(service, '/v1/policies', {
    body: { text: material.policy, mediaType: 'application/json' },
    answer: z.object({ name: z.string(), version: z.int() }),
  });
  await activate(service, `/v1/policies/${policy.name}/versions/${policy.version}`);
  const host = makeDemoHost();
  const ak = { encoding: 'tpmt-public', bytes: toBase64(host.akPublic) };
  const { id } = await post(service, '/v1/attesters', {
    body: { json: { ak, labels: { purpose: 'demo' } } },
    answer: z.object({ id: z.string() }),
  });
  return {
    setEntries: set.entries,
    attesterId: id,
    attest: (list) => attest(service, { attesterId: id, host, material, list }),
  };
}

async function activate(service: ServiceAddress, version: string): Promise<void> {
  await post(service, `${version}/activate`, { answer: z.unknown() });
}

interface Round {
  readonly attesterId: string;
  readonly host: DemoHost;
  readonly material: DemoMaterial;
  readonly list: Uint8Array;
}

async function attest(service: ServiceAddress, round: Round): Promise<Verdict> {
  const { attesterId, host, material, list } = round;
  const challenge = await post(service, `/v1/attesters/${attesterId}/challenges`, {
    answer: z.object({ id: z.string(), nonce: z.string(), quote: z.object({ selection }) }),
  });
  const [wanted] = challenge.quote.selection;
  const pcrs = capturedPcrs(material.evidence, wanted?.pcrs ?? []);
  const nonce = fromHex(challenge.nonce) ?? new Uint8Array();
  const { attest: attestBytes, signature } = host.quote(nonce, pcrs);
  const evidence = {
    quote: {
      attest: toBase64(attestBytes),
      signature: toBase64(signature),
      signatureEncoding: 'tpmt',
    },
    pcrValues: { sha256: Object.fromEntries([...pcrs].map(([pcr, value]) => [pcr, toHex(value)])) },
    ima: {
      segments: [
        { kind: 'current', encoding: 'binary', digestColumn: 'sha1', bytes: toBase64(list) },
      ],
    },
    bootLog: toBase64(material.evidence.bootLog ?? new Uint8Array()),
  };
  return post(service, `/v1/challenges/${challenge.id}/evidence`, {
    body: { json: evidence },
    answer: verdictAnswer,
  });
}

function capturedPcrs(
  evidence: Evidence,
  pcrs: readonly number[],
): ReadonlyMap<number, Uint8Array> {
  return new Map(
    pcrs.map((pcr) => {
      const value = evidence.pcrValues && pcrValue(evidence.pcrValues, 'sha256', pcr);
      if (value === undefined) throw new Error(`PCR ${pcr} was not captured`);
      return [pcr, value];
    }),
  );
}

const selection = z
  .array(z.object({ bank: z.literal('sha256'), pcrs: z.array(z.int()) }))
  .length(1);

const verdictAnswer = z.custom<Verdict>((answer) => verdictShape.safeParse(answer).success);
