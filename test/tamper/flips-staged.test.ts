// Every byte of a capture flipped and cut: ECDSA over PCR 10, a list in four segments.

import { declareFlips } from './flip-suite.ts';

declareFlips('08-log-staging-and-kexec/boot1-q04-after-partial-delete-10');
