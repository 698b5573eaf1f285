// Every byte of a capture flipped and cut: ECDSA over PCR 10, a list in two segments, of whose
// first only some records count.

import { declareFlips } from './flip-suite.ts';

declareFlips('08-log-partial-delete/q02-after-delete-25');
