#!/usr/bin/env bash
# Enrols and attests a Linux host with nothing but tpm2-tools, curl and jq. README.md beside this file
# walks through it. Usage: raw-agent.sh enrol | attest
#
# Exit codes of attest: 0 affirming, 1 contraindicated, 3 warning, 4 none, 2 anything else.
set -Eeuo pipefail
trap 'exit 2' ERR

url=${PLUMBLINE_URL:-http://127.0.0.1:8080}
state=${PLUMBLINE_STATE:-/var/lib/plumbline-agent}
list=${PLUMBLINE_LIST:-/sys/kernel/security/ima/binary_runtime_measurements}
boot_log=${PLUMBLINE_BOOT_LOG:-/sys/kernel/security/tpm0/binary_bios_measurements}
boot_id=${PLUMBLINE_BOOT_ID:-$(cat /proc/sys/kernel/random/boot_id)}
ek_kind=${PLUMBLINE_EK:-rsa}          # rsa, ecc (P-256), rsa3072 or ecc384
ak_scheme=${PLUMBLINE_AK:-rsassa}     # rsassa, rsapss or ecdsa
ak_handle=${PLUMBLINE_AK_HANDLE:-0x81018100}

case $ek_kind in
  rsa) ek_index=0x01c00002 ;;
  ecc) ek_index=0x01c0000a ;;
  rsa3072) ek_index=0x01c0001c ;;
  ecc384) ek_index=0x01c00016 ;;
  *) echo "PLUMBLINE_EK is rsa, ecc, rsa3072 or ecc384" >&2; exit 2 ;;
esac
case $ak_scheme in
  rsassa | rsapss) ak_kind=rsa ;;
  ecdsa) ak_kind=ecc ;;
  *) echo "PLUMBLINE_AK is rsassa, rsapss or ecdsa" >&2; exit 2 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$state"

# Calls the service; on a problem prints what it says and ends.
call() {
  local answer code
  answer=$(curl -sS -w '\n%{http_code}' "$@")
  code=${answer##*$'\n'}
  answer=${answer%$'\n'*}
  if [ "$code" -ge 400 ]; then
    jq -r '"\(.code): \(.detail)", (.places // [] | .[] | "  \(.at): \(.message)")' <<< "$answer" >&2
    exit 2
  fi
  printf '%s' "$answer"
}

# Without a resource manager, what a command loads stays in the TPM's few slots.
flush() { tpm2_flushcontext --transient-object; }

b64() { base64 -w0 < "$1"; }

# [keys]
make_keys() {
  tpm2_createek --key-algorithm "$ek_kind" --ek-context "$work/ek.ctx" --public "$work/ek.pub"
  flush
  tpm2_nvread "$ek_index" --output "$work/ek.cert"
  tpm2_createak --ek-context "$work/ek.ctx" --ak-context "$work/ak.ctx" \
    --key-algorithm "$ak_kind" --hash-algorithm sha256 --signing-algorithm "$ak_scheme" \
    --public "$work/ak.pub"
  flush
  tpm2_evictcontrol --object-context "$ak_handle" > "$work/log" 2>&1 || true
  tpm2_evictcontrol --object-context "$work/ak.ctx" "$ak_handle"
  flush
}
# [end]

# [enrol]
ask_to_enrol() {
  jq -n --arg ek "$(b64 "$work/ek.pub")" --arg cert "$(b64 "$work/ek.cert")" \
    --arg ak "$(b64 "$work/ak.pub")" \
    '{ ek: { encoding: "tpm2b-public", bytes: $ek, certificate: $cert },
       ak: { encoding: "tpm2b-public", bytes: $ak } }' |
    call -H "authorization: Bearer $PLUMBLINE_TOKEN" -H 'content-type: application/json' \
      --data-binary @- "$url/v1/attesters" > "$work/asked.json"
}
# [end]

