import type { Json } from '../hash.ts';
import { certain, intervalText } from './cells.ts';
import type { ComparedColumn, Comparison, FileComparison } from './compare.ts';
import type { ParameterDifference } from './parameters.ts';
import type { QuestionPair } from './questions.ts';
import { fixed, signed } from './statistics.ts';
import { paint, type Style } from './style.ts';
import { padLeft, padRight, shorten, widthOf, wrap } from './width.ts';

export type Look = Readonly<{ width: number; style: Style }>;

/** Two rows: parameters that differ, then numbers, right minus left. */
export function formatComparison(comparison: Comparison, look: Look): string {
  return [...pairLines(comparison, comparison, look), ...noteLines([comparison], look)].join('\n');
}

/** Two files: what all rows differ in, then row by row. */
export function formatFileComparison(files: FileComparison, look: Look): string {
  const { left, right, rows, onlyLeft, onlyRight } = files;
  const alone = (names: readonly string[], file: string) =>
    names.length === 0 ? [] : wrap(`only in ${file}: ${names.join(', ')}`, look.width, '  ');
  return [
    ...parameterLines(files.parameters, { left, right }, look),
    ...rows.flatMap((row) => [
      '',
      paint(look.style, 'bold', row.left),
      ...pairLines(row, { left, right }, look, row.parameters.length > 0),
    ]),
    ...(rows.length === 0 ? ['no row has the same name in both'] : noteLines(rows, look)),
    ...alone(onlyLeft, left),
    ...alone(onlyRight, right),
  ].join('\n');
}

type Names = Readonly<{ left: string; right: string }>;

function pairLines(comparison: Comparison, names: Names, look: Look, parameters = true): readonly string[] {
  return [
    ...(parameters ? parameterLines(comparison.parameters, names, look) : []),
    ...metricLines(comparison.metrics, names, look),
  ];
}

/** A line for each; where both values do not fit beside each other, they stand beneath the name. */
function parameterLines(
  parameters: readonly ParameterDifference[],
  { left, right }: Names,
  { width, style }: Look,
): readonly string[] {
  if (parameters.length === 0) return [paint(style, 'dim', 'no parameter differs')];
  const rows = parameters.map(({ path, left, right }) => [path, valueText(left), valueText(right)] as const);
  const name = Math.max(...rows.map(([path]) => widthOf(path)));
  const room = Math.floor((width - name - 6) / 2);
  const fits = rows.filter(([, a, b]) => Math.max(widthOf(a), widthOf(b)) <= room);
  const column = Math.max(...[left, ...fits.map(([, a]) => a)].map((text) => widthOf(shorten(text, room))));
  const line = (path: string, a: string, b: string) => `${padRight(path, name)}   ${padRight(a, column)}   ${b}`;
  const lines = rows.flatMap(([path, a, b]) =>
    Math.max(widthOf(a), widthOf(b)) <= room ? [line(path, a, b)] : [path, `  ${a}`, `  ${b}`],
  );
  return [paint(style, 'bold', line('', shorten(left, room), shorten(right, room))), ...lines, ''];
}

function metricLines(metrics: readonly ComparedColumn[], { left, right }: Names, { width, style }: Look) {
  if (metrics.length === 0) return [paint(style, 'dim', 'no column has both')];
  const longest = Math.max(8, Math.floor((width - 50) / 2));
  const head = ['', shorten(left, longest), shorten(right, longest), 'Δ', '95 %', 'won', 'lost', 'p'];
  const signs = metrics.some(({ difference }) => difference?.interval?.excludesZero === true);
  const rows = metrics.map((metric) => metricRow(metric, signs));
  const widths = head.map((title, at) => {
    const own = Math.max(...rows.map((row) => widthOf(row[at] ?? '')));
    return at > 0 && own === 0 ? 0 : Math.max(own, widthOf(title));
  });
  const line = (row: readonly string[]) =>
    row
      .flatMap((text, at) =>
        widths[at] === 0 && at > 0 ? [] : [at === 0 ? padRight(text, widths[0] ?? 0) : padLeft(text, widths[at] ?? 0)],
      )
      .join('  ')
      .trimEnd();
  const rule = paint(style, 'dim', '─'.repeat(Math.max(...[head, ...rows].map((row) => widthOf(line(row))))));
  const lines = rows.map((row, at) => paint(style, toneOf(metrics[at]), line(row)));
  return [rule, paint(style, 'bold', line(head)), rule, ...lines, rule];
}

/** `signs`: a column has one behind its difference, so that all leave room for it. */
function metricRow(metric: ComparedColumn, signs: boolean): readonly string[] {
  const { label, left, right, stale, difference, questions, decimals } = metric;
  const value = (number: number | undefined, side: 'left' | 'right') =>
    number === undefined ? '–' : `${fixed(number, decimals)}${stale?.includes(side) === true ? '~' : ''}`;
  const sign = difference?.interval?.excludesZero === true ? certain : signs ? ' ' : '';
  return [
    label,
    value(left, 'left'),
    value(right, 'right'),
    difference === undefined ? '' : signed(difference.mean, decimals) + sign,
    intervalText(difference, decimals),
    questions === undefined ? '' : String(questions.wins),
    questions === undefined ? '' : String(questions.losses),
    questions === undefined ? '' : probability(questions.p),
  ];
}

