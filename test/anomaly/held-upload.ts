// A multipart upload over a raw socket that stops where the test wants it to.

import { connect, type Socket } from 'node:net';
import { headFor } from '../api/attestation.ts';
import type { MadeHost } from '../api/made-host.ts';

/** An upload that has sent its head and the first bytes of its one segment. */
export interface HeldUpload {
  /** Sends more of the segment. */
  send(bytes: Buffer): void;
  /** Sends the end of the body. */
  finish(): void;
  /** Drops the connection. */
  abort(): void;
  /** Everything that was answered, once the connection is closed. */
  readonly answer: Promise<string>;
}

/** Begins to answer a challenge. */
export function holdUpload(
  url: string,
  challenge: { readonly id: string; readonly nonce: string },
  host: MadeHost,
): HeldUpload {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = JSON.stringify(headFor(host, challenge.nonce));
  socket.write(
    [
      `POST /v1/challenges/${challenge.id}/evidence HTTP/1.1`,
      'Host: test',
      'Connection: close',
      'Transfer-Encoding: chunked',
      `Content-Type: multipart/form-data; boundary=${BOUNDARY}`,
      '\r\n',
    ].join('\r\n'),
  );
  const send = (bytes: Buffer) => sendChunk(socket, bytes);
  send(Buffer.from(`--${BOUNDARY}\r\n${disposition('evidence')}${head}\r\n`));
  send(Buffer.from(`--${BOUNDARY}\r\n${disposition('segment')}`));
  return {
    send,
    finish: () => {
      send(Buffer.from(`\r\n--${BOUNDARY}--\r\n`));
      socket.write('0\r\n\r\n');
    },
    abort: () => socket.destroy(),
    answer: textOf(socket),
  };
}

/** Waits until `condition` holds; fails after five seconds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let count = 0; count < 100; count += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come about');
}

function sendChunk(socket: Socket, bytes: Buffer): void {
  socket.write(`${bytes.length.toString(16)}\r\n`);
  socket.write(bytes);
  socket.write('\r\n');
}

function disposition(name: string): string {
  return `Content-Disposition: form-data; name="${name}"; filename="${name}"\r\n\r\n`;
}

function textOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
}

const BOUNDARY = 'plumbline-test-boundary';
