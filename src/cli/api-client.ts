// Calls of the HTTP API, for commands that talk to a service. docs/api.md

import { z } from 'zod';

/** Where the service is and who calls. */
export interface ServiceAddress {
  /** Without a final slash. */
  readonly url: string;
  readonly token: string;
}

/** What a call sends: a JSON value, text of another media type, or bytes as they come. */
export type RequestBody =
  | { readonly json: unknown }
  | { readonly text: string; readonly mediaType: string }
  | { readonly windows: AsyncIterable<Uint8Array>; readonly mediaType: string };

/** The service refused a call. The message has the code and the detail. */
export class ServiceRefusal extends Error {
  /** What is wrong where, as far as the service says. */
  readonly places: readonly { readonly at: string; readonly message: string }[];
  constructor(message: string, places: ServiceRefusal['places']) {
    super(message);
    this.name = 'ServiceRefusal';
    this.places = places;
  }
}

/** Posts to `path` and gives the answer, which must have the shape of `answer`. Throws a
 *  `ServiceRefusal` when the service refuses. */
export async function post<T>(
  service: ServiceAddress,
  path: string,
  { body, answer }: { readonly body?: RequestBody; readonly answer: z.ZodType<T> },
): Promise<T> {
  const headers = new Headers({ authorization: `Bearer ${service.token}` });
  if (body !== undefined) {
    headers.set('content-type', 'json' in body ? 'application/json' : body.mediaType);
  }
  const request = { method: 'POST', headers, ...(body && sentBody(body)) };
  return answered(await fetch(`${service.url}${path}`, request), `POST ${path}`, answer);
}

/** Gets `path`, as `post` posts. */
export async function get<T>(
  service: ServiceAddress,
  path: string,
  answer: z.ZodType<T>,
): Promise<T> {
  const headers = { authorization: `Bearer ${service.token}` };
  return answered(await fetch(`${service.url}${path}`, { headers }), `GET ${path}`, answer);
}

/** An answer that is read as it comes. */
export interface OpenAnswer {
  readonly headers: Headers;
  readonly windows: AsyncIterable<Uint8Array>;
}

/** Gets `path`, or posts `json` to it, for an answer of any length. Throws a `ServiceRefusal` when
 *  the service refuses. */
export async function openAnswer(
  service: ServiceAddress,
  path: string,
  json?: unknown,
): Promise<OpenAnswer> {
  const headers = new Headers({ authorization: `Bearer ${service.token}` });
  if (json !== undefined) headers.set('content-type', 'application/json');
  const sent = json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) };
  const response = await fetch(`${service.url}${path}`, { headers, ...sent });
  if (!response.ok) await answered(response, path, z.never());
  return { headers: response.headers, windows: response.body ?? NOTHING };
}

/** The lines of an answer, without their ends. */
export async function* linesOf(windows: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const window of windows) {
    const lines = (rest + decoder.decode(window, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** Deletes what is at `path`. Throws a `ServiceRefusal` when the service refuses. */
export async function remove(service: ServiceAddress, path: string): Promise<void> {
  const headers = { authorization: `Bearer ${service.token}` };
  const response = await fetch(`${service.url}${path}`, { method: 'DELETE', headers });
  if (!response.ok) await answered(response, `DELETE ${path}`, z.never());
}

function sentBody(body: RequestBody): RequestInit {
  if ('windows' in body) return { body: ReadableStream.from(body.windows), duplex: 'half' };
  return { body: 'json' in body ? JSON.stringify(body.json) : body.text };
}

async function answered<T>(response: Response, call: string, answer: z.ZodType<T>): Promise<T> {
  const document: unknown = await response.json();
  if (response.ok) return answer.parse(document);
  const { code, detail, places } = problem.parse(document);
  throw new ServiceRefusal(`${call}: ${code}: ${detail}`, places);
}

const NOTHING: AsyncIterable<Uint8Array> = ReadableStream.from([]);

const problem = z.object({
  code: z.string(),
  detail: z.string(),
  places: z.array(z.object({ at: z.string(), message: z.string() })).default([]),
});
