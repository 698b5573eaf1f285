// Records of template ima-buf: the binding of digest and buffer, and the kexec events.
// kernel security/integrity/ima/ima_main.c: process_buffer_measurement; ima_kexec.c:
// ima_measure_kexec_event; FORMATS 7.1, 11.

import { equalBytes, latinText } from '../bytes/encoding.ts';
import { digest, hashByName } from '../crypto/digest.ts';
import { readBufferEvent } from './buffer-grammar.ts';
import type { TemplateFields } from './template-fields.ts';

/** Name of the template that carries buffers. */
export const BUFFER_TEMPLATE = 'ima-buf';

/** What recomputing the digest of a buffer gave. The template name is not authenticated, so a
 *  record counts as an event only when this is `bound`. */
export type BufferBinding =
  | { readonly outcome: 'bound' }
  | { readonly outcome: 'different'; readonly expected: Uint8Array }
  | { readonly outcome: 'not-computable' };

/** Whether `d-ng` is the digest of `buf` (FORMATS 2.3, rule 3). */
export function bindBuffer(fields: TemplateFields): BufferBinding {
  const recorded = fields.fileDigest;
  const hash = recorded && hashByName(recorded.algorithm)?.name;
  const computed = hash && digest(hash, fields.buffer ?? new Uint8Array());
  if (recorded === undefined || computed === undefined) return { outcome: 'not-computable' };
  return equalBytes(computed, recorded.bytes)
    ? { outcome: 'bound' }
    : { outcome: 'different', expected: computed };
}

export interface KexecEvent {
  readonly name: 'kexec_load' | 'kexec_execute';
  /** Bytes that the next kernel's list buffer may take. */
  readonly segmentSizeBytes: number;
  /** Bytes of the records this kernel knows. */
  readonly listBytes: number;
  /** Records this kernel knows, this event excluded. */
  readonly recordCount: number;
}

/** A kexec event by its exact name and the strict grammar of its buffer; undefined for anything
 *  else. The caller has checked that the buffer is bound. */
export function readKexecEvent(fields: TemplateFields): KexecEvent | undefined {
  const name = latinText(fields.name ?? new Uint8Array());
  if (name !== 'kexec_load' && name !== 'kexec_execute') return undefined;
  const event = readBufferEvent(name, fields.buffer ?? new Uint8Array());
  if (event?.ok !== true) return undefined;
  const numberAt = (key: string) => Number(event.value.values.get(key));
  return {
    name,
    segmentSizeBytes: numberAt('kexec_segment_size'),
    listBytes: numberAt('ima_binary_runtime_size'),
    recordCount: numberAt('ima_runtime_measurements_count'),
  };
}
