// Every certificate file of the evidence and what becomes of it as the certificate of a TPM's key.
// Rows name files by their path in test/evidence; `NN` stands for each numbered scenario.

/** Trust anchors and intermediates, by file. */
export interface Uploaded {
  readonly anchors: readonly string[];
  readonly intermediates: readonly string[];
}

export interface Row {
  readonly file: string;
  readonly as: 'ek' | 'ak' | 'authority';
  readonly uploaded: Uploaded;
  /** When it is judged, as an ISO date. */
  readonly on: string;
  /** Number of certificates of the path; absent: no path that holds. */
  readonly path?: number;
  /** Codes without their part, in order, repeats left out. */
  readonly codes: readonly string[];
}

const NOTHING: Uploaded = { anchors: [], intermediates: [] };
const CAPTURED: Uploaded = {
  anchors: ['NN/ca/rootca-cert.pem'],
  intermediates: ['NN/ca/issuercert.pem'],
};
const GOOGLE_CA = 'public/google-go-tpm-tools/ca-certs';
const GOOGLE: Uploaded = {
  anchors: [`${GOOGLE_CA}/tpm_ek_root_1.cer`],
  intermediates: [`${GOOGLE_CA}/tpm_ek_intermediate_2.crt`],
};
const GOOGLE_AK = 'public/google-go-tpm-tools/gce-cos-85-no-nonce/ak.cert.der';
const ST_CA = 'public/nsacyber-HIRS/stMicroCaCerts';
const ST: Uploaded = {
  anchors: [`${ST_CA}/gstpmroot.crt`],
  intermediates: [`${ST_CA}/stmtpmekroot.crt`, `${ST_CA}/stmtpmekint02.crt`],
};
const NUC = 'public/nsacyber-HIRS/nuc-1/tpmcert.pem';
const VENDORS = 'public/loicsikidi-tpm-ca-certificates';
const ALL_VENDORS: Uploaded = {
  anchors: [`${VENDORS}/tpm-ca-certificates.pem`],
  intermediates: [`${VENDORS}/tpm-intermediate-ca-certificates.pem`],
};
const LOCAL_CA = 'public/salrashid123-tpm2/swtpm-localca';
const LOCAL: Uploaded = {
  anchors: [`${LOCAL_CA}/swtpm-localca-rootca-cert.pem`],
  intermediates: [`${LOCAL_CA}/issuercert.pem`],
};
const KEYS = 'NN/boot1/keys';

