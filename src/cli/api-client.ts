// Calls of the HTTP API, for commands that talk to a service. docs/api.md

import { z } from 'zod';

/** Where the service is and who calls. */
export interface ServiceAddress {
  /** Without a final slash. */
  readonly url: string;
  readonly token: string;
}

/** What a call sends: a JSON value, or text of another media type. */
export type RequestBody =
  | { readonly json: unknown }
  | { readonly text: string; readonly mediaType: string };

/** Posts to `path` and gives the answer, which must have the shape of `answer`. Throws with the
 *  code and the detail of the problem when the service refuses. */
export async function post<T>(
  service: ServiceAddress,
  path: string,
  { body, answer }: { readonly body?: RequestBody; readonly answer: z.ZodType<T> },
): Promise<T> {
  const headers = new Headers({ authorization: `Bearer ${service.token}` });
  if (body !== undefined) {
    headers.set('content-type', 'json' in body ? 'application/json' : body.mediaType);
  }
  const sent = body && ('json' in body ? JSON.stringify(body.json) : body.text);
  const response = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers,
    ...(sent !== undefined && { body: sent }),
  });
  const document: unknown = await response.json();
  if (response.ok) return answer.parse(document);
  const { code, detail } = problem.parse(document);
  throw new Error(`POST ${path}: ${code}: ${detail}`);
}

const problem = z.object({ code: z.string(), detail: z.string() });
