// The environment, read once and checked: whoever starts the service gets settings or one message
// that names every mistake. docs/api.md, "Settings"

import { z } from 'zod';
import type { ServiceLimits } from './service/service.ts';

/** How the service is to run. */
export interface Settings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly database:
    | { readonly kind: 'postgres'; readonly url: string }
    | { readonly kind: 'embedded'; readonly folder: string };
  readonly logLevel: z.output<typeof logLevel>;
  /** Until a request must have arrived whole. */
  readonly requestSeconds: number;
  readonly limits: ServiceLimits;
}

/** Where the environment is wrong: a mistake of whoever starts the service. */
export class SettingsError extends Error {}

/** Settings from the environment. Throws a `SettingsError`. */
export function settingsFrom(environment: Readonly<Record<string, string | undefined>>): Settings {
  // An empty variable is one that was left out: compose files write them so.
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  const parsed = variables.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );
    throw new SettingsError(`the environment is not valid\n  ${mistakes.join('\n  ')}`);
  }
  const { data } = parsed;
  return {
    host: data.HOST,
    port: data.PORT,
    database:
      data.DATABASE_URL === undefined
        ? { kind: 'embedded', folder: data.PLUMBLINE_DATA }
        : { kind: 'postgres', url: data.DATABASE_URL },
    logLevel: data.PLUMBLINE_LOG_LEVEL,
    requestSeconds: data.PLUMBLINE_REQUEST_SECONDS,
    limits: {
      evidenceBytes: data.PLUMBLINE_EVIDENCE_BYTES,
      referenceSetBytes: data.PLUMBLINE_REFERENCE_SET_BYTES,
      appraisals: data.PLUMBLINE_APPRAISALS,
      openChallenges: data.PLUMBLINE_OPEN_CHALLENGES,
    },
  };
}

const logLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']);
const positive = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

const variables = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(?:ql)?:\/\//, 'an address that begins with postgres://')
    .optional(),
  PLUMBLINE_DATA: z.string().default('plumbline-data'),
  PLUMBLINE_LOG_LEVEL: logLevel.default('info'),
  PLUMBLINE_REQUEST_SECONDS: positive.max(3600).default(600),
  // A list of seven million records.
  PLUMBLINE_EVIDENCE_BYTES: positive.default(1_073_741_824),
  PLUMBLINE_REFERENCE_SET_BYTES: positive.default(1_073_741_824),
  PLUMBLINE_APPRAISALS: positive.max(10_000).default(64),
  PLUMBLINE_OPEN_CHALLENGES: positive.max(1_000).default(16),
});
