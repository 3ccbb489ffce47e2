import { STATUS_CODES } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JudgeRequest } from '../benchmarks/benchmark.ts';
import { ProblemError } from '../problem.ts';
import type { JudgeSettings } from './settings.ts';

type ChatRequest = Omit<JudgeRequest, 'run'>;

export type ClientOptions = Readonly<{
  env: Readonly<Record<string, string | undefined>>;
  /** told about every wait before a repeat */
  log(line: string): void;
  /** seconds before the first repeat; doubled from one to the next */
  firstWait?: number;
}>;

/** Longest of our own waits, and longest that a server may ask for, seconds. */
const LONGEST_WAIT = 60;
const LONGEST_ASKED = 3600;
/** Longest reply that is read, bytes: a mark takes a few. */
const LONGEST_REPLY = 2 ** 20;

/** What came of one request: a reply, or why there is none and whether a repeat may help. */
type Outcome =
  | Readonly<{ reply: string }>
  | Readonly<{ failure: string; repeat: boolean; after?: number; hint?: string }>;

/**
 * A chat-completions client: one user message in, the reply's text out. Busy and failing servers, lost connections, late
 * and unreadable replies are asked again with growing waits (at least as long as Retry-After says). The key is read when
 * the first request is made, and stands in no message.
 */
export function openClient(
  settings: JudgeSettings,
  options: ClientOptions,
): (request: ChatRequest, signal: AbortSignal) => Promise<string> {
  return async (request, signal) => {
    const secret = keyOf(settings, options.env);
    // replies are kept and messages are logged: a server that repeats the key must not put it there
    const hide = (text: string): string => (secret === undefined ? text : text.replaceAll(secret, '***'));
    for (let attempt = 0; ; attempt++) {
      const outcome = await send(settings, secret, request, signal);
      if ('reply' in outcome) return hide(outcome.reply);
      const failure = plain(hide(outcome.failure));
      if (!outcome.repeat || attempt >= settings.retries) throw failed(settings.url, failure, attempt, outcome.hint);
      const wait = Math.max(outcome.after ?? 0, Math.min(LONGEST_WAIT, (options.firstWait ?? 1) * 2 ** attempt));
      options.log(`judge: ${failure}; asking again in ${wait} s`);
      await sleep(wait * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  };
}

function failed(server: string, failure: string, repeats: number, hint: string | undefined): ProblemError {
  const times = repeats === 0 ? '' : `, ${repeats + 1} times`;
  return new ProblemError({
    code: 'judge-failed',
    message: `the judge at ${server} gave no reply${times}: ${failure}`,
    hint: hint ?? 'replies so far are kept: the next run asks only for the rest',
  });
}

function keyOf({ key }: JudgeSettings, env: ClientOptions['env']): string | undefined {
  if (key === 'none') return undefined;
  const value = env[key]?.trim();
  if (value !== undefined && /[^\x21-\x7e]/.test(value)) {
    throw new ProblemError({
      code: 'bad-key',
      message: `the key in ${key} holds characters that no header takes (a space, a line end, a letter beyond ASCII)`,
    });
  }
  if (value !== undefined && value !== '') return value;
  throw new ProblemError({
    code: 'no-key',
    message: `the environment variable ${key} is not set: the judge cannot be asked`,
    hint: `export ${key}=..., or key: none for a server that needs none`,
  });
}

async function send(
  settings: JudgeSettings,
  secret: string | undefined,
  request: ChatRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const { content, temperature, maxTokens } = request;
  const { url } = settings;
  const late = AbortSignal.timeout(Math.ceil(settings.timeout * 1000));
  try {
    const response = await fetch(url.endsWith('/chat/completions') ? url : `${url}/chat/completions`, {
      method: 'POST',
      redirect: 'manual', // a key goes to the server that was named and to no other
      headers: {
        'content-type': 'application/json',
        ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      },
      body: JSON.stringify({
        model: settings.model,
        max_tokens: maxTokens,
        temperature,
        messages: [{ role: 'user', content }],
      }),
      signal: AbortSignal.any([signal, late]),
    });
    const text = await readBody(response);
    if (text === undefined) return { failure: 'the reply is longer than 1 MiB', repeat: false };
    return response.ok ? readReply(text) : refusal(response, text, settings);
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) return { failure: `no reply within ${settings.timeout} s`, repeat: true };
    return lostConnection(error);
  }
}

/** The body's text; undefined, and the rest of it is not taken, where it is too long to be a reply. */
async function readBody(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > LONGEST_REPLY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A message without content is a reply of no text, which the marks' own rules deal with. */
function readReply(text: string): Outcome {
  const unreadable = { failure: `the reply is no chat completion${serverMessage(text)}`, repeat: true };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable;
  }
  const choices = field(value, 'choices');
  const message = field(Array.isArray(choices) ? choices[0] : undefined, 'message');
  const content = field(message, 'content');
  if (typeof content === 'string') return { reply: content };
  return message !== undefined && content === null ? { reply: '' } : unreadable;
}

function refusal(response: Response, text: string, { key }: JudgeSettings): Outcome {
  const { status } = response;
  const named = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  if (status >= 300 && status < 400) {
    return { failure: `${named}: it sends elsewhere`, repeat: false, hint: 'give the address that answers itself' };
  }
  const after = waitAsked(response.headers.get('retry-after'));
  if (after !== undefined && after > LONGEST_ASKED) {
    return { failure: `${named}: it asks to wait ${after} s`, repeat: false };
  }
  const repeat = status === 408 || status === 409 || status === 425 || status === 429 || status >= 500;
  // what a server says to a wrong key may repeat parts of it
  if (status === 401 || status === 403) {
    return { failure: named, repeat, hint: key === 'none' ? 'the server asks for a key' : `check the key in ${key}` };
  }
  return {
    failure: `${named}${serverMessage(text)}`,
    repeat,
    ...(after === undefined ? {} : { after }),
    ...(status === 404 || status === 405 ? { hint: 'check url and model' } : {}),
  };
}

function serverMessage(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return '';
  }
  const error = field(value, 'error');
  const message = typeof error === 'string' ? error : field(error, 'message');
  return typeof message === 'string' && message !== '' ? `: ${message}` : '';
}

const LONGEST_MESSAGE = 300;

/** A server's words for a line of the log: one line, not too long, nothing that moves a terminal's cursor. */
function plain(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ');
  return line.length <= LONGEST_MESSAGE ? line : `${line.slice(0, LONGEST_MESSAGE)}...`;
}

/** Seconds that a Retry-After header asks for: a number of them, or a date. */
function waitAsked(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

/** A certificate that is not believed will not be believed the next time; other breaks may pass. */
function lostConnection(error: unknown): Outcome {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = field(cause, 'code');
  if (typeof code === 'string' && /CERT|ERR_TLS|ERR_SSL|UNABLE_TO_/.test(code)) {
    const hint = 'check http or https; a private issuer of certificates is named in NODE_EXTRA_CA_CERTS';
    return { failure: `no safe connection (${code})`, repeat: false, hint };
  }
  const told = cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error);
  return { failure: `no connection (${typeof code === 'string' ? code : told})`, repeat: true };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
