// The catalogue of reason codes: every way in which evidence can be wrong, incomplete or worth a
// word. A released code is never renamed, reused or removed (test/golden/reason-codes.txt).
// docs/reason-codes.md is compared with this table in both directions by test/docs.test.ts.

/** What kind of fault a finding is: the question an operator asks first. */
export type FindingClass =
  | 'malformed' // the bytes are not what the format says
  | 'forged' // a cryptographic or structural check failed
  | 'stale' // genuine but not fresh
  | 'unknown' // nothing we were given speaks for it
  | 'refused' // understood, and not acceptable under the policy
  | 'unsupported' // well-formed, but beyond what this verifier can check
  | 'missing' // something needed was not supplied
  | 'noted'; // true and worth knowing; never a reason to refuse by itself

export interface ReasonCode {
  readonly class: FindingClass;
  /** One sentence: what is the case. */
  readonly meaning: string;
  /** What a person does next. */
  readonly hint: string;
  /** Where the rule comes from. */
  readonly source: string;
  /** What had already been verified when this code can occur; names the trust in its place. */
  readonly after: string;
}

const NOTHING = 'nothing: the bytes are as received';
const SIGNED = 'the signature over the quote';
const COMPOSITE = 'the signature and the PCR values';
const PROVEN = 'the record is inside the prefix that the quote proves';

function code(entry: ReasonCode): ReasonCode {
  return entry;
}

