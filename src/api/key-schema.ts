// Shapes of keyrings and trust anchors. docs/api.md, "Keyrings" and "Trust anchors"

import { z } from 'zod';
import { ANCHOR_KINDS } from '../service/key-stores.ts';
import { contentDigest, keptVersion, moment, namePath, versionPath } from './schemas.ts';

const count = z.int().min(0);
const { name, version } = versionPath.shape;

export const keyringPath = namePath;
export const keyringVersionPath = versionPath;

export const uploadedKeyring = z.object({
  name,
  version,
  digest: contentDigest,
  keys: count,
  created: z.boolean(),
});

export const keyringVersionList = z.object({
  items: z.array(keptVersion.extend({ keys: count })),
});

const kind = z.enum(ANCHOR_KINDS).meta({
  description: 'anchor is believed by itself; the others only below an anchor.',
});

/** SHA-256 over the DER bytes. */
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);

export const anchorQuery = z.strictObject({ kind });
export const anchorPath = z.object({ fingerprint });

const trustAnchor = z
  .object({
    fingerprint,
    kind,
    subject: z.string().meta({ description: 'For people, never for comparison.' }),
    expiresAt: moment.nullable(),
    addedAt: moment,
  })
  .meta({ id: 'TrustAnchor' });

export const trustAnchorList = z.object({ items: z.array(trustAnchor) });

export const importedAnchors = z.object({
  items: z.array(z.object({ ...trustAnchor.shape, created: z.boolean() })),
});
