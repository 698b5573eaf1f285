// Shapes of access tokens and of the audit log, in requests and answers. docs/api.md, "Access" and
// "Audit"; OpenAPI 3.1.

import { z } from 'zod';
import { ROLES } from '../service/ports.ts';
import { idPath, moment, namePath, pageQuery } from './schemas.ts';

const { id } = idPath.shape;
const { name } = namePath.shape;
const role = z.enum(ROLES);
const expiresAt = moment.meta({ description: 'From then on the token is worth nothing.' });

export const wantedToken = z.strictObject({ name, role, expiresAt: expiresAt.optional() });

export const wantedRotation = z.strictObject({
  graceSeconds: z
    .int()
    .min(0)
    .max(604_800)
    .default(0)
    .meta({ description: 'How long the old secret still works; 0 ends it at once.' }),
  expiresAt: expiresAt.optional().meta({ description: 'A new date; left out, it stays.' }),
});

const tokenFields = { id, name, role, expiresAt: expiresAt.nullable() };

export const newToken = z.object({ ...tokenFields, secret: z.string() });

export const tokenList = z.object({
  items: z.array(
    z.object({
      ...tokenFields,
      createdAt: moment,
      lastUsedAt: moment
        .nullable()
        .meta({ description: 'Within an hour; null before the first use.' }),
    }),
  ),
});

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const place = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const askedPlace = z.coerce.number().pipe(place);

/** What the database can hold: no control characters. */
const printable = z.string().regex(/^\P{Cc}{1,300}$/u);

export const auditQuery = pageQuery.extend({
  cursor: askedPlace.optional().meta({ description: '"next" of the page before.' }),
  actor: printable.optional().meta({ description: 'Id of who acted.' }),
  action: z
    .string()
    .regex(/^[a-z_]+\.[a-z_]+$/)
    .optional(),
  subject: printable.optional().meta({ description: 'Id or name of what was changed.' }),
  since: moment.optional().meta({ description: 'From this moment on.' }),
  until: moment.optional().meta({ description: 'Before this moment.' }),
});

export const auditRecords = z.object({
  items: z.array(
    z
      .object({
        id: place.meta({ description: 'Place in the chain, from 1.' }),
        at: moment,
        actor: z
          .string()
          .nullable()
          .meta({ description: 'Id of a token, or oidc: and a subject; null: the service.' }),
        action: z.string(),
        subject: z.string(),
        detail: z.record(z.string(), z.union([z.string(), z.number()])),
        hash: sha256.meta({ description: 'Over this record and the hash before it.' }),
      })
      .meta({ id: 'AuditRecord' }),
  ),
  next: z.string().nullable().meta({ description: 'Cursor of the next page; null at the end.' }),
});

export const knownHead = z
  .strictObject({
    id: askedPlace.optional().meta({ description: 'A head that was noted before: its id,' }),
    hash: sha256.optional().meta({ description: 'and its hash.' }),
  })
  .refine(({ id, hash }) => (id === undefined) === (hash === undefined), 'name both or neither');

export const auditVerification = z.object({
  rows: place.meta({ description: 'Records found good.' }),
  head: z
    .object({ id: place, hash: sha256 })
    .meta({ description: 'The newest record: note it, and ask with it the next time.' }),
  brokenAt: place
    .nullable()
    .meta({ description: 'This record or one before it was changed or removed; null: none.' }),
});
