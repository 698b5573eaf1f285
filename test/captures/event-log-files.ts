// The event logs of the evidence, wherever and however they are stored. test/evidence/ABOUT.md

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { bundlesBelow, EVIDENCE_FOLDER } from './load-capture.ts';

/** What an independent replay of a log found. */
export interface StatedLog {
  /** Records that belong to a PCR. */
  readonly events: number;
  readonly startupLocality: number;
  readonly pcrs: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Every log that an expected-pcrs.json speaks of. */
export function statedLogs(): ReadonlyMap<string, StatedLog> {
  const stated = new Map<string, StatedLog>();
  for (const origin of readdirSync(path.join(EVIDENCE_FOLDER, 'public'))) {
    const folder = `public/${origin}`;
    const file = path.join(EVIDENCE_FOLDER, folder, 'expected-pcrs.json');
    if (!existsSync(file)) continue;
    const logs: Record<string, StatedLog> = JSON.parse(readFileSync(file, 'utf8'));
    for (const [name, log] of Object.entries(logs)) stated.set(`${folder}/${name}`, log);
  }
  return stated;
}

/** Every log that a bundle names. */
export function bundledLogs(): string[] {
  return bundlesBelow(EVIDENCE_FOLDER).flatMap((bundle) => {
    const { bootLog } = JSON.parse(readFileSync(`${bundle}.bundle.json`, 'utf8'));
    if (bootLog === undefined) return [];
    return [path.relative(EVIDENCE_FOLDER, path.join(path.dirname(bundle), bootLog))];
  });
}

/** Bytes of a file of the evidence, however it is stored. */
export function evidenceFile(file: string): Uint8Array {
  const plain = path.join(EVIDENCE_FOLDER, file);
  if (existsSync(plain)) return new Uint8Array(readFileSync(plain));
  return new Uint8Array(gunzipSync(readFileSync(`${plain}.gz`)));
}
