// The sheet of a verification: which steps passed, failed or did not run, and what they found.
// A step that nobody filled in has not run, and what acceptance needs must have passed.

import { VERDICT_LIMITS } from '../bytes/limits.ts';
import { type Finding, FindingLog } from '../findings/finding.ts';
import { CHECKS, type Check, type CheckName, statusOf, type VerdictStatus } from './verdict.ts';

/** Collects outcomes and findings of one verification. */
export class CheckSheet {
  readonly #checks = new Map<CheckName, Check>();
  readonly #required = new Set<CheckName>();
  readonly findings = new FindingLog(VERDICT_LIMITS.findingsPerCode);

  /** Makes `check` one that acceptance needs. */
  require(...checks: readonly CheckName[]): void {
    for (const check of checks) this.#required.add(check);
  }

  /** Records that a step ran. It failed if one of its findings speaks against acceptance. */
  ran(check: CheckName, findings: FindingLog | readonly Finding[] = []): void {
    const log = findings instanceof FindingLog ? findings : logOf(findings);
    const isBad = log.worst === 'contraindicated' || log.worst === 'none';
    this.#checks.set(check, { check, outcome: isBad ? 'failed' : 'passed' });
    this.findings.absorb(log);
  }

  /** Records the outcome of a step whose findings are told elsewhere. */
  set(check: CheckName, outcome: 'passed' | 'failed'): void {
    this.#checks.set(check, { check, outcome });
  }

  /** Records that a step could not run because of another, or for a reason of its own. */
  notRun(check: CheckName, why: { readonly blockedBy: CheckName } | { readonly reason: string }) {
    this.#checks.set(check, { check, outcome: 'not-run', ...why });
  }

  /** Whether a step has passed. */
  hasPassed(check: CheckName): boolean {
    return this.#checks.get(check)?.outcome === 'passed';
  }

  /** The first of `checks` that has not passed. */
  firstNotPassed(checks: readonly CheckName[]): CheckName | undefined {
    return checks.find((check) => !this.hasPassed(check));
  }

  /** All steps in the order of the procedure. */
  get checks(): readonly Check[] {
    return CHECKS.map((check) => this.#checks.get(check) ?? { check, outcome: 'not-run' });
  }

  /** The status, once everything is filled in. Nothing is accepted, not even with a warning, while
   *  a required step has not passed. */
  conclude(): VerdictStatus {
    const status = statusOf(this.findings.worst);
    if (status === 'contraindicated' || status === 'none') return status;
    const unproven = [...this.#required].filter((check) => !this.hasPassed(check));
    for (const check of unproven) {
      this.findings.add('policy.check_unproven', {
        severity: 'contraindicated',
        where: { part: 'policy', field: check },
        expected: 'passed',
        actual: this.#checks.get(check)?.outcome ?? 'not-run',
      });
    }
    return statusOf(this.findings.worst);
  }
}

function logOf(findings: readonly Finding[]): FindingLog {
  const log = new FindingLog(VERDICT_LIMITS.findingsPerCode);
  log.addAll(findings);
  return log;
}
