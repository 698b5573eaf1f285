// What a lint of a policy can say: nothing here makes a policy unusable. docs/policy.md, "Lints"

/** `warning`: most likely not what the author meant. `note`: worth knowing. */
export type LintSeverity = 'warning' | 'note';

/** One kind of lint. Names are for ever. */
export interface LintKind {
  readonly severity: LintSeverity;
  /** When it is said. */
  readonly when: string;
  /** What to do about it: continues a sentence behind a colon. */
  readonly remedy: string;
}

/** Every lint, by its name. */
export const LINTS = {
  'acceptance.empty': {
    severity: 'warning',
    when: 'no rule lets a measurement through, or no template or file digest algorithm is named',
    remedy: 'say what is accepted',
  },
  'bank.sha1_only': {
    severity: 'warning',
    when: '`quote.banks` names SHA-1 alone, which proves no list: every verdict is a refusal',
    remedy: 'quote a bank of SHA-256 or better',
  },
  'digest.sha1': {
    severity: 'note',
    when: 'file digests may be SHA-1 beside others: who writes a file chooses its algorithm',
    remedy: 'leave sha1 out unless old signatures need it',
  },
  'digest.sha1_only': {
    severity: 'warning',
    when: 'file digests must be SHA-1, for which two files with one digest can be made',
    remedy: 'boot the hosts with ima_hash=sha256 and accept that',
  },
  'labels.tie': {
    severity: 'warning',
    when: 'another policy names as many labels, and one attester can have all of both',
    remedy: 'let one of the two name more labels',
  },
  'pin.sha1_only': {
    severity: 'warning',
    when: 'a PCR is pinned by SHA-1 values alone',
    remedy: 'pin its value in a bank of SHA-256 or better',
  },
  'rule.accepts_any_content': {
    severity: 'note',
    when: 'a rule accepts any content under a path; a path is what the process saw, not a place',
    remedy: 'add digestIn or signedBy where the content can be known',
  },
  'rule.accepts_everything': {
    severity: 'warning',
    when: 'a rule accepts every file, whatever its path and content',
    remedy: 'ask for a digest or a signature with digestIn or signedBy',
  },
  'rule.deny_list_late': {
    severity: 'warning',
    when: 'a rule refuses by digest behind a rule that may let the same digests through',
    remedy: 'put rules that refuse by digest first',
  },
  'rule.event_unpinned': {
    severity: 'note',
    when: 'a rule accepts an event with any content: its name is all that decides',
    remedy: 'pin what it holds with digestIn or data where that can be known',
  },
  'rule.refuse_shadowed': {
    severity: 'warning',
    when: 'a rule refuses what an earlier rule lets through always: it never applies',
    remedy: 'move it before that rule',
  },
  'rule.shadowed': {
    severity: 'warning',
    when: 'an earlier rule with another `then` matches everything that the rule matches',
    remedy: 'move it before that rule, or remove it',
  },
  'rule.unreachable': {
    severity: 'warning',
    when: 'an earlier rule with the same `then` matches everything that the rule matches',
    remedy: 'remove it',
  },
  'rule.warns_everything': {
    severity: 'note',
    when: 'a rule lets every file through with a warning: no file is refused as unknown',
    remedy: 'remove it once what the hosts run is accepted by other rules',
  },
  'selection.ima_pcr_missing': {
    severity: 'note',
    when: 'PCR 10 is not quoted: lists of kernels that extend it, as nearly all do, are refused',
    remedy: 'add 10 to quote.pcrs unless the kernels were built with another IMA PCR',
  },
  'selection.secure_boot_pcr_missing': {
    severity: 'warning',
    when: 'Secure Boot is required but PCR 7, which proves it, is not quoted',
    remedy: 'add 7 to quote.pcrs',
  },
  'set.empty': {
    severity: 'note',
    when: 'a reference set that the policy names has no entries',
    remedy: 'fill the set, or leave it out',
  },
  'template.legacy': {
    severity: 'note',
    when: 'the template `ima` is taken, whose file digests are SHA-1 or MD5',
    remedy: 'boot the hosts with ima_template=ima-ng and leave it out',
  },
  'violation.accepts_everything': {
    severity: 'warning',
    when: 'every violation is accepted: a file can be changed while it is measured, unseen',
    remedy: 'accept violations below single paths, or report them',
  },
} as const satisfies Readonly<Record<string, LintKind>>;

export type LintId = keyof typeof LINTS;
