import { problemLine } from '../problem.ts';
import { duration, paint, type Style } from '../report/style.ts';
import type { Failure } from '../run/event.ts';
import type { Ended } from './view.ts';
import { metricsText } from './words.ts';

/** What stays on the screen of a stage that is over: one line; of a failed one its message and the end of its log. */
export function endedLines(ended: Ended, style: Style): readonly string[] {
  switch (ended.type) {
    case 'finished': {
      const numbers = metricsText(ended.metrics);
      const facts = [duration(ended.seconds), ...(numbers === '' ? [] : [numbers])].join(' · ');
      return [`${paint(style, 'good', '✓')} ${ended.stage}  ${paint(style, 'dim', facts)}`];
    }
    case 'blocked':
      return [`${paint(style, 'warn', '⊘')} ${ended.stage}  ${paint(style, 'dim', `not run: ${ended.by} failed`)}`];
    case 'stopped':
      return [`${paint(style, 'warn', '■')} ${ended.stage}  ${paint(style, 'dim', 'stopped')}`];
    case 'failed':
      return [
        `${paint(style, 'bad', '✗')} ${paint(style, 'bold', ended.stage)} failed`,
        ...failureLines(ended.failure, style),
      ];
  }
}

const tailLength = 12;

/** The message, what to do about it, the end of the log and where the log is; indented by two. */
export function failureLines(failure: Failure, style: Style): readonly string[] {
  const problems = failure.problems.flatMap((problem) => {
    const place = problem.at === undefined ? '' : `${problem.at.file}:${problem.at.line}:${problem.at.column}: `;
    const hint = problem.hint === undefined ? [] : [paint(style, 'accent', `    ${problem.hint}`)];
    return [`  ${paint(style, 'bad', `${place}${problem.message}`)}`, ...hint];
  });
  const message = failure.message.split('\n').map((line) => `  ${paint(style, 'bad', line)}`);
  const told = new Set(failure.problems.map(problemLine)); // the log ends with them
  const rest = failure.tail.filter((line) => !told.has(line)).slice(-tailLength);
  const tail = rest.map((line) => paint(style, 'dim', `  │ ${line}`));
  return [...(problems.length > 0 ? problems : message), ...tail, paint(style, 'dim', `  log: ${failure.log}`)];
}
