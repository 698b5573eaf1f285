// A document of a token issuer over HTTP, bounded in time and size. Fetch standard

import { ACCESS_LIMITS } from '../bytes/limits.ts';

/** The text at `url`. Throws for anything but 200, for a redirect, and behind the bounds. */
export async function fetchIssuerDocument(url: string): Promise<string> {
  const answer = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(PATIENCE_MS),
    headers: { accept: 'application/json' },
  });
  if (answer.status !== 200 || answer.body === null) throw new Error('the issuer has no document');
  const text = new TextDecoder('utf-8', { fatal: true });
  let [whole, sizeBytes] = ['', 0];
  for await (const window of answer.body) {
    sizeBytes += window.length;
    if (sizeBytes > ACCESS_LIMITS.issuerDocumentBytes) throw new Error('the document is too long');
    whole += text.decode(window, { stream: true });
  }
  return whole + text.decode();
}

const PATIENCE_MS = 5_000;