/** Every reason code, by name. `part.noun_state`, lower case. */
export const REASON_CODES = {
  'quote.field_malformed': code({
    class: 'malformed',
    meaning: 'The TPMS_ATTEST structure cannot be read.',
    hint: 'Send the attestation bytes exactly as TPM2_Quote returned them.',
    source: 'TPM 2.0 Part 2, 10.12.12 TPMS_ATTEST',
    after: NOTHING,
  }),
  'quote.trailing_bytes': code({
    class: 'malformed',
    meaning: 'Bytes remain behind the TPMS_ATTEST structure.',
    hint: 'Send only the TPMS_ATTEST, without a size field or padding.',
    source: 'TPM 2.0 Part 2, 10.12.12 TPMS_ATTEST',
    after: NOTHING,
  }),
  'quote.magic_wrong': code({
    class: 'forged',
    meaning: 'The attestation does not begin with TPM_GENERATED (ff544347).',
    hint: 'A restricted key never signs such bytes: treat the key or the agent as compromised.',
    source: 'TPM 2.0 Part 2, 6.2 TPM_GENERATED; CVE-2024-29038',
    after: NOTHING,
  }),
  'quote.type_not_quote': code({
    class: 'forged',
    meaning: 'The attestation is not of type TPM_ST_ATTEST_QUOTE.',
    hint: 'Use TPM2_Quote; other attestations say nothing about PCRs.',
    source: 'TPM 2.0 Part 2, 6.9 TPM_ST',
    after: NOTHING,
  }),
  'quote.signature_malformed': code({
    class: 'malformed',
    meaning: 'The signature over the quote cannot be read.',
    hint: 'Send the TPMT_SIGNATURE as the TPM returned it, or a raw signature and say so.',
    source: 'TPM 2.0 Part 2, 11.3.4 TPMT_SIGNATURE',
    after: NOTHING,
  }),
  'quote.scheme_unsupported': code({
    class: 'unsupported',
    meaning: 'The signature scheme is not one that this verifier accepts.',
    hint: 'Create the AK with RSASSA, RSAPSS or ECDSA.',
    source: 'TPM 2.0 Part 2, 11.2.1 TPMT_SIG_SCHEME',
    after: NOTHING,
  }),
  'quote.scheme_mismatch': code({
    class: 'forged',
    meaning: 'Scheme or hash of the signature are not those of the AK.',
    hint: 'Quote with the scheme that the AK was created with.',
    source: 'TPM 2.0 Part 2, 12.2.3.5 TPMS_RSA_PARMS and 12.2.3.6 TPMS_ECC_PARMS',
    after: NOTHING,
  }),
  'quote.hash_refused': code({
    class: 'refused',
    meaning: 'The hash of the signature scheme is not acceptable.',
    hint: 'Create the AK with SHA-256 or better; SHA-1 signatures are never accepted.',
    source: 'docs/threat-model.md; policy quote.signatureHashes',
    after: NOTHING,
  }),
  'quote.signature_invalid': code({
    class: 'forged',
    meaning: 'The signature does not verify over the quote with the AK.',
    hint: 'Check that the quote was made with the enrolled AK and sent unchanged.',
    source: 'TPM 2.0 Part 3, 18.4 TPM2_Quote',
    after: NOTHING,
  }),
  'quote.nonce_mismatch': code({
    class: 'stale',
    meaning: 'extraData of the quote is not the nonce that was asked for.',
    hint: 'Quote again with the nonce of a fresh challenge, whole and unchanged.',
    source: 'TPM 2.0 Part 2, 10.12.12 TPMS_ATTEST.extraData',
    after: 'nothing: a mismatch is reported whether or not the signature verifies',
  }),
  'quote.nonce_weak': code({
    class: 'stale',
    meaning: 'The nonce is shorter than 16 bytes, so freshness is not shown.',
    hint: 'Use a random nonce of at least 16 bytes.',
    source: 'docs/threat-model.md',
    after: NOTHING,
  }),
  'quote.selection_empty': code({
    class: 'forged',
    meaning: 'The quote selects no PCR and therefore signs nothing about the host.',
    hint: 'Quote at least the PCR of IMA.',
    source: 'TPM 2.0 Part 2, 10.9.7 TPML_PCR_SELECTION; CVE-2022-0317',
    after: NOTHING,
  }),
  'quote.selection_incomplete': code({
    class: 'refused',
    meaning: 'The quote leaves out PCRs that the policy needs.',
    hint: 'Quote exactly the selection that the challenge names.',
    source: 'policy quote.banks and quote.pcrs; CVE-2024-29039',
    after: NOTHING,
  }),
  'quote.selection_unexpected': code({
    class: 'refused',
    meaning: 'The quote selects PCRs or banks that the policy does not name.',
    hint: 'Quote exactly the selection that the challenge names.',
    source: 'policy quote.banks and quote.pcrs; CVE-2024-29039',
    after: NOTHING,
  }),
  'quote.composite_mismatch': code({
    class: 'forged',
    meaning: 'The supplied PCR values do not hash to the pcrDigest of the quote.',
    hint: 'Read the PCRs right after the quote and send them unchanged; retry if one moved.',
    source: 'TPM 2.0 Part 2, 10.12.1 TPMS_QUOTE_INFO',
    after: SIGNED,
  }),
  'quote.composite_unproven': code({
    class: 'missing',
    meaning: 'pcrDigest cannot be recomputed: values of quoted PCRs are missing.',
    hint: 'Send the values of every quoted PCR that no IMA list explains.',
    source: 'TPM 2.0 Part 2, 10.12.1 TPMS_QUOTE_INFO',
    after: SIGNED,
  }),
  'quote.clock_unsafe': code({
    class: 'noted',
    meaning: 'The TPM clock is marked unsafe: it may have gone back after a power loss.',
    hint: 'Expected for a while after an unclean shutdown; compare with the next rounds.',
    source: 'TPM 2.0 Part 2, 10.11.1 TPMS_CLOCK_INFO.safe',
    after: SIGNED,
  }),
  'quote.only_evidence': code({
    class: 'missing',
    meaning: 'Neither an IMA list nor an event log was supplied: only the quote can be judged.',
    hint: 'Send the measurement list and the firmware event log with the quote.',
    source: 'docs/verdicts.md',
    after: SIGNED,
  }),
  'pcr.bank_unsupported': code({
    class: 'unsupported',
    meaning: 'A quoted bank uses an algorithm that this verifier cannot compute.',
    hint: 'Quote a SHA-256 bank.',
    source: 'TCG Algorithm Registry',
    after: SIGNED,
  }),
  'pcr.value_malformed': code({
    class: 'malformed',
    meaning: 'A supplied PCR value has the wrong length for its bank.',
    hint: 'Send each value as hex of exactly the digest size of its bank.',
    source: 'TPM 2.0 Part 3, 22.4 TPM2_PCR_Read',
    after: NOTHING,
  }),
  'pcr.value_unselected': code({
    class: 'noted',
    meaning: 'PCR values were supplied that the quote does not cover; they are not used.',
    hint: 'Nothing to do; quote those PCRs if they should count.',
    source: 'CVE-2022-0317',
    after: SIGNED,
  }),
  'pcr.value_refused': code({
    class: 'refused',
    meaning: 'The value of a quoted PCR is not in the allow list of the policy.',
    hint: 'Compare with the values of a host in a known state; update boot.pcrs if right.',
    source: 'policy boot.pcrs',
    after: COMPOSITE,
  }),
  'pcr.values_unquoted': code({
    class: 'noted',
    meaning: 'PCR 0–9 are not all quoted, so the boot is not part of this verdict.',
    hint: 'Quote PCR 0–9 to bind the boot log and boot_aggregate.',
    source: 'FORMATS 5',
    after: SIGNED,
  }),
  'ak.malformed': code({
    class: 'malformed',
    meaning: 'The attestation key cannot be read.',
    hint: 'Send TPMT_PUBLIC, TPM2B_PUBLIC, a PEM public key or a certificate, and say which.',
    source: 'TPM 2.0 Part 2, 12.2.4 TPMT_PUBLIC',
    after: NOTHING,
  }),
  'ak.key_unsupported': code({
    class: 'unsupported',
    meaning: 'The attestation key is of a type or curve that this verifier does not accept.',
    hint: 'Use RSA 2048 or more, or ECC on P-256, P-384 or P-521.',
    source: 'TPM 2.0 Part 2, 12.2.2 TPMI_ALG_PUBLIC',
    after: NOTHING,
  }),
  'ak.key_weak': code({
    class: 'refused',
    meaning: 'The RSA key is shorter than the policy allows.',
    hint: 'Create an AK of at least 2048 bits.',
    source: 'policy quote.minRsaBits',
    after: NOTHING,
  }),
  'ak.attributes_unsuitable': code({
    class: 'refused',
    meaning: 'The attributes of the key do not make it an attestation key.',
    hint: 'Create it fixedTPM, fixedParent, sensitiveDataOrigin, restricted and sign only.',
    source: 'TPM 2.0 Part 2, 8.3 TPMA_OBJECT; FORMATS 14.3',
    after: NOTHING,
  }),
  'ak.attributes_unknown': code({
    class: 'noted',
    meaning: 'The key was given without TPM attributes, so that it is restricted is not shown.',
    hint: 'Send the TPMT_PUBLIC, or enrol with an AK certificate.',
    source: 'FORMATS 14.3',
    after: NOTHING,
  }),
  'ak.st_clear_set': code({
    class: 'noted',
    meaning: 'The key is stClear: it is lost at the next TPM Restart or Reset.',
    hint: 'Nothing to do; the AK has to be enrolled again after a reboot.',
    source: 'TPM 2.0 Part 2, 8.3.3.3 stClear; FORMATS 14.3',
    after: NOTHING,
  }),
  'ak.asserted': code({
    class: 'noted',
    meaning: 'The AK is asserted: nothing binds it to a particular TPM.',
    hint: 'Enrol with an EK certificate and credential activation.',
    source: 'policy attester.asserted',
    after: NOTHING,
  }),
  'boot.field_malformed': code({
    class: 'malformed',
    meaning: 'The firmware event log cannot be read.',
    hint: 'Send binary_bios_measurements as the kernel shows it.',
    source: 'TCG PC Client Platform Firmware Profile, event log',
    after: NOTHING,
  }),
  'boot.truncated': code({
    class: 'malformed',
    meaning: 'The firmware event log ends inside a record.',
    hint: 'Read the whole log again; a copy was cut.',
    source: 'TCG PC Client Platform Firmware Profile, event log',
    after: NOTHING,
  }),
  'boot.log_missing': code({
    class: 'missing',
    meaning: 'No firmware event log was supplied.',
    hint: 'Send binary_bios_measurements once a boot.',
    source: 'policy boot.eventLog',
    after: SIGNED,
  }),
  'boot.log_unproven': code({
    class: 'noted',
    meaning: 'An event log was supplied, but no PCR that it explains is quoted with a value.',
    hint: 'Quote PCR 0–9 and send their values.',
    source: 'FORMATS 15',
    after: SIGNED,
  }),
  'boot.spec_id_missing': code({
    class: 'noted',
    meaning: 'The event log has no Spec ID header: it is a legacy log with SHA-1 digests only.',
    hint: 'Only the SHA-1 bank can be explained; update the firmware if it should be more.',
    source: 'TCG EFI Protocol Specification, legacy log format',
    after: NOTHING,
  }),
  'boot.replay_mismatch': code({
    class: 'forged',
    meaning: 'The event log does not explain the quoted value of a firmware PCR.',
    hint: 'Something extended this PCR without a log entry, or the log was altered.',
    source: 'TCG PC Client Platform Firmware Profile, PCR 0–7',
    after: COMPOSITE,
  }),
  'boot.bank_partial': code({
    class: 'forged',
    meaning: 'A PCR is explained in one quoted bank and not in another.',
    hint: 'Some firmware caps a bank; otherwise one bank was extended behind the log.',
    source: 'FORMATS 15, rule 2',
    after: COMPOSITE,
  }),
  'boot.bank_unlogged': code({
    class: 'missing',
    meaning: 'The event log has no digests for a quoted bank.',
    hint: 'Quote a bank that the firmware logs.',
    source: 'FORMATS 15',
    after: COMPOSITE,
  }),
  'boot.loader_unexplained': code({
    class: 'unknown',
    meaning: 'PCR 8 or 9 has a value that the event log does not explain.',
    hint: 'The boot loader or the kernel extended it after the log was taken.',
    source: 'FORMATS 15, rule 4',
    after: COMPOSITE,
  }),
  'boot.system_unexplained': code({
    class: 'noted',
    meaning: 'PCR 11–15 has a value that the event log does not explain.',
    hint: 'The running system extends these PCRs; send its log when there is one.',
    source: 'FORMATS 15, rule 4',
    after: COMPOSITE,
  }),
  'boot.drift_detected': code({
    class: 'noted',
    meaning: 'PCR 0–9 changed after boot: boot_aggregate fits the event log, not the quote.',
    hint: 'Find out what extended PCR 0–9 in the running system.',
    source: 'FORMATS 5, rule 5',
    after: COMPOSITE,
  }),
  'boot.secure_boot_off': code({
    class: 'refused',
    meaning: 'The event log shows that Secure Boot is off.',
    hint: 'Turn Secure Boot on, or set boot.secureBoot to optional.',
    source: 'UEFI, SecureBoot variable; policy boot.secureBoot',
    after: 'PCR 7 is explained by the event log',
  }),
  'boot.secure_boot_unproven': code({
    class: 'missing',
    meaning: 'Nothing authenticated shows whether Secure Boot is on.',
    hint: 'Quote PCR 7 and send the event log, or set boot.secureBoot to optional.',
    source: 'policy boot.secureBoot',
    after: SIGNED,
  }),
  'boot.event_digest_mismatch': code({
    class: 'forged',
    meaning: 'The data of an event do not give the digest that was extended for it.',
    hint: 'The event data were altered after they were measured: do not believe them.',
    source: 'TCG PC Client Platform Firmware Profile; go-attestation event log disclosure',
    after: 'the PCR of the event is explained by the event log',
  }),
  'ima.list_missing': code({
    class: 'missing',
    meaning: 'An IMA PCR above its reset value is quoted, and no measurement list was supplied.',
    hint: 'Send binary_runtime_measurements, read after the quote.',
    source: 'docs/verdicts.md',
    after: SIGNED,
  }),
  'ima.list_absent': code({
    class: 'noted',
    meaning: 'No measurement list was supplied, and no quoted PCR asks for one.',
    hint: 'Quote PCR 10 and send the list if the host runs IMA.',
    source: 'docs/verdicts.md',
    after: SIGNED,
  }),
  'ima.history_missing': code({
    class: 'missing',
    meaning: 'The list does not start where the proof has to start.',
    hint: 'Send the list from the index that `next.fromIndex` names, archive included.',
    source: 'FORMATS 8.4, rule 4',
    after: SIGNED,
  }),
  'ima.truncated': code({
    class: 'malformed',
    meaning: 'The list ends inside a record.',
    hint: 'Read the list again; a copy was cut, or a segment does not end on a record.',
    source: 'FORMATS 1.6, rule 4',
    after: NOTHING,
  }),
  'ima.record_malformed': code({
    class: 'malformed',
    meaning: 'A record of the list cannot be read.',
    hint: 'Send the list bytes as the kernel shows them.',
    source: 'kernel security/integrity/ima/ima_fs.c: ima_measurements_show',
    after: NOTHING,
  }),
  'ima.field_malformed': code({
    class: 'malformed',
    meaning: 'A template field of a record is not what its template says.',
    hint: 'The kernel never writes this: the list was altered or the kernel is not stock.',
    source: 'kernel security/integrity/ima/ima_template_lib.c',
    after: PROVEN,
  }),
  'ima.byte_order_undecided': code({
    class: 'malformed',
    meaning: 'The first record has no PCR between 8 and 14 in either byte order.',
    hint: 'Check that the bytes are a binary measurement list.',
    source: 'FORMATS 1.4',
    after: NOTHING,
  }),
  'ima.template_unknown': code({
    class: 'unsupported',
    meaning: 'The template of a record is not known, so its fields have no meaning.',
    hint: 'Use a built-in template or a format of known fields.',
    source: 'kernel security/integrity/ima/ima_template.c: builtin_templates',
    after: 'nothing covers the template name: it is not part of the template digest',
  }),
  'ima.template_refused': code({
    class: 'refused',
    meaning: 'The template of a record is not one that the policy accepts.',
    hint: 'Add it to ima.templates if the host should use it.',
    source: 'policy ima.templates',
    after: PROVEN,
  }),
  'ima.template_digest_mismatch': code({
    class: 'forged',
    meaning: 'The digest column of a record is not the digest of its template data.',
    hint: 'The list was altered, or digestColumn names another algorithm.',
    source: 'FORMATS 4.4, rule 4',
    after: NOTHING,
  }),
  'ima.column_unsupported': code({
    class: 'unsupported',
    meaning: 'The digest column uses an algorithm that this verifier cannot recompute.',
    hint: 'Send binary_runtime_measurements_sha1 or _sha256.',
    source: 'FORMATS 1.5',
    after: NOTHING,
  }),
  'ima.replay_mismatch': code({
    class: 'forged',
    meaning: 'No prefix of the list replays to the quoted value.',
    hint: 'Quote first and read the list after; then look at the diagnosis.',
    source: 'FORMATS 19, steps 5 and 6',
    after: COMPOSITE,
  }),
  'ima.pcr_never_extended': code({
    class: 'forged',
    meaning: 'The list has records, but their quoted PCR is still at its reset value.',
    hint: 'The TPM came too late for IMA: this list proves nothing. Fix the boot and reboot.',
    source: 'FORMATS 19, step 5; Linux TPM-bypass',
    after: COMPOSITE,
  }),
  'ima.pcr_unexpected': code({
    class: 'unknown',
    meaning: 'Records extend a PCR that the quote does not cover; nothing proves them.',
    hint: 'Quote every PCR that the IMA policy names.',
    source: 'FORMATS 17, multi-PCR lists',
    after: 'nothing: these records are claimed only',
  }),
  'ima.bank_weak': code({
    class: 'refused',
    meaning: 'The list is proven only by SHA-1 or by SHA-1 padded into a larger bank.',
    hint: 'Quote the SHA-256 bank of a kernel from 5.8 on.',
    source: 'FORMATS 4.3',
    after: COMPOSITE,
  }),
  'ima.bank_padded': code({
    class: 'refused',
    meaning: 'A quoted bank was extended with zero-padded SHA-1 digests.',
    hint: 'Build the hash of this bank into the kernel, or do not allocate the bank.',
    source: 'FORMATS 4.2',
    after: COMPOSITE,
  }),
  'ima.violation_present': code({
    class: 'refused',
    meaning: 'A measurement violation: a file was open for writing while it was measured.',
    hint: 'Find out who wrote the file; what was used is unknown. The name is only claimed.',
    source: 'FORMATS 4.4',
    after: `${PROVEN}, but nothing inside a violation is authenticated`,
  }),
  'ima.boot_aggregate_missing': code({
    class: 'forged',
    meaning: 'The first record of the boot is not a boot_aggregate.',
    hint: 'Send the list from record 0 of this boot.',
    source: 'FORMATS 5, rule 1',
    after: PROVEN,
  }),
  'ima.boot_aggregate_mismatch': code({
    class: 'forged',
    meaning: 'boot_aggregate is not the digest of PCR 0–9 of this boot.',
    hint: 'The list belongs to another boot, or PCR 0–9 changed before IMA started.',
    source: 'kernel security/integrity/ima/ima_crypto.c: ima_calc_boot_aggregate',
    after: `${PROVEN}; PCR 0–9 are proven too`,
  }),
  'ima.boot_aggregate_zero': code({
    class: 'unknown',
    meaning: 'boot_aggregate is zero although the PCR was extended.',
    hint: 'The kernel found no usable bank for ima_hash; set ima_hash to an active bank.',
    source: 'FORMATS 5; field findings on SHA-384-only banks',
    after: PROVEN,
  }),
  'ima.boot_aggregate_late': code({
    class: 'unknown',
    meaning: 'IMA started late: what ran between late_initcall and late_initcall_sync is unseen.',
    hint: 'Accept only for kernels that the authenticated boot log pins.',
    source: 'FORMATS 6; Linux 7.3 CONFIG_IMA_INIT_LATE_SYNC',
    after: PROVEN,
  }),
  'ima.boot_aggregate_partial': code({
    class: 'refused',
    meaning: 'boot_aggregate covers PCR 0–7 only, so kernel and command line are left out.',
    hint: 'Update the kernel (5.8 or a later stable), or accept coverage 0-7 by policy.',
    source: 'FORMATS 5, variants',
    after: `${PROVEN}; PCR 0–9 are proven too`,
  }),
  'ima.boot_aggregate_unverified': code({
    class: 'noted',
    meaning: 'boot_aggregate was not recomputed: PCR 0–9 of its bank are not quoted.',
    hint: 'Quote PCR 0–9 of the bank that boot_aggregate names.',
    source: 'FORMATS 5, rule 2',
    after: PROVEN,
  }),
  'ima.epoch_kernel_unknown': code({
    class: 'unknown',
    meaning: 'A later epoch runs a kernel that nothing identifies.',
    hint: 'Reboot, or measure KEXEC_KERNEL_CHECK and KEXEC_CMDLINE and pin the kernel.',
    source: 'FORMATS 7.2, rule 5',
    after: PROVEN,
  }),
  'ima.kexec_unmarked': code({
    class: 'unknown',
    meaning: 'A second aggregate record without the kexec records that should precede it.',
    hint: 'Measure critical data (ima_policy=critical_data) so that kexec is recorded.',
    source: 'FORMATS 7.2, rule 2',
    after: PROVEN,
  }),
  'ima.buffer_digest_mismatch': code({
    class: 'forged',
    meaning: 'The digest of an ima-buf record is not the digest of its buffer.',
    hint: 'The record was relabelled or made up: do not believe the buffer.',
    source: 'FORMATS 2.3, rule 3',
    after: PROVEN,
  }),
  'ima.file_unknown': code({
    class: 'unknown',
    meaning: 'No rule of the policy accepts this measurement.',
    hint: 'Find out where the file came from; add its digest to a reference set if it is good.',
    source: 'policy ima.measurements',
    after: PROVEN,
  }),
  'ima.file_digest_refused': code({
    class: 'refused',
    meaning: 'A rule of the policy refuses this measurement.',
    hint: 'Take the host out of service and look at the file.',
    source: 'policy ima.measurements',
    after: PROVEN,
  }),
  'ima.file_warned': code({
    class: 'noted',
    meaning: 'A rule of the policy asks for a warning about this measurement.',
    hint: 'Read the rule that the finding names.',
    source: 'policy ima.measurements',
    after: PROVEN,
  }),
  'ima.file_digest_weak': code({
    class: 'refused',
    meaning: 'The file digest uses an algorithm that the policy does not accept.',
    hint: 'Set ima_hash=sha256 and sign files with SHA-256 or better.',
    source: 'policy ima.fileDigests; FORMATS 2.3',
    after: PROVEN,
  }),
  'ima.file_content_unknown': code({
    class: 'unknown',
    meaning: 'The file digest is all zero: the kernel could not read the content.',
    hint: 'The file was opened O_DIRECT or could not be read; find out which.',
    source: 'FORMATS 2.3',
    after: PROVEN,
  }),
  'ima.measurements_unappraised': code({
    class: 'noted',
    meaning: 'The structural policy accepts any measurement: contents were not judged.',
    hint: 'Use --policy with rules and reference sets.',
    source: 'docs/verdicts.md',
    after: PROVEN,
  }),
  'ima.records_pending': code({
    class: 'noted',
    meaning: 'Records follow the ones that the quote proves; they wait for the next quote.',
    hint: 'Nothing to do: the list goes on while the quote stands still.',
    source: 'FORMATS 19, step 5',
    after: 'nothing: pending records are claimed only',
  }),
  'ima.pending_malformed': code({
    class: 'noted',
    meaning: 'A record behind the proven ones cannot be read or does not fit its digest.',
    hint: 'If the next round repeats it, the list was altered.',
    source: 'FORMATS 19, step 5',
    after: 'nothing: pending records are claimed only',
  }),
  'ima.segment_incomplete': code({
    class: 'missing',
    meaning: 'A segment holds fewer records than the evidence says.',
    hint: 'Send the segment whole, or correct its record count.',
    source: 'docs/evidence-bundle.md',
    after: NOTHING,
  }),
  'policy.check_unproven': code({
    class: 'missing',
    meaning: 'A check that acceptance needs did not pass, so nothing is accepted.',
    hint: 'Read the checks of the verdict: one failed or could not run.',
    source: 'docs/verdicts.md',
    after: NOTHING,
  }),
  'policy.option_unsupported': code({
    class: 'unsupported',
    meaning: 'The policy asks for a proof that this version cannot make.',
    hint: 'Remove the option, or update the verifier.',
    source: 'docs/policy.md',
    after: NOTHING,
  }),
  'limit.exceeded': code({
    class: 'malformed',
    meaning: 'The evidence is larger than a limit of this verifier.',
    hint: 'Send less, or in more rounds; docs/limits.md names the limits.',
    source: 'src/bytes/limits.ts',
    after: NOTHING,
  }),
} as const satisfies Record<string, ReasonCode>;

export type FindingCode = keyof typeof REASON_CODES;
