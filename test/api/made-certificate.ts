// A certificate for localhost that signs itself, with its key.

import 'reflect-metadata';
import { X509CertificateGenerator } from '@peculiar/x509';

/** Both in PEM. */
export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes one on P-256, good for an hour. */
export async function madeCertificate(): Promise<MadeCertificate> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = pkcs8.toString('base64').match(/.{1,64}/g) ?? [];
  const key = ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''];
  return { cert: certificate.toString('pem'), key: key.join('\n') };
}