# [activate]
activate() {
  local auth=()
  jq -r .activation.credentialFile "$work/asked.json" | base64 -d > "$work/credential"
  tpm2_startauthsession --policy-session --session "$work/session.ctx"
  tpm2_policysecret --session "$work/session.ctx" --object-context endorsement > "$work/log"
  # Newer kinds of endorsement keys also take their password, which is empty.
  case $ek_kind in rsa | ecc) auth=(--credentialkey-auth "session:$work/session.ctx") ;; esac
  tpm2_activatecredential --credentialedkey-context "$ak_handle" \
    --credentialkey-context "$work/ek.ctx" "${auth[@]}" \
    --credential-blob "$work/credential" --certinfo-data "$work/secret" > "$work/log"
  tpm2_flushcontext "$work/session.ctx"
  flush
  jq -n --arg activation "$(jq -r .activation.id "$work/asked.json")" \
    --arg secret "$(b64 "$work/secret")" '{ $activation, $secret }' |
    call -H 'content-type: application/json' --data-binary @- \
      "$url/v1/attesters/$(jq -r .id "$work/asked.json")/activation" > "$work/attester.json"
  jq -r .id "$work/attester.json" > "$state/attester"
  rm -f "$state/boot"
}
# [end]

# [quote]
quote() {
  local selection
  selection=$(jq -r '.quote.selection | map("\(.bank):\(.pcrs | map(tostring) | join(","))") | join("+")' \
    "$work/challenge.json")
  tpm2_quote --key-context "$ak_handle" --scheme "$ak_scheme" --hash-algorithm sha256 \
    --pcr-list "$selection" \
    --qualification "$(jq -r .nonce "$work/challenge.json")" \
    --message "$work/quote.msg" --signature "$work/quote.sig" > "$work/log"
  tpm2_pcrread "$selection" |
    sed -nE 's/^ *([a-z0-9]+):$/\1/p; s/^ *([0-9]+) *: 0x([0-9A-Fa-f]+)$/\1 \2/p' |
    jq -Rn 'reduce (inputs | split(" ")) as $line ({};
      if ($line | length) == 1 then .bank = $line[0]
      else .values[.bank][$line[0]] = ($line[1] | ascii_downcase) end) | .values' > "$work/pcrs.json"
}
# [end]

# [evidence]
send_evidence() {
  local index offset
  # The list is read after the quote: one read before cannot be told from a cut one.
  index=$(jq .ima.fromIndex "$work/challenge.json")
  offset=$(jq .ima.fromOffset "$work/challenge.json")
  if [ "$boot_id" != "$(cat "$state/boot" 2> /dev/null)" ]; then index=0 offset=0; fi
  tail -c "+$((offset + 1))" "$list" > "$work/list"
  jq -n --arg attest "$(b64 "$work/quote.msg")" --arg signature "$(b64 "$work/quote.sig")" \
    --argjson index "$index" --slurpfile pcrs "$work/pcrs.json" \
    '{ quote: { $attest, $signature, signatureEncoding: "tpmt" },
       pcrValues: $pcrs[0],
       ima: { fromIndex: $index,
              segments: [{ kind: "current", encoding: "binary", digestColumn: "sha1" }] } }' \
    > "$work/evidence.json"
  local parts=(-F "evidence=@$work/evidence.json;type=application/json")
  if [ -r "$boot_log" ]; then parts+=(-F "bootLog=@$boot_log"); fi
  parts+=(-F "segment=@$work/list")
  call "${parts[@]}" "$url/v1/challenges/$(jq -r .id "$work/challenge.json")/evidence" \
    > "$work/verdict.json"
}
# [end]

enrol() {
  make_keys > "$work/log"
  ask_to_enrol
  activate
  echo "enrolled as $(cat "$state/attester")"
}

attest() {
  if [ ! -s "$state/attester" ]; then echo "not enrolled: run raw-agent.sh enrol" >&2; exit 2; fi
  call -X POST "$url/v1/attesters/$(cat "$state/attester")/challenges" > "$work/challenge.json"
  quote
  send_evidence
  jq -r '.status, (.findings[] | "  \(.severity) \(.code)")' "$work/verdict.json"
  # From now on the list of this boot is known: the next round sends what is new.
  if [ "$(jq '.coverage.ima.provenCount' "$work/verdict.json")" != null ]; then
    echo "$boot_id" > "$state/boot"
  fi
  case $(jq -r .status "$work/verdict.json") in
    affirming) exit 0 ;;
    contraindicated) exit 1 ;;
    warning) exit 3 ;;
    none) exit 4 ;;
  esac
  exit 2
}

case ${1:-} in
  enrol) enrol ;;
  attest) attest ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
