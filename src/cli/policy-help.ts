// The help page of `plumbline policy`. docs/cli.md says the same at more length.

/** Shown for `plumbline policy --help`. */
export const POLICY_HELP = `Check acceptance policies, try them out, and put them into a service.

Usage: plumbline policy check [OPTION…] FILE…
       plumbline policy upload [OPTION…] FILE
       plumbline policy trial [OPTION…] NAME VERSION
       plumbline policy activate [OPTION…] NAME VERSION
       plumbline policy list [OPTION…] [NAME]
       plumbline policy import-keylime [--name NAME] --out DIR FILE

check says where a document does not fit the schema, which reference sets and
keyrings it needs, and what in it was hardly meant: rules that can never decide,
acceptance of anything, SHA-1. Several files are taken for policies that are in
force together.

  --sets DIR      check that the sets it names are in this folder and readable
  --keyrings DIR  check the same of the keyrings it names
  --explain       show the whole policy, every default filled in
  --json          one JSON document per file, one per line, for programs

upload sends a policy to a service as the next version of its name. trial says
what a version would make of the evidence that the service has stored: whose
status would change, by which findings, and what would help. activate makes a
version the active one; to roll back, activate an older one.

  --url URL           the service (default http://127.0.0.1:8080)
  --token TOKEN       an access token; better in PLUMBLINE_TOKEN
  --activate          upload: make the version the active one
  --label KEY=VALUE   trial: attesters with this label; may be said again
  --attester ID       trial: this attester; may be said again
  --status STATUS     trial: attesters with this status; may be said again
  --limit N           trial: at most so many attesters (default 1000)
  --json              trial: one JSON document, for programs

import-keylime writes DIR/policy.json and its reference sets, DIR/sets/*.ndjson,
and says what of the document could not be carried over.

Exit codes:
  0  usable, done   notes may say what is worth knowing
  2  not usable     any of the files, with every place; a refusal of the service
  3  a warning      something in a file warns of a mistake; a trial would make a
                    status worse, or has no evidence to tell by

Examples:
  plumbline policy check prod.json
  plumbline policy check --sets sets/ policies/*.json
  plumbline policy trial --label env=prod prod 8
`;
