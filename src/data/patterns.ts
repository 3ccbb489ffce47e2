import { createContext, Script } from 'node:vm';
import { ProblemError } from '../problem.ts';

/** Longest time of one text under a pattern that may take for ever, milliseconds: a floor, and so much a character. */
const FLOOR = 5_000;
const PER_CHARACTER = 1;

const escapes = /\\[pP]\{[^}]*\}|\\./gs;
const classes = /\[[^\]]*\]/g;
const plainGroup = /\((?:\?(?:[a-z-]*:|<?[=!]|<\w+>))?[^()*+{}]*\)/g;
const unbounded = /[*+]|\{\d+,(?:\d\d+)?\}/g;

/**
 * Whether trying a pattern on a text surely ends soon: no group is repeated or repeats anything inside, and no way through
 * it has more than two parts that may be long. So are those of published tokenizers (GPT-2, CLIP, Llama 3, Qwen, ...).
 */
export function isQuick(pattern: string): boolean {
  let rest = pattern.replace(escapes, 'x').replace(classes, 'x');
  if (/\)[*+{]/.test(rest)) return false;
  while (plainGroup.test(rest)) rest = rest.replace(plainGroup, 'x');
  if (rest.includes('(')) return false;
  return rest.split('|').every((way) => (way.match(unbounded) ?? []).length <= 2);
}

/** Every `Regex` of a tokenizer.json. */
export function patternsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'Regex' && typeof inner === 'string' ? [inner] : patternsIn(inner),
  );
}

/** Node ends a script that takes too long, in the middle of a pattern too, whatever it calls. */
const caller = new Script('work()');
const sandbox: { work?: () => unknown } = createContext({});

/** Does what may take for ever with a text of so many characters; a problem where it would. */
export function inTime<T>(characters: number, work: () => T): T {
  const timeout = FLOOR + PER_CHARACTER * characters;
  let result: Readonly<{ value: T }> | undefined;
  sandbox.work = () => {
    result = { value: work() };
  };
  try {
    caller.runInContext(sandbox, { timeout });
  } catch (error) {
    // made in the sandbox: no Error of this realm
    if ((error as NodeJS.ErrnoException | null)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
  } finally {
    delete sandbox.work;
  }
  if (result !== undefined) return result.value;
  throw new ProblemError({
    code: 'slow-pattern',
    message: `its patterns take more than ${timeout / 1000} s for a text of ${characters} characters`,
    hint: 'write them without repeated groups that repeat something themselves',
  });
}
