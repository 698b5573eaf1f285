// The help pages: what each command is for, what it takes, and calls to copy.
// docs/cli.md says the same at more length.

import { ANCHORS_HELP, KEYRING_HELP } from './keys-help.ts';
import { POLICY_HELP } from './policy-help.ts';
import { REFERENCE_HELP } from './reference-help.ts';
import { RESULT_HELP } from './result-help.ts';

/** Shown without a command and for `--help`. */
export const GENERAL_HELP = `Plumbline verifies what a machine says about itself:
a TPM 2.0 quote, the Linux IMA measurement list and the firmware event log. It
replays every extend, and names the entry, the byte and the reason where
something does not fit.

Usage: plumbline COMMAND [ARGUMENT…]

  demo           see it work: a service, a real list, altered copies of it
  verify         judge evidence bundles, offline
  inspect        show what is inside a quote, list, event log, key or bundle
  policy         check acceptance policies, try them out, activate them
  reference      make, compare and upload sets of known digests
  keyring        upload keys that policies name
  anchors        say whose certificates of TPM keys are believed
  result verify  check a signed result of the service
  serve          run the service

  plumbline COMMAND --help     how to use a command, with examples
  plumbline --version          which version this is
`;

const VERIFY_HELP = `Judge evidence offline, with the same procedure as the service.

Usage: plumbline verify [OPTION…] BUNDLE…

A bundle is a JSON file that names the evidence files beside it: key, quote,
signature, measurement list, event log (docs/evidence-bundle.md). Bundles with
the same attestation key are rounds of one attester, in the order given: each
goes on from what the ones before it proved.

  --policy FILE   acceptance policy to judge by. Without it the structural
                  policy applies: everything cryptographic is checked, any
                  measured file is accepted
  --sets DIR      folder of the reference sets that the policy names. A file's
                  name without its last extension is the set's name: .sha256sum
                  and .txt (lines of sha256sum), .ndjson (one JSON a line), .csv
  --keyrings DIR  folder of the keyrings that the policy names, found like sets:
                  .pem and .crt (certificates, public keys), .der (one of them)
  --state FILE    keep what is proven from one call to the next: read first if
                  it is there, written at the end. Keep it as safe as the policy
  --json          one verdict document per bundle, one per line, for programs

Exit codes, of the last bundle:
  0  affirming         everything that was asked for is proven
  1  contraindicated   evidence is forged, broken or refused
  2  a command line or file that cannot be used; no verdict on that bundle
  3  warning           proven, with something the policy warns about
  4  none              something is missing; the verdict says what
2 is also the answer when any of several bundles could not be read, or FILE of
--state could not be used or written. Any other code is a fault of Plumbline
itself. Only 0 is good.

Examples:
  plumbline verify host.bundle.json
  plumbline verify --policy prod.json --sets sets/ host.bundle.json
  plumbline verify --state host.timeline.json monday.bundle.json
  plumbline verify --json monday/*.bundle.json | jq .status
`;

const INSPECT_HELP = `Show what is inside one evidence file, and where it breaks if it does.

Usage: plumbline inspect [OPTION…] FILE

The kind is recognised by reading the file strictly as each kind in turn. What
is shown is what the bytes say; \`plumbline verify\` is what verifies.

  --as KIND     read as this kind: quote, signature, tpmt-public, tpm2b-public,
                spki-pem, x509-pem, x509-der, list, ascii-list, event-log,
                bundle
  --from N      first record or event to show (default 0)
  --count N     how many to show (default 20)
  --column ALG  digest column of a list (default: found by trying)
  --json        one JSON document, for programs

Exit codes: 0 read to the end; 1 malformed, with the place; 2 not usable.

Examples:
  plumbline inspect quote.msg
  plumbline inspect --from 4180 --count 5 binary_runtime_measurements
  plumbline inspect --as tpm2b-public ak.pub
`;

const SERVE_HELP = `Run the service: agents send evidence, operators read verdicts, over HTTP.

Usage: plumbline serve [OPTION…]

  --host HOST   address to listen on (default 127.0.0.1)
  --port PORT   port to listen on (default 8080; 0 takes a free one)
  --data DIR    folder of the embedded database (default ./plumbline-data)

With DATABASE_URL in the environment, data go to that PostgreSQL instead. The
first start on an empty database prints an admin token, once: keep it.
SIGINT or SIGTERM ends the service after the requests in hand.

Examples:
  plumbline serve --data /var/lib/plumbline
  DATABASE_URL=postgres://plumbline@db/plumbline plumbline serve
`;

const DEMO_HELP = `See a first verdict: starts the service on an embedded database in a temporary
folder, enrols a demo host, and attests over HTTP with a measurement list that
was captured on a real kernel. Then the same list with one byte altered.

Usage: plumbline demo [--keep] [--port PORT]

  --keep        go on serving afterwards, to look around; Ctrl-C ends it
  --port PORT   port to listen on (default: a free one)

Everything stays on this machine and is removed at the end.
`;

/** Help page by command. */
export const HELP: ReadonlyMap<string, string> = new Map([
  ['verify', VERIFY_HELP],
  ['inspect', INSPECT_HELP],
  ['serve', SERVE_HELP],
  ['policy', POLICY_HELP],
  ['reference', REFERENCE_HELP],
  ['keyring', KEYRING_HELP],
  ['anchors', ANCHORS_HELP],
  ['result', RESULT_HELP],
  ['demo', DEMO_HELP],
]);
