import { doctor, type Finding, type Report } from '../doctor.ts';
import { isFasterAlone, type Pace } from '../executors/pace.ts';
import { paint, type Style, type Tone } from '../report/style.ts';
import { padRight } from '../report/width.ts';
import type { Kept } from '../store/paces.ts';
import { makeRoot } from '../store/root.ts';
import type { Context } from './context.ts';
import { json } from './output.ts';
import { knownPace, measureHere } from './pace.ts';

type Options = Readonly<{ json?: boolean; measure?: boolean }>;

/** `sea doctor`: what was found, what is missing, what mends it. Fails when something that was asked for is missing. */
export async function examine({ json: asJson, measure }: Options, { output, cache }: Context): Promise<number> {
  const found = await doctor();
  const engine = found.engine?.name === 'tensorflow';
  const report = engine ? { ...found, findings: [...found.findings, await stages(cache, measure === true)] } : found;
  output.out(asJson === true ? json(report) : reportText(report, output.style));
  return report.findings.some((finding) => finding.state === 'missing') ? 1 : 0;
}

/** How stages with an engine share this machine. */
async function stages(cache: string, measure: boolean): Promise<Finding> {
  if (measure) makeRoot(cache);
  const kept = measure ? await measureHere(cache) : knownPace(cache);
  if (kept !== undefined) return { name: 'stages', state: 'ok', found: paceText(kept) };
  const found = measure
    ? 'could not be measured: one core only, or the machine is too busy'
    : 'how they share this machine is not measured yet: a run of some minutes does it first';
  return { name: 'stages', state: 'absent', found, ...(measure ? {} : { mend: 'sea doctor --measure' }) };
}

function paceText({ at, pace }: Kept<Pace>): string {
  const text = ({ stages: count, threads, rate }: Pace['alone']): string =>
    `${count} at once with ${threads} ${threads === 1 ? 'thread' : 'threads'}${count === 1 ? '' : ' each'} (${rate.toFixed(1)} training steps/s)`;
  const [taken, other] = isFasterAlone(pace) ? [pace.alone, pace.together] : [pace.together, pace.alone];
  return `${text(taken)} rather than ${text(other)}, measured ${at.slice(0, 10)}`;
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
