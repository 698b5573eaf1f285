// The help page of `plumbline reference`. docs/cli.md says the same at more length.

/** Shown for `plumbline reference --help`. */
export const REFERENCE_HELP = `Make, compare and upload reference sets: digests that policies name.

Usage: plumbline reference make [OPTION…] SOURCE…
       plumbline reference diff [--bound] FILE FILE
       plumbline reference upload [OPTION…] NAME FILE
       plumbline reference list [OPTION…] [NAME]

make writes a set, as NDJSON, from folders, .deb and .rpm packages, layers of
container images (tar), a measurement list that is believed, or hosts:

  --out FILE          write there, not to standard output
  --hash ALG          sha256 (default), sha384 or sha512; may be said again
  --free              digests count for any path
  --merged-usr        paths as on a system whose /bin is /usr/bin
  --list              the sources are measurement lists
  --from-attester     the sources are attesters of a service, accepted in their
                      newest round: what they measured in this boot
  --from-verdicts     the sources are attesters of a service: what they measured
                      in this boot and their policy has no rule for
  --first-use         mark the set as trusted on first use

diff says what a second file has and a first one lacks, and the reverse: counts
first, then an entry a line, as JSON.

upload sends a file to a service, as the next version of a set. The extension
says the format: .sha256sum or .txt, .ndjson, .csv, or .json for a Keylime
runtime policy, of which the file digests are kept; .gz is unpacked on the way.

  --url URL           the service (default http://127.0.0.1:8080)
  --token TOKEN       an access token; better in PLUMBLINE_TOKEN
  --activate          make the version the active one
  --bound             digest lines count for their own path only (diff too)
  --valid-from TIME   values count from then on, such as 2026-11-22T08:00:00Z
  --retire-at TIME    what is measured from then on is not covered any more

list shows the sets of a service, or the versions of one.

Examples:
  plumbline reference make --out nginx.ndjson nginx_1.22.1-9_amd64.deb
  plumbline reference make --from-verdicts --out learned.ndjson 0d5f…
  plumbline reference diff monday.ndjson tuesday.ndjson
  plumbline reference upload --activate debian-12 debian-12.ndjson
`;
