import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { type Problem, ProblemError } from '../problem.ts';
import { lineAt, offsetOf, syntaxErrorAt } from './json-place.ts';
import { decodeText, encodingHint, problemAt, readBytes, stopAt, textLines } from './text-file.ts';

/** A schema compiled once; a value that passes has the schema's type. */
export type Shape<T> = Readonly<{ validate: ValidateFunction<T> }>;

const ajv = new Ajv({ strict: false });

/** A whole number in a schema that is an id; beyond 2^53 two of them would be read as one. */
export const wholeId = {
  type: 'integer',
  minimum: -Number.MAX_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
} as const;

/** An id in a schema. */
export const question_id = { anyOf: [wholeId, { type: 'string' }] } as const;

/** Official files may carry more than their scorer reads, so the schemas are open: they name what is read. */
export function shape<const S extends object>(schema: S): Shape<S extends JSONSchema ? FromSchema<S> : never> {
  return { validate: ajv.compile<never>(schema) };
}

/** What is wrong with a value of the right shape, and where in its file (a JSON pointer). */
export type Fault = Readonly<{ pointer: string; code: string; message: string }>;

/**
 * A whole JSON file of a given shape; stops with file and line at broken JSON, the first value of another shape, or what
 * `check` finds.
 */
export async function readJson<T>(
  file: string,
  { validate }: Shape<T>,
  check: (value: T) => Fault | undefined = () => undefined,
): Promise<T> {
  const text = decodeText(await readBytes(file), file);
  const value = parse(text, file);
  const stop = ({ pointer, code, message }: Fault): never =>
    stopAt(file, lineAt(text, offsetOf(text, pointer)), code, message);
  if (!validate(value)) {
    const error = validate.errors?.[0];
    return stop({ pointer: error?.instancePath ?? '', code: 'wrong-shape', message: describe(error) });
  }
  const fault = check(value);
  return fault === undefined ? value : stop(fault);
}

/** JSON with the line at which the text stops being it. */
function parse(text: string, file: string): unknown {
  try {
    return parseJson(text);
  } catch {
    const offset = syntaxErrorAt(text) ?? 0;
    const message = `not JSON from here: ${excerpt(text.slice(offset))}`;
    return stopAt(file, lineAt(text, offset), 'broken-json', message, encodingHint(text));
  }
}

const NUMBER_WORD = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;
const WORDS: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Infinity, '-Infinity': -Infinity };
// a private-use character in front: no text of a benchmark starts so
const WORD_MARK = '\ue0ff';

/** JSON as Python reads and writes it: the words NaN, Infinity and -Infinity are numbers. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    const marked = text.replace(NUMBER_WORD, (part) => (part in WORDS ? `"${WORD_MARK}${part}"` : part));
    return JSON.parse(marked, (_, value: unknown) =>
      typeof value === 'string' && value.startsWith(WORD_MARK) ? WORDS[value.slice(1)] : value,
    );
  }
}

export type Line<T> = Readonly<{ line: number; value: T }>;

/**
 * A file of JSON lines. A broken line stops with its number, or with `skipBroken` is left out and told to
 * `skipBroken` (LLaVA's upload scripts leave such lines out and count them).
 */
export async function readJsonLines<T>(
  file: string,
  { validate }: Shape<T>,
  skipBroken?: (problem: Problem) => void,
): Promise<readonly Line<T>[]> {
  const lines = textLines(decodeText(await readBytes(file), file));
  const out: Line<T>[] = [];
  for (const [index, text] of lines.entries()) {
    const problem = (code: string, message: string, hint?: string): Problem =>
      problemAt(file, index + 1, code, message, hint);
    let value: unknown;
    try {
      value = parseJson(text);
    } catch {
      const message = text.trim() === '' ? 'an empty line where JSON belongs' : `not JSON: ${excerpt(text)}`;
      const whole =
        index === 0 && /^\s*\[/.test(text) ? 'every line is one JSON object: no list around them' : undefined;
      const broken = problem('broken-json', message, encodingHint(text) ?? whole);
      if (skipBroken === undefined) throw new ProblemError(broken);
      skipBroken(broken);
      continue;
    }
    if (!validate(value)) throw new ProblemError(problem('wrong-shape', describe(validate.errors?.[0])));
    out.push({ line: index + 1, value });
  }
  if (out.length === 0) {
    const message = lines.length === 0 ? 'the file is empty' : 'no line of this file is JSON';
    stopAt(file, 1, 'broken-json', message, encodingHint(lines[0] ?? ''));
  }
  return out;
}

/** What is wrong with a value, in words: `/answers/3 must be string`. */
export function describe(error: ErrorObject | undefined): string {
  if (error === undefined) return 'not of the expected shape';
  return `${error.instancePath === '' ? 'the value' : error.instancePath} ${error.message ?? 'is not of the expected shape'}`;
}

function excerpt(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 60)}...` : line || 'the text ends';
}
