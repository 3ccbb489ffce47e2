import { closest, distance } from 'fastest-levenshtein';

/** A position in a file that a person can open: line and column count from 1. */
export type Place = Readonly<{ file: string; line: number; column: number }>;

/** One mistake of a user, as data: the text on the screen is made from it at the edge. */
export type Problem = Readonly<{
  /** stable, kebab-case, greppable: `unknown-key`, `cycle`, ... */
  code: string;
  message: string;
  at?: Place;
  /** what to do about it: the nearest valid name, the command that mends it */
  hint?: string;
}>;

/** A problem in a line of text: place, message, and what to do about it. */
export function problemLine({ at, message, hint }: Problem): string {
  const place = at === undefined ? '' : `${at.file}:${at.line}:${at.column}: `;
  return `${place}${message}${hint === undefined ? '' : ` (${hint})`}`;
}

export type Result<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; problems: readonly Problem[] }>;

export function succeed<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function fail(...problems: readonly Problem[]): Result<never> {
  return { ok: false, problems };
}

/** Carries problems through code that cannot return them (a stage at work, a file being read). */
export class ProblemError extends Error {
  readonly problems: readonly Problem[];

  constructor(...problems: readonly Problem[]) {
    super(problems.map((problem) => problem.message).join('\n'));
    this.name = 'ProblemError';
    this.problems = problems;
  }
}

/** The candidate a typing mistake most likely meant, or undefined when none is near. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const match = closest(name, [...candidates]);
  // Two letters that changed places count as two changes: a word of four may have that.
  const longest = Math.max(name.length, match.length);
  const allowed = Math.min(Math.ceil(longest / 3), longest - 1);
  return distance(name.toLowerCase(), match.toLowerCase()) <= allowed ? match : undefined;
}

/** `did you mean "gqa"?`, or the valid names when none is near. */
export function suggest(name: string, candidates: readonly string[]): string {
  const match = nearest(name, candidates);
  if (match !== undefined) return `did you mean "${match}"?`;
  const shown = candidates.slice(0, 12).join(', ');
  return candidates.length === 0 ? 'none is valid here' : `valid: ${shown}${candidates.length > 12 ? ', ...' : ''}`;
}
