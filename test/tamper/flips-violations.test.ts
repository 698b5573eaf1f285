// Every byte of a capture flipped and cut: RSASSA over PCR 10, a list with violations.

import { declareFlips } from './flip-suite.ts';

declareFlips('05-violations/q02-after-open-writers');
