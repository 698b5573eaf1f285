// The shape of a timeline, for /openapi.json; a test holds real timelines against it. docs/api.md,
// "Timeline"

import { z } from 'zod';
import { hashName } from '../service/evidence-document.ts';
import { moment, pageOf, status } from './schemas.ts';
import { epochs, finding } from './verdict-schema.ts';

const count = z.int().min(0);

const boot = z.object({
  number: z.int().min(1).meta({ description: 'Boots that were seen, from 1.' }),
  resetCount: count,
  restartCount: count,
  clockMs: count,
  safe: z.boolean(),
  firmwareVersion: z.string().meta({ description: '16 hex digits.' }),
});

const value = z.hex();
const register = z.object({
  pcr: count,
  bank: hashName,
  values: z
    .object({
      'own-hash': value.optional(),
      'padded-sha1': value.optional(),
      'padded-sha1-and-violations': value.optional(),
    })
    .meta({ description: 'Running value for each way in which kernels extend a bank.' }),
});

const checkpoint = z.object({
  index: count.meta({ description: 'So many records of the boot are proven.' }),
  bytes: count,
  registers: z.array(register),
});

const round = z.object({
  verdict: z.uuid(),
  boot: z.int().min(1),
  at: moment,
  status,
  fromIndex: count.nullable(),
  provenCount: count.nullable(),
  pendingCount: count.nullable(),
});

/** The timeline of an attester. Typed loosely, as the verdict is. */
export const timeline: z.ZodType<unknown> = z
  .object({
    updatedAt: moment.nullable(),
    boot: boot.nullable().meta({ description: 'The boot of the checkpoints; null before any.' }),
    checkpoints: z.array(checkpoint).meta({ description: 'Newest first.' }),
    epochs,
    findings: z
      .array(finding)
      .meta({ description: 'Open for the rest of the boot: every verdict of it repeats them.' }),
    findingCounts: z.record(z.string(), count),
    rounds: pageOf(round).meta({ description: 'Verdicts on genuine quotes, newest first.' }),
  })
  .meta({ id: 'AttesterTimeline' });