export const TABLE: readonly Row[] = [
  row(`${KEYS}/ek-cert-rsa2048.der`, 'ek', { uploaded: CAPTURED, on: '2027-01-01', path: 3 }),
  row(`${KEYS}/ek-cert-p384.der`, 'ek', { uploaded: CAPTURED, on: '2027-01-01', path: 3 }),
  row(`${KEYS}/ek-cert-p384.der`, 'ek', {
    uploaded: CAPTURED,
    on: '2026-01-01',
    codes: ['not_yet_valid', 'not_yet_valid', 'chain_untrusted'],
  }),
  row(`${KEYS}/ek-cert-rsa2048.der`, 'ek', {
    uploaded: { ...CAPTURED, intermediates: [] },
    on: '2027-01-01',
    codes: ['issuer_missing', 'chain_untrusted'],
  }),
  row(`${KEYS}/ek-cert-rsa2048.der`, 'ek', {
    uploaded: LOCAL,
    on: '2027-01-01',
    codes: ['chain_signature_invalid', 'chain_untrusted'],
  }),
  row(`${KEYS}/platform-cert.der`, 'ek', {
    uploaded: CAPTURED,
    on: '2027-01-01',
    codes: ['usage_unsuitable'],
  }),
  row('NN/ca/issuercert.pem', 'authority', { uploaded: CAPTURED, on: '2027-01-01' }),
  row('NN/ca/rootca-cert.pem', 'authority', {
    uploaded: CAPTURED,
    on: '2027-01-01',
    codes: ['issuer_missing', 'chain_untrusted'],
  }),
  ...['rsa.crt.der', 'rsa.crt.pem', 'ec.crt.der', 'ec.crt.pem'].map((name) =>
    row(`IMA/ima-keys/ima-${name}`, 'ak', {
      uploaded: CAPTURED,
      on: '2027-01-01',
      codes: ['usage_unstated', 'issuer_missing', 'chain_untrusted'],
    }),
  ),
  row(GOOGLE_AK, 'ak', { uploaded: GOOGLE, on: '2026-04-11', path: 3 }),
  row(GOOGLE_AK, 'ek', { uploaded: GOOGLE, on: '2026-04-11', codes: ['usage_unsuitable'] }),
  row(GOOGLE_AK, 'ak', {
    uploaded: GOOGLE,
    on: '2052-01-01',
    codes: ['expired'],
  }),
  row(`${GOOGLE_CA}/tpm_ek_intermediate_2.crt`, 'authority', {
    uploaded: GOOGLE,
    on: '2026-04-11',
  }),
  row(`${GOOGLE_CA}/tpm_ek_root_1.cer`, 'authority', {
    uploaded: GOOGLE,
    on: '2026-04-11',
    codes: ['issuer_missing', 'chain_untrusted'],
  }),
  row(NUC, 'ek', { uploaded: ST, on: '2023-01-01', path: 4, codes: ['signature_weak'] }),
  row(NUC, 'ek', { uploaded: ST, on: '2026-01-01', codes: ['expired', 'signature_weak'] }),
  row(NUC, 'ek', { uploaded: ALL_VENDORS, on: '2023-01-01', path: 3, codes: ['signature_weak'] }),
  row(NUC, 'ek', {
    uploaded: GOOGLE,
    on: '2023-01-01',
    codes: ['issuer_missing', 'chain_untrusted'],
  }),
  row(`${ST_CA}/stmtpmekint02.crt`, 'authority', { uploaded: ST, on: '2023-01-01' }),
  row(`${ST_CA}/stmtpmekroot.crt`, 'authority', { uploaded: ST, on: '2023-01-01' }),
  row(`${ST_CA}/gstpmroot.crt`, 'authority', {
    uploaded: ST,
    on: '2023-01-01',
    codes: ['issuer_missing', 'chain_untrusted'],
  }),
  row('public/salrashid123-tpm2/ekcerts/ek-rsa2048.crt', 'ek', {
    uploaded: LOCAL,
    on: '2026-04-11',
    path: 3,
  }),
  row('public/salrashid123-tpm2/ekcerts/ek-secp384r1.crt', 'ek', {
    uploaded: LOCAL,
    on: '2026-04-11',
    path: 3,
  }),
  row(`${LOCAL_CA}/issuercert.pem`, 'authority', { uploaded: LOCAL, on: '2026-04-11' }),
  row(`${LOCAL_CA}/swtpm-localca-rootca-cert.pem`, 'authority', {
    uploaded: LOCAL,
    on: '2026-04-11',
    codes: ['issuer_missing', 'chain_untrusted'],
  }),
  row('public/kgoldman-acs/imakey.der', 'ak', {
    uploaded: NOTHING,
    on: '2015-06-01',
    codes: ['usage_unstated', 'issuer_missing', 'chain_untrusted'],
  }),
];

/** The bundle of all vendors: how many of its intermediates lead to one of its roots, and whose
 *  issuer it does not hold. */
export const VENDOR_BUNDLE = {
  uploaded: ALL_VENDORS,
  on: '2026-04-11',
  anchors: 26,
  intermediates: 143,
  trusted: 139,
  missing: 'C=CH, O=STMicroelectronics NV, CN=STM TPM ECC Root CA 01',
} as const;

function row(
  file: string,
  as: Row['as'],
  rest: Omit<Row, 'file' | 'as' | 'codes'> & { readonly codes?: readonly string[] },
): Row {
  return { file, as, codes: [], ...rest };
}
