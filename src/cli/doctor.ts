import { doctor, type Finding, type Report } from '../doctor.ts';
import { paint, type Style, type Tone } from '../report/style.ts';
import { padRight } from '../report/width.ts';
import type { Context } from './context.ts';
import { json } from './output.ts';

/** `sea doctor`: what was found, what is missing, what mends it. Fails when something that was asked for is missing. */
export async function examine(options: Readonly<{ json?: boolean }>, { output }: Context): Promise<number> {
  const report = await doctor();
  output.out(options.json === true ? json(report) : reportText(report, output.style));
  return report.findings.some((finding) => finding.state === 'missing') ? 1 : 0;
}

const tones: Readonly<Record<Finding['state'], Tone>> = { ok: 'good', absent: 'warn', missing: 'bad' };

function reportText({ seagraph, platform, findings }: Report, style: Style): string {
  const names = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.map(({ name, state, found, mend }) => {
    const hint = mend === undefined ? '' : `\n${' '.repeat(names + 11)}${paint(style, 'accent', `-> ${mend}`)}`;
    return `${paint(style, tones[state], padRight(state, 7))}  ${padRight(name, names)}  ${found}${hint}`;
  });
  return [paint(style, 'bold', `seagraph ${seagraph} on ${platform}`), ...lines].join('\n');
}