/** `0.03`, `<0.001`. */
export function probability(p: number): string {
  return p < 0.001 ? '<0.001' : p < 0.1 ? p.toFixed(3) : p.toFixed(2);
}

function toneOf(metric: ComparedColumn | undefined): 'good' | 'bad' | undefined {
  const difference = metric?.difference;
  if (metric === undefined || difference?.interval?.excludesZero !== true) return undefined;
  return difference.mean > 0 === !metric.lowerIsBetter ? 'good' : 'bad';
}

function noteLines(comparisons: readonly Comparison[], { width, style }: Look): readonly string[] {
  const metrics = comparisons.flatMap((comparison) => comparison.metrics);
  const notes: string[] = [];
  if (metrics.some(({ difference }) => difference !== undefined)) notes.push('Δ: right minus left, paired by seed');
  const intervals = metrics.flatMap(({ difference }) => difference?.interval ?? []);
  if (intervals.some(({ excludesZero }) => excludesZero))
    notes.push(`${certain} the 95 % interval (paired t test over seeds) excludes 0`);
  else if (intervals.length > 0) notes.push('no 95 % interval (paired t test over seeds) excludes 0');
  if (metrics.some(({ questions }) => questions !== undefined))
    notes.push(
      "won, lost: questions that the right side answers better or worse, a question once by its mean over the seeds; p: McNemar's exact test, for each column alone",
    );
  if (metrics.some(({ stale }) => stale !== undefined))
    notes.push('~ stale: measured before its stages changed, compared with nothing');
  const unpaired = metrics.reduce((sum, { questions }) => sum + (questions?.unpaired ?? 0), 0);
  if (unpaired > 0) notes.push(`${unpaired} questions that only one side was asked are left out`);
  return notes.flatMap((note) => wrap(note, width, '  ')).map((line) => paint(style, 'dim', line));
}

/** The questions on which the sides part, losses first, at most so many of each column. */
export function formatQuestions(comparison: Comparison, labels: readonly string[], most: number, look: Look): string {
  const columns = comparison.metrics.filter(({ label }) => labels.length === 0 || labels.includes(label));
  return columns
    .flatMap(({ label, questions }) => {
      if (questions === undefined) return [];
      const { wins, losses, same, pairs } = questions;
      const head = `${label}: ${wins} won, ${losses} lost, ${same} the same`;
      const part = (outcome: QuestionPair['outcome']) => pairs.filter((pair) => pair.outcome === outcome);
      const parted = [...part('loss').slice(0, most), ...part('win').slice(0, most)];
      const rest = wins + losses - parted.length;
      return [
        [
          paint(look.style, 'bold', head),
          ...parted.flatMap((pair) => questionLines(pair, comparison, look)),
          ...(rest > 0 ? [paint(look.style, 'dim', `${rest} more (--number shows more)`)] : []),
        ].join('\n'),
      ];
    })
    .join('\n\n');
}

function questionLines(pair: QuestionPair, { left, right }: Names, { width, style }: Look): readonly string[] {
  const won = pair.outcome === 'win';
  const names = Math.max(widthOf(left), widthOf(right), widthOf('truth'));
  const entry = (name: string, text: string) =>
    wrap(`${padRight(name, names)}  ${text.replaceAll(/\s+/g, ' ')}`, width - 2, '  ').map((line) => `  ${line}`);
  return [
    ...wrap(`${won ? '+' : '−'} ${pair.id}: ${pair.question.replaceAll(/\s+/g, ' ')}`, width, '  ').map((line) =>
      paint(style, won ? 'good' : 'bad', line),
    ),
    ...entry('truth', truthText(pair.truth)),
    ...entry(left, answersText(pair.left)),
    ...entry(right, answersText(pair.right)),
  ];
}

/** Equal answers of several seeds once: `red (0) ×2, green (1)`. */
function answersText(answers: QuestionPair['left']): string {
  const counts = new Map<string, number>();
  for (const { answer, score } of answers) {
    const text = `${answer === '' ? '(nothing)' : answer} (${Number(score.toFixed(2))})`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} ×${count}`)).join(', ');
}

/** Ten annotators' answers are counted, not listed. */
function truthText(truth: Json): string {
  if (!Array.isArray(truth)) return valueText(truth);
  const counts = new Map<string, number>();
  for (const one of truth) counts.set(valueText(one), (counts.get(valueText(one)) ?? 0) + 1);
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} ×${count}`)).join(', ');
}

function valueText(value: Json | undefined): string {
  if (value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
