// Every byte of a capture flipped and cut: RSASSA over PCR 0 to 10, template ima-sig.

import { declareFlips } from './flip-suite.ts';

declareFlips('02-ima-sig/q02-rsassa-pcr0-10');
