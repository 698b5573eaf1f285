// Answers that come line by line while work goes on: NDJSON, or server-sent events for whoever asks
// for them. WHATWG HTML, 9.2 Server-sent events; docs/api.md, "Trials"

import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Answers with one JSON value a line, as fast as the caller reads; who goes away ends `lines`. A
 *  fault on the way is the last line: the status was sent long ago. */
export function sendLines(
  request: FastifyRequest,
  reply: FastifyReply,
  lines: AsyncIterable<object>,
): FastifyReply {
  const isEvents = request.headers.accept?.includes(EVENTS) === true;
  const text = isEvents ? eventOf : lineOf;
  reply.type(isEvents ? EVENTS : 'application/x-ndjson');
  return reply.send(Readable.from(written(request, lines, text)));
}

async function* written(
  request: FastifyRequest,
  lines: AsyncIterable<object>,
  text: (line: object) => string,
): AsyncIterable<string> {
  try {
    for await (const line of lines) yield text(line);
  } catch (error) {
    request.log.error({ err: error }, 'lines');
    yield text({ failed: { code: 'internal.fault', requestId: request.id } });
  }
}

function lineOf(line: object): string {
  return `${JSON.stringify(line)}\n`;
}

/** The event is named by the only key of the line. */
function eventOf(line: object): string {
  return `event: ${Object.keys(line)[0] ?? ''}\ndata: ${JSON.stringify(line)}\n\n`;
}

const EVENTS = 'text/event-stream';
