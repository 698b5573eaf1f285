// docs/reason-codes.md as it follows from the catalogue in src/findings/codes.ts.

import { REASON_CODES } from '../../src/findings/codes.ts';
import type { FindingClass, ReasonCode } from '../../src/findings/reason-code.ts';

const CLASSES: Readonly<Record<FindingClass, string>> = {
  malformed: 'the bytes are not what their format says',
  forged: 'a cryptographic or structural check failed',
  stale: 'genuine, but not fresh',
  unknown: 'nothing that we were given speaks for it',
  refused: 'understood, and not acceptable under the policy',
  unsupported: 'well-formed, but beyond what this verifier can check',
  missing: 'something needed was not supplied',
  noted: 'true and worth knowing; never a reason to refuse by itself',
};

const PARTS: Readonly<Record<string, string>> = {
  quote: 'The quote: TPMS_ATTEST and its signature',
  pcr: 'PCR values and banks',
  ak: 'The attestation key and its certificate',
  ek: 'The endorsement key and its certificate',
  boot: 'The firmware event log',
  ima: 'The IMA measurement list',
  policy: 'The policy',
  limit: 'Limits',
};

const HEAD = `# Reason codes

Every finding in a verdict carries one of these codes. A released code is never renamed, reused or
removed. The severity of a finding is not part of its code: the policy decides it
(\`docs/verdicts.md\`). This page is written by \`npm run docs:tables\` from the catalogue in
\`src/findings/codes.ts\`; a test fails when the two differ.

"Trust" says what had already been verified when the code can occur, and so how much the place that
the finding names is worth. FORMATS is the byte-level reference in \`docs/formats/\`; sections are
those of the specification named, or of the kernel source.
`;

/** The whole document. */
export function reasonCodesDocument(): string {
  const codes: readonly (readonly [string, ReasonCode])[] = Object.entries(REASON_CODES);
  const classes = Object.entries(CLASSES).map(([name, words]) => `| ${name} | ${words} |`);
  const lines = [HEAD, '| class | means |', '| --- | --- |', ...classes, ''];
  for (const part of new Set(codes.map(([name]) => partOf(name)))) {
    const ofPart = codes.filter(([name]) => partOf(name) === part);
    lines.push(`## ${PARTS[part] ?? part}`, '', ...ofPart.flatMap(codeLines));
  }
  return lines.join('\n');
}

function partOf(name: string): string {
  return name.split('.')[0] ?? '';
}

function codeLines([name, code]: readonly [string, ReasonCode]): readonly string[] {
  return [
    `### \`${name}\` (${code.class})`,
    '',
    code.meaning,
    '',
    `- Next: ${code.hint}`,
    `- Rule: ${code.source}`,
    `- Trust: ${code.after}`,
    '',
  ];
}
