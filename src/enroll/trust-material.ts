// The certificates and revocation lists that an operator uploaded, ready for looking up issuers.
// docs/decisions/0013-trust-paths.md

import { equalBytes, toHex } from '../bytes/encoding.ts';
import { readSpki } from '../crypto/public-key.ts';
import { prepareKey, type VerifyingKey } from '../crypto/signature.ts';
import type { Certificate } from './certificate.ts';
import type { RevocationList } from './revocation-list.ts';

/** A certificate that may stand above another one in a path. */
export interface Issuer {
  readonly certificate: Certificate;
  readonly isAnchor: boolean;
  /** Undefined when its key cannot make signatures that are checked here. */
  readonly key: VerifyingKey | undefined;
}

/** What a path may be built from. Build it once for each version of what was uploaded: keys are
 *  prepared when they are first needed, and kept. */
export class TrustMaterial {
  readonly #bySubject = new Map<string, LazyIssuer[]>();
  readonly #listsByIssuer = new Map<string, RevocationList[]>();

  constructor(parts: {
    readonly anchors: readonly Certificate[];
    readonly intermediates: readonly Certificate[];
    readonly revocationLists: readonly RevocationList[];
  }) {
    for (const anchor of parts.anchors) this.#add(new LazyIssuer(anchor, true));
    for (const certificate of parts.intermediates) this.#add(new LazyIssuer(certificate, false));
    for (const list of parts.revocationLists) {
      const name = toHex(list.issuerDn);
      this.#listsByIssuer.set(name, [...(this.#listsByIssuer.get(name) ?? []), list]);
    }
  }

  /** The same with intermediates that an attester sent along, behind all others: they can help a
   *  path to an anchor, and never be one. */
  with(sent: readonly Certificate[]): TrustMaterial {
    const material = new TrustMaterial({ anchors: [], intermediates: [], revocationLists: [] });
    for (const [name, issuers] of this.#bySubject) material.#bySubject.set(name, [...issuers]);
    for (const [name, lists] of this.#listsByIssuer) material.#listsByIssuer.set(name, lists);
    for (const certificate of sent) material.#add(new LazyIssuer(certificate, false));
    return material;
  }

  /** Everything whose subject is the issuer name of `child`, byte for byte: key ids that agree
   *  first, key ids that differ last, in each group anchors first. A key id is a hint, no proof. */
  issuersOf(child: Certificate): readonly Issuer[] {
    const named = this.#bySubject.get(toHex(child.issuerDn)) ?? [];
    const rank = ({ certificate, isAnchor }: Issuer) =>
      2 * keyIdRank(child, certificate) + (isAnchor ? 0 : 1);
    return [...named].sort((left, right) => rank(left) - rank(right));
  }

  /** The revocation lists in the name of `issuer`; nothing about them is verified. */
  revocationListsOf(issuer: Certificate): readonly RevocationList[] {
    return this.#listsByIssuer.get(toHex(issuer.subjectDn)) ?? [];
  }

  #add(issuer: LazyIssuer): void {
    const name = toHex(issuer.certificate.subjectDn);
    const known = this.#bySubject.get(name);
    if (known === undefined) this.#bySubject.set(name, [issuer]);
    else known.push(issuer);
  }
}

class LazyIssuer implements Issuer {
  readonly certificate: Certificate;
  readonly isAnchor: boolean;
  #prepared: { readonly key: VerifyingKey | undefined } | undefined;

  constructor(certificate: Certificate, isAnchor: boolean) {
    this.certificate = certificate;
    this.isAnchor = isAnchor;
  }

  get key(): VerifyingKey | undefined {
    this.#prepared ??= { key: signingKey(this.certificate) };
    return this.#prepared.key;
  }
}

function signingKey({ spki }: Certificate): VerifyingKey | undefined {
  const reading = readSpki(spki);
  const canSign = reading.state === 'key' && reading.onlyFor === undefined;
  return canSign ? prepareKey(reading.key) : undefined;
}

/** 0: they agree; 1: one of them says nothing; 2: they differ. */
function keyIdRank(child: Certificate, issuer: Certificate): number {
  const { authorityKeyId } = child.extensions;
  const { subjectKeyId } = issuer.extensions;
  if (authorityKeyId === undefined || subjectKeyId === undefined) return 1;
  return equalBytes(authorityKeyId, subjectKeyId) ? 0 : 2;
}
