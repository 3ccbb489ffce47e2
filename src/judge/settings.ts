import type { FromSchema } from 'json-schema-to-ts';
import { ProblemError } from '../problem.ts';

/** How a language model behind an OpenAI-compatible server is asked for marks. */
export const judgeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  properties: {
    url: {
      type: 'string',
      pattern: '^https?://[^\\s@?#]+$', // no name, password or query: they can be secrets
      description: 'Address of an OpenAI-compatible server up to /v1, like https://api.openai.com/v1.',
    },
    model: { type: 'string', minLength: 1, description: 'Name of the model; by default the official gpt-4-0613.' },
    key: {
      type: 'string',
      pattern: '^(none|[A-Z][A-Z0-9_]*)$',
      writeOnly: true, // somebody may write the key itself here: then no message repeats it
      description:
        'Name of the environment variable that holds the key, by default OPENAI_API_KEY; none: no key is sent. Never the key itself.',
    },
    runs: {
      type: 'integer',
      minimum: 1,
      description: 'Times that every answer is marked; the score is their mean. By default 1, as the official script.',
    },
    concurrency: { type: 'integer', minimum: 1, description: 'Requests under way at the same time, by default 4.' },
    retries: {
      type: 'integer',
      minimum: 0,
      description: 'Repeats of a request that the server could not answer (busy, down, too slow), by default 6.',
    },
    timeout: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 86_400,
      description: 'Seconds to wait for a reply, by default 60.',
    },
  },
} as const;

export type StatedJudge = FromSchema<typeof judgeSchema>;
export type JudgeSettings = Readonly<Required<StatedJudge>>;

/** MM-Vet's own judge. */
export const OFFICIAL_JUDGE = 'gpt-4-0613';

const DEFAULTS = { model: OFFICIAL_JUDGE, key: 'OPENAI_API_KEY', runs: 1, concurrency: 4, retries: 6, timeout: 60 };

/**
 * The settings with defaults in place of what is not stated. An address that may hold secrets, and a key in the place of
 * its variable's name, are refused without being repeated.
 */
export function completeSettings(stated: StatedJudge): JudgeSettings {
  const { url, key } = judgeSchema.properties;
  if (!new RegExp(url.pattern).test(stated.url) || !URL.canParse(stated.url)) {
    throw new ProblemError({
      code: 'bad-url',
      message: "the judge's url is no plain address of a server",
      hint: 'like https://host/v1, without a name, password or query in it',
    });
  }
  if (stated.key !== undefined && !new RegExp(key.pattern).test(stated.key)) {
    throw new ProblemError({
      code: 'bad-key-name',
      message: "the judge's key is no name of an environment variable",
      hint: 'write the name, like OPENAI_API_KEY, never the key itself; none: no key is sent',
    });
  }
  return { ...DEFAULTS, ...stated, url: stated.url.replace(/\/+$/, '') };
}

/** What of the settings decides the marks: not how patiently the server is asked, nor with whose key. */
export function judgeIdentity(stated: StatedJudge): Readonly<{ url: string; model: string; runs: number }> {
  const { url, model, runs } = completeSettings(stated);
  return { url, model, runs };
}
