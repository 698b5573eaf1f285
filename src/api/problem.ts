// Every error becomes one problem document. RFC 9457; docs/api.md lists the codes.

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { Problem, type ProblemCode, type ProblemPlace } from '../service/problem.ts';

/** The document that a caller reads. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode | 'internal.fault';
  readonly requestId: string;
  readonly places?: readonly ProblemPlace[];
}

/** Status and title of each code. */
export const PROBLEMS: Readonly<
  Record<ProblemDocument['code'], { readonly status: number; readonly title: string }>
> = {
  'request.invalid': { status: 400, title: 'The request is malformed' },
  'request.media_type_unsupported': { status: 415, title: 'The media type is not supported' },
  'request.timed_out': { status: 408, title: 'The request took too long' },
  'route.unknown': { status: 404, title: 'There is nothing here' },
  'limit.exceeded': { status: 413, title: 'The request is larger than a limit' },
  'limit.rate': { status: 429, title: 'Too many calls' },
  'token.missing': { status: 401, title: 'A bearer token is needed' },
  'token.unknown': { status: 401, title: 'The bearer token is not known' },
  'token.role_insufficient': { status: 403, title: 'The role of the token does not suffice' },
  'token.name_taken': { status: 409, title: 'The name of the token is taken' },
  'token.absent': { status: 404, title: 'There is no such token' },
  'token.last_admin': { status: 409, title: 'This is the last admin token' },
  'token.issuer_unreachable': { status: 503, title: 'The issuer of the token cannot be asked' },
  'attester.unknown': { status: 404, title: 'There is no such attester' },
  'attester.ak_refused': { status: 422, title: 'The attestation key cannot be enrolled' },
  'attester.ek_refused': { status: 422, title: 'The endorsement key cannot be believed' },
  'activation.refused': { status: 403, title: 'The activation is refused' },
  'challenge.unknown': { status: 404, title: 'There is no such challenge' },
  'challenge.expired': { status: 410, title: 'The challenge has expired' },
  'challenge.spent': { status: 409, title: 'The challenge is spent' },
  'round.overtaken': { status: 409, title: 'Another round finished first' },
  'policy.unknown': { status: 404, title: 'There is no such policy' },
  'policy.invalid': { status: 422, title: 'The policy is not valid' },
  'policy.none_active': { status: 409, title: 'No active policy applies' },
  'policy.ambiguous': { status: 409, title: 'Several active policies apply alike' },
  'policy.overtaken': { status: 412, title: 'Another version is active' },
  'trial.unknown': { status: 404, title: 'There is no such trial' },
  'reference_set.unknown': { status: 404, title: 'There is no such reference set' },
  'reference_set.invalid': { status: 422, title: 'The reference set is not valid' },
  'keyring.unknown': { status: 404, title: 'There is no such keyring' },
  'keyring.invalid': { status: 422, title: 'The keyring is not valid' },
  'trust_anchor.unknown': { status: 404, title: 'There is no such trust anchor' },
  'trust_anchor.invalid': { status: 422, title: 'The trust anchors are not valid' },
  'verdict.unknown': { status: 404, title: 'There is no such verdict' },
  'evidence.unknown': { status: 404, title: 'There is no such evidence' },
  'result.unknown': { status: 404, title: 'There is no result yet' },
  'result.stale': { status: 409, title: 'The newest verdict has expired' },
  'result.profile_unsupported': { status: 406, title: 'No such form of result can be given' },
  'result.key_fixed': { status: 409, title: 'The signing key is not ours to replace' },
  'service.busy': { status: 503, title: 'The service is busy' },
  'service.closing': { status: 503, title: 'The service is closing' },
  'internal.fault': { status: 500, title: 'The service failed' },
};

/** Answers any error as a problem document; logs it as a fault when it is ours. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error);
  if (problem === undefined) request.log.error({ err: error }, 'fault');
  const document = problemDocument(problem, request.id);
  const retry = problem?.detail.retryAfterSeconds;
  if (retry !== undefined) reply.header('retry-after', retry);
  if (document.status === 401) reply.header('www-authenticate', 'Bearer');
  reply.code(document.status).type(PROBLEM_TYPE).send(JSON.stringify(document));
}

/** The document of a problem; of a fault of ours when `problem` is undefined. */
export function problemDocument(problem: Problem | undefined, requestId: string): ProblemDocument {
  const code: ProblemDocument['code'] = problem?.code ?? 'internal.fault';
  const { status, title } = PROBLEMS[code];
  const detail = problem?.detail.detail ?? 'Nothing was accepted. The log has this request id.';
  const places = problem?.detail.places;
  const type = `urn:plumbline:problem:${code}`;
  const document = { type, title, status, detail, code, requestId };
  return places === undefined ? document : { ...document, places };
}

/** Media type of problem documents. */
export const PROBLEM_TYPE = 'application/problem+json';

/** The problem behind an error; undefined for a fault of ours. */
function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (!isFastifyError(error)) return undefined;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const part = error.validationContext === 'body' ? '' : (error.validationContext ?? '');
    const places = error.validation.map(({ instancePath, message }) => ({
      at: `${part}${instancePath}`,
      message: message ?? 'is not valid',
    }));
    return new Problem('request.invalid', { detail: 'Correct the places below.', places });
  }
  const status = error.statusCode ?? 500;
  if (status === 413) return new Problem('limit.exceeded', 'The body is larger than allowed.');
  if (status === 415) return new Problem('request.media_type_unsupported', unsupported());
  if (status === 408) return new Problem('request.timed_out', 'Send the request again, faster.');
  if (status >= 400 && status < 500) return new Problem('request.invalid', error.message);
  return undefined;
}

function unsupported(): string {
  return 'This route does not read bodies of this media type: see /openapi.json.';
}

// Only errors with a code of fastify or its plugins: an error of another library may carry a status
// of its own, which says nothing about the request.
function isFastifyError(error: unknown): error is FastifyError {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return typeof error.code === 'string' && error.code.startsWith('FST_');
}
