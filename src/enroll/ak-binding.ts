// How an attestation key was bound to the TPM that it is said to live in, in falling strength.
// docs/api.md, "Enrolment"

/** `activated`: the holder of a certified EK proved that its TPM holds the key. `certified`: a
 *  certificate for the key itself leads to a trust anchor. `asserted`: somebody said so. */
export const AK_BINDINGS = ['activated', 'certified', 'asserted'] as const;
export type AkBinding = (typeof AK_BINDINGS)[number];
