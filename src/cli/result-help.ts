// The help page of `plumbline result`. docs/cli.md says the same at more length.

/** Shown for `plumbline result --help`. */
export const RESULT_HELP = `Check a signed attestation result (EAR) with the keys of its issuer.

Usage: plumbline result verify --jwks URL|FILE [OPTION…] RESULT

RESULT is the result itself, a file that holds it, or - for standard input.

  --jwks URL|FILE   the keys: /.well-known/jwks.json of the service, or a copy
  --attester ID     whom the result must be about
  --nonce NONCE     what it was asked for with
  --audience NAME   whom it must be for; needed when it is for somebody
  --issuer URL      who must have issued it
  --profile NAME    draft or veraison (default: either)
  --json            the claims, for programs

Exit codes:
  0  affirming         1  contraindicated   3  warning   4  none
  2  the result is not good: wrong key, altered, expired, for somebody else
Only 0 is good.

Example:
  plumbline result verify --jwks jwks.json --attester "$ID" result.jwt
`;
