// A process of its own that verifies a list from a file, window by window, and prints how much
// memory it had before and at most. Arguments: file, records, value of PCR 10 behind them in hex.

import { fromHex } from '../src/bytes/encoding.ts';
import { readWindows } from '../src/cli/files.ts';
import { STRUCTURAL_POLICY } from '../src/policy/structural.ts';
import { beginVerification } from '../src/verify/verify.ts';
import { makeAttester } from './made-attester.ts';
import { requireAffirming } from './measure.ts';

const [file = '', records = '', pcr10 = ''] = process.argv.slice(2);
const value = fromHex(pcr10);
if (value === undefined) throw new Error('the value of PCR 10 is not hex');
const nonce = new Uint8Array(32).fill(0x5a);
const { ak, attest } = makeAttester({ pcr10: () => value });
const { claims } = attest({ from: 0, to: Number(records), nonce });
const idleBytes = process.memoryUsage.rss();
let peakBytes = idleBytes;
const verification = beginVerification({ ...claims, ak, nonce }, STRUCTURAL_POLICY);
for await (const window of readWindows(file)) {
  verification.push(0, window);
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}
requireAffirming(verification.conclude());
peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
console.log(JSON.stringify({ idleBytes, peakBytes }));
