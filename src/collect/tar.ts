// The files in a tar stream: an OCI layer, or what the tools of a distribution unpack from a
// package. POSIX.1-2024 pax, "ustar"; OCI image specification, "Image Layer Filesystem Changeset".

import type { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { type Found, unusablePath } from './found-file.ts';

/** Everything in the stream that could be measured. Throws when the stream is no tar. */
export async function* filesInTar(stream: Readable): AsyncGenerator<Found> {
  const entries = extract();
  stream.on('error', (error: Error) => entries.destroy(error));
  stream.pipe(entries);
  for await (const entry of entries) {
    const found = foundOf(entry.header, windowsOf(entry));
    if (found !== undefined) yield found;
    // Whatever was not read has to go by before the next entry comes.
    entry.resume();
  }
}

function foundOf(header: Header, content: AsyncIterable<Uint8Array>): Found | undefined {
  const path = absolute(header.name);
  const { type, linkname } = header;
  if (type !== 'file' && type !== 'contiguous-file' && type !== 'link') return undefined;
  if (isWhiteout(path)) {
    const why = 'a whiteout: it removes a file of a layer below, which this set does not know';
    return { kind: 'left-out', path, why };
  }
  const why = unusablePath(path);
  if (why !== undefined) return { kind: 'left-out', path, why };
  if (type === 'link') return { kind: 'link', path, of: absolute(linkname) };
  return { kind: 'file', path, content };
}

async function* windowsOf(entry: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const window of entry) {
    if (!(window instanceof Uint8Array)) throw new Error('a tar entry gave something else');
    yield window;
  }
}

/** `./usr/bin/x` and `usr/bin/x` are `/usr/bin/x` on the host. */
function absolute(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return `/${parts.join('/')}`;
}

function isWhiteout(path: string): boolean {
  return path.split('/').at(-1)?.startsWith('.wh.') === true;
}
