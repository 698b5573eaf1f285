// Shapes of results and of the keys that sign them. docs/results.md

import { z } from 'zod';
import { RESULT_LIMITS } from '../bytes/limits.ts';
import { EAR_PROFILES } from '../results/ear.ts';
import { PublicKey } from '../service/result-keys.ts';

/** What a relying party asks with. */
export const resultQuery = z.object({
  nonce: z
    .string()
    .regex(/^[A-Za-z0-9_-]*$/, 'base64url without padding')
    .min(RESULT_LIMITS.nonceCharsMin)
    .max(RESULT_LIMITS.nonceCharsMax)
    .optional()
    .meta({ description: 'Base64url; comes back as eat_nonce.' }),
  audience: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'printable characters without spaces')
    .max(RESULT_LIMITS.audienceChars)
    .optional()
    .meta({ description: 'Whom the result is for; comes back as aud.' }),
});

/** RFC 7517 5. */
export const keySet = z.object({ keys: z.array(PublicKey) });

/** What a relying party must know to check results. */
export const discovery = z.object({
  issuer: z.string().optional().meta({ description: 'What results name as their issuer.' }),
  jwks_uri: z.string().meta({ description: 'Relative to this document, if it is not absolute.' }),
  result_profiles: z.array(z.enum(EAR_PROFILES)),
  result_signing_algs: z.array(z.string()),
});

/** The key that signs from now on. */
export const rotatedKey = z.object({ kid: z.string() });
