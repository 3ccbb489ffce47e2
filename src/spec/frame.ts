import type { Problem } from '../problem.ts';

export type FrameOptions = Readonly<{
  color: boolean;
  /** the text of a file; undefined when it cannot be read: then no line is shown */
  source: (file: string) => string | undefined;
}>;

const paints = { red: 31, cyan: 36, dim: 2, bold: 1 } as const;

/**
 * A problem for a person:
 *
 *     experiments/table3.yaml:12:5  unknown-key  "epocs" is no parameter or input of finetune
 *       12 |     epocs: 3
 *          |     ^^^^^
 *          = did you mean "epochs"?
 */
export function frame(problem: Problem, { color, source }: FrameOptions): string {
  const paint = (style: keyof typeof paints, text: string) =>
    color ? `\u001b[${paints[style]}m${text}\u001b[0m` : text;
  const { at, code, hint } = problem;
  const message = visible(problem.message);
  const place = at === undefined ? [] : [paint('bold', `${at.file}:${at.line}:${at.column}`)];
  const head = [...place, paint('red', code), message].join('  ');
  const written = at === undefined ? undefined : source(at.file)?.split('\n')[at.line - 1]?.replace(/\r$/, '');
  if (at === undefined || written === undefined)
    return hint === undefined ? head : `${head}\n  ${paint('cyan', '=')} ${hint}`;
  const number = String(at.line);
  const gutter = ' '.repeat(number.length);
  const shown = clip(visible(written), at.column);
  const rows = [
    `  ${paint('dim', `${number} |`)} ${shown.text}`,
    `  ${paint('dim', `${gutter} |`)} ${indentLike(shown.text, shown.column)}${paint('red', '^'.repeat(shown.width))}`,
    ...(hint === undefined ? [] : [`  ${gutter} ${paint('cyan', '=')} ${hint}`]),
  ];
  return [head, ...rows].join('\n');
}

/** A file's control characters could move the cursor or colour the terminal: each is shown as one mark. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
  return text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, '\ufffd');
}

/** All problems, one after another, and how many there are. */
export function frames(problems: readonly Problem[], options: FrameOptions): string {
  const texts = problems.map((problem) => frame(problem, options));
  return [...texts, `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`].join('\n\n');
}

const widest = 100;

/** A window on a long line; width of the word at the column in characters. */
function clip(line: string, column: number): Readonly<{ text: string; column: number; width: number }> {
  const width = wordAt(line, column - 1);
  if (line.length <= widest) return { text: line, column, width };
  const from = Math.max(0, Math.min(column - 1 - 30, line.length - widest));
  const text = `${from > 0 ? '...' : ''}${line.slice(from, from + widest)}${from + widest < line.length ? '...' : ''}`;
  const at = column - from + (from > 0 ? 3 : 0);
  return { text, column: at, width: Math.max(1, Math.min(width, text.length - at + 1)) };
}

/** The length of what begins at an offset: a quoted text, or a word up to the next mark of YAML. */
function wordAt(line: string, at: number): number {
  const rest = line.slice(at);
  const match = /^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'|^(?:[^\s,:{}[\]#]|:(?=\S))+(?: (?:[^\s,:{}[\]#]|:(?=\S))+)*/.exec(
    rest,
  );
  return Math.max(1, match?.[0].length ?? 1);
}

/** Spaces up to a column, with the line's own tabs, so that the caret stands under the word. */
function indentLike(line: string, column: number): string {
  return line.slice(0, column - 1).replace(/[^\t]/g, ' ');
}
