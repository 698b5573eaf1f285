// Every byte of attest and signature flipped and cut, for the schemes and encodings that the other
// flip tests do not use.

import { declareQuoteOnly } from './flip-suite.ts';

for (const name of [
  '01-ima-ng-tcb/q03-rsapss-pcr0-10',
  '01-ima-ng-tcb/q04-ecdsa384-pcr0-10',
  '11-three-banks-padded/q05-rsassa-twobanks-pcr10',
  '01-ima-ng-tcb/q06-rsassa-plain-signature',
  '01-ima-ng-tcb/q07-ecdsa-plain-signature',
]) {
  declareQuoteOnly(name);
}
