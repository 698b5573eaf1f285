// Searches a path from the certificate of a TPM's key to a trust anchor and judges it.
// RFC 5280, 6.1; RFC 4158; docs/decisions/0013-trust-paths.md

import { equalBytes } from '../bytes/encoding.ts';
import { CERTIFICATE_LIMITS, VERDICT_LIMITS } from '../bytes/limits.ts';
import { isSignedBy } from '../crypto/certificate-signature.ts';
import { type Finding, FindingLog, makeFinding } from '../findings/finding.ts';
import type { Certificate } from './certificate.ts';
import { judgeLeaf, judgeStep, type PathRules, pathFinding } from './judge-path.ts';
import type { Issuer, TrustMaterial } from './trust-material.ts';

/** What a search found. Findings of severity `contraindicated` and trust exclude each other. */
export type ChainOutcome =
  | {
      readonly trusted: true;
      /** From the certificate to its anchor. */
      readonly path: Path;
      readonly findings: readonly Finding[];
    }
  /** Every reason why each path ended, without repeats. */
  | { readonly trusted: false; readonly findings: readonly Finding[] };

/** From a certificate upwards. */
export type Path = readonly [Certificate, ...Certificate[]];

/** Finds a path from `leaf` to a trust anchor on which nothing is refused. Of several paths the
 *  first counts, nearest issuers first. The work is bounded whatever was uploaded or sent. */
export function findChain(
  leaf: Certificate,
  material: TrustMaterial,
  rules: PathRules,
): ChainOutcome {
  const own = judgeLeaf(leaf, rules);
  const search = new Search(material, rules);
  const found = search.climb([leaf], []);
  const findings = [...own, ...(found?.findings ?? search.reasons())];
  if (found === undefined || own.some(isRefusal)) return { trusted: false, findings };
  return { trusted: true, path: found.path, findings };
}

/** A path and what was noted on its way. */
interface Found {
  readonly path: Path;
  readonly findings: readonly Finding[];
}

class Search {
  readonly #material: TrustMaterial;
  readonly #rules: PathRules;
  readonly #reasons = new FindingLog(VERDICT_LIMITS.findingsPerCode);
  readonly #told = new Set<string>();
  #steps = 0;

  constructor(material: TrustMaterial, rules: PathRules) {
    this.#material = material;
    this.#rules = rules;
  }

  /** Looks for an anchor above `path`, whose steps brought `findings`. Goes as deep as a path may
   *  be long. */
  climb(path: Path, findings: readonly Finding[]): Found | undefined {
    const child = path.at(-1) ?? path[0];
    const at = { rules: this.#rules, certificate: child, index: path.length - 1 };
    const issuers = this.#material
      .issuersOf(child)
      .filter(({ certificate }) => isNew(path, certificate));
    if (path.length >= CERTIFICATE_LIMITS.pathCertificates) return this.#limit('pathCertificates');
    if (issuers.length === 0) {
      this.#tell(pathFinding('issuer_missing', at, { field: 'issuer', expected: child.issuer }));
    }
    let signed = 0;
    for (const issuer of issuers) {
      this.#steps += 1;
      if (this.#steps > CERTIFICATE_LIMITS.pathSteps) return this.#limit('pathSteps');
      if (issuer.key === undefined || !isSignedBy(issuer.key, child)) continue;
      signed += 1;
      const found = this.#step(path, issuer, findings);
      if (found !== undefined) return found;
    }
    if (issuers.length > 0 && signed === 0) {
      const expected = `a signature by ${child.issuer}`;
      this.#tell(pathFinding('chain_signature_invalid', at, { field: 'signature', expected }));
    }
    return undefined;
  }

  /** Why there is no path. */
  reasons(): readonly Finding[] {
    const { part } = this.#rules;
    const untrusted = makeFinding(`${part}.chain_untrusted`, {
      severity: 'contraindicated',
      where: { part, field: 'path' },
    });
    return [...this.#reasons.findings, untrusted];
  }

  #step(path: Path, issuer: Issuer, findings: readonly Finding[]): Found | undefined {
    const revocationLists = this.#material.revocationListsOf(issuer.certificate);
    const judged = judgeStep({ below: path, issuer, revocationLists }, this.#rules);
    const longer: Path = [...path, issuer.certificate];
    const all = [...findings, ...judged];
    if (judged.some(isRefusal)) {
      for (const finding of judged) this.#tell(finding);
      return undefined;
    }
    return issuer.isAnchor ? { path: longer, findings: all } : this.climb(longer, all);
  }

  #limit(name: 'pathCertificates' | 'pathSteps'): undefined {
    this.#tell(
      makeFinding('limit.exceeded', {
        severity: 'contraindicated',
        where: { part: this.#rules.part, field: `CERTIFICATE_LIMITS.${name}` },
        expected: `at most ${CERTIFICATE_LIMITS[name]}`,
      }),
    );
  }

  #tell(finding: Finding): void {
    const { code, where, subject, actual } = finding;
    const what = [code, where.field, subject?.digest, actual].join('\n');
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#reasons.addAll([finding]);
  }
}

/** Whether name and key of `certificate` do not stand in the path already: with the same ones
 *  again a path only runs in a circle. */
function isNew(path: Path, certificate: Certificate): boolean {
  return !path.some(
    (known) =>
      equalBytes(known.subjectDn, certificate.subjectDn) &&
      equalBytes(known.spki, certificate.spki),
  );
}

function isRefusal({ severity }: Finding): boolean {
  return severity === 'contraindicated';
}
