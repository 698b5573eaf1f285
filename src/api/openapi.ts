// /openapi.json, made from the schemas that the routes check with. OpenAPI 3.1

import swagger from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
} from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Access } from './access.ts';
import type { Api } from './api.ts';
import { problem } from './schemas.ts';

/** Gathers the routes added from now on, and answers GET /openapi.json with them. */
export async function describeRoutes(api: Api, version: string): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Plumbline',
        version,
        description: 'Remote attestation: TPM quotes and IMA measurement lists in, verdicts out.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transformObject: answersOnly,
    transform: (document) => {
      const { schema: given, route, ...rest } = document;
      const access = route.config?.access;
      const schema: FastifySchema = {
        ...given,
        response: { ...Object(given?.response), default: PROBLEM },
        ...rightsOf(access),
      };
      const { content, described: bodyless } = takeContent(schema);
      const transformed = toJsonSchema({ ...rest, route, schema: bodyless });
      if (content === undefined) return transformed;
      return { ...transformed, schema: { ...transformed.schema, body: { content } } };
    },
  });
  api.get(
    '/openapi.json',
    { config: { access: { public: 'documentation' } }, schema: { hide: true } },
    () => api.swagger(),
  );
}

/** Who may call, for readers and for generated clients. */
function rightsOf(
  access: Access | undefined,
): Pick<Required<FastifySchema>, 'security' | 'description'> {
  if (access === undefined || 'public' in access) {
    return { security: [], description: 'Needs no token.' };
  }
  const roles = [...access, 'admin'].join(', ');
  return {
    security: [{ token: [] }],
    description: `Needs a token with one of the roles ${roles}.`,
  };
}

/** Bodies of several media types, which the transform of single bodies does not know. */
function takeContent(schema: FastifySchema): {
  content: Record<string, object> | undefined;
  described: FastifySchema;
} {
  const { body, ...bodyless } = schema;
  if (typeof body !== 'object' || body === null || !('content' in body)) {
    return { content: undefined, described: schema };
  }
  const content: Record<string, object> = {};
  for (const [mediaType, media] of Object.entries(Object(body.content))) {
    const found: unknown = Object(media).schema;
    if (found instanceof z.ZodType) content[mediaType] = { schema: bodySchema(found) };
  }
  return { content, described: bodyless };
}

function bodySchema(schema: z.ZodType): object {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: readable,
  });
  return json;
}

/** Named schemas come twice, as input and as output; ours are all of answers. */
const answersOnly: typeof nameSchemas = (document) => {
  const described = nameSchemas(document);
  const schemas = 'components' in described ? (described.components?.schemas ?? {}) : {};
  for (const name of Object.keys(schemas)) if (name.endsWith('Input')) delete schemas[name];
  return described;
};

type Override = NonNullable<z.core.ToJSONSchemaParams['override']>;

const readable: Override = ({ zodSchema, jsonSchema }) => {
  // Answers may gain fields: only requests are closed.
  const { def } = zodSchema._zod;
  if (def.type === 'object' && !('catchall' in def && def.catchall !== undefined)) {
    delete jsonSchema.additionalProperties;
  }
  // A format says it better than the pattern behind it.
  if (jsonSchema.format !== undefined || jsonSchema.contentEncoding !== undefined) {
    delete jsonSchema.pattern;
  }
};

const SETTINGS = { zodToJsonConfig: { override: readable } };
const toJsonSchema = createJsonSchemaTransform(SETTINGS);
const nameSchemas = createJsonSchemaTransformObject(SETTINGS);

const PROBLEM = {
  description: 'A problem: RFC 9457.',
  content: { 'application/problem+json': { schema: problem } },
};
