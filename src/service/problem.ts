// A problem: the request is at fault, not the evidence and not we. Use cases throw it; the API
// answers it as RFC 9457 says. docs/api.md lists every code.

/** Every reason to refuse a request. A released code keeps its meaning for ever. */
export type ProblemCode =
  | 'request.invalid'
  | 'request.media_type_unsupported'
  | 'request.timed_out'
  | 'route.unknown'
  | 'limit.exceeded'
  | 'limit.rate'
  | 'token.missing'
  | 'token.unknown'
  | 'token.role_insufficient'
  | 'token.name_taken'
  | 'token.absent'
  | 'token.last_admin'
  | 'token.issuer_unreachable'
  | 'attester.unknown'
  | 'attester.ak_refused'
  | 'attester.ek_refused'
  | 'activation.refused'
  | 'challenge.unknown'
  | 'challenge.expired'
  | 'challenge.spent'
  | 'round.overtaken'
  | 'policy.unknown'
  | 'policy.invalid'
  | 'policy.none_active'
  | 'policy.ambiguous'
  | 'policy.overtaken'
  | 'trial.unknown'
  | 'reference_set.unknown'
  | 'reference_set.invalid'
  | 'keyring.unknown'
  | 'keyring.invalid'
  | 'trust_anchor.unknown'
  | 'trust_anchor.invalid'
  | 'verdict.unknown'
  | 'evidence.unknown'
  | 'result.unknown'
  | 'result.stale'
  | 'result.profile_unsupported'
  | 'result.key_fixed'
  | 'service.busy'
  | 'service.closing';

/** One place in the request, and what is wrong there. */
export interface ProblemPlace {
  /** JSON pointer (RFC 6901), `line N`, or a path in a policy. */
  readonly at: string;
  readonly message: string;
}

/** What a problem says beside its code. */
export interface ProblemDetail {
  /** What is the case and what to do, in one or two sentences. */
  readonly detail: string;
  readonly places?: readonly ProblemPlace[];
  readonly retryAfterSeconds?: number;
}

/** Thrown by use cases and routes; never logged as an error of ours. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly detail: ProblemDetail;

  constructor(code: ProblemCode, detail: ProblemDetail | string) {
    const full = typeof detail === 'string' ? { detail } : detail;
    super(`${code}: ${full.detail}`);
    this.name = 'Problem';
    this.code = code;
    this.detail = full;
  }
}
