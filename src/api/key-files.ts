// Bodies that are files of keys or certificates: PEM text or DER, handed on as bytes.

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Problem } from '../service/problem.ts';
import type { Api } from './api.ts';

const MEDIA_TYPES = ['application/x-pem-file', 'text/plain', 'application/octet-stream'] as const;

/** Lets the routes of `scope` take such bodies, and no others. */
export function acceptKeyFiles(scope: Api): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    [...MEDIA_TYPES],
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) => body,
  );
}

/** The body of a request of such a route. Problem: `request.invalid`. */
export function keyFileOf({ body }: Pick<FastifyRequest, 'body'>): Uint8Array {
  if (!(body instanceof Uint8Array)) {
    throw new Problem('request.invalid', 'Send the file as the body of the request.');
  }
  return new Uint8Array(body);
}

/** How such a body is described. */
export const KEY_FILE_BODY = {
  content: {
    'application/x-pem-file': { schema: z.any().meta({ description: 'PEM blocks.' }) },
    'text/plain': { schema: z.any().meta({ description: 'PEM blocks.' }) },
    'application/octet-stream': { schema: z.any().meta({ description: 'PEM blocks, or DER.' }) },
  },
};
