// The help pages of `plumbline keyring` and `plumbline anchors`. docs/cli.md says the same at more
// length.

/** Shown for `plumbline keyring --help`. */
export const KEYRING_HELP = `Upload keyrings: the keys that rules name with signedBy and keyIn.

Usage: plumbline keyring upload [OPTION…] NAME FILE
       plumbline keyring list [OPTION…] [NAME]

A file holds PEM blocks (CERTIFICATE, PUBLIC KEY) or one of them in DER. It
becomes the next version of the keyring.

  --url URL       the service (default http://127.0.0.1:8080)
  --token TOKEN   an access token; better in PLUMBLINE_TOKEN
  --activate      make the version the active one

Example:
  plumbline keyring upload --activate vendor vendor.pem
`;

/** Shown for `plumbline anchors --help`. */
export const ANCHORS_HELP = `Say whose certificates of TPM keys are believed. None is without it.

Usage: plumbline anchors import [OPTION…] FILE…
       plumbline anchors list [OPTION…]
       plumbline anchors remove [OPTION…] FINGERPRINT

A file holds PEM blocks or one DER structure: root certificates of TPM vendors,
of privacy CAs or of a cloud. To keep them current, import what the vendors
publish from a timer: what is known already is not imported twice.

  --url URL        the service (default http://127.0.0.1:8080)
  --token TOKEN    an access token; better in PLUMBLINE_TOKEN
  --intermediate   the files help a path to an anchor and are none themselves
  --crl            the files are revocation lists

Examples:
  plumbline anchors import vendor-roots.pem
  plumbline anchors import --intermediate vendor-intermediates.pem
`;
