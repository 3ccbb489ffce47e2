import { ProblemError, suggest } from '../problem.ts';
import { type Figure, makeFigure } from '../report/figures/figure.ts';
import { formatFigure } from '../report/figures/text.ts';
import type { Context } from './context.ts';
import { type DrawingFiles, writeDrawing } from './drawing.ts';
import { json } from './output.ts';
import { type OpenTables, openTables } from './tables.ts';

type FigureOptions = DrawingFiles & Readonly<{ width?: number; json?: boolean }>;

/** `sea figure`: the figures of an experiment, or one of them, from what is in the cache now. */
export async function showFigures(
  file: string,
  name: string | undefined,
  options: FigureOptions,
  { output, cache }: Context,
): Promise<number> {
  const opened = await openTables(file, cache, { tableless: true });
  opened.session.store.close();
  const figures = figuresOf(opened);
  const chosen = name === undefined ? figures : [named(figures, name)];
  const wanted = options.svg ?? options.png;
  if (wanted !== undefined) output.out((await drawOne(chosen, wanted, options)).join('\n'));
  else if (options.json === true) output.out(json({ figures: chosen }));
  else {
    const look = { width: options.width ?? output.width, style: output.style };
    output.out(chosen.map((figure) => formatFigure(figure, look)).join('\n\n'));
  }
  return 0;
}

/** The figures that an experiment declares. A ProblemError where it declares none. */
function figuresOf({ experiment, readings }: OpenTables): readonly Figure[] {
  const { name, file, figures = [] } = experiment;
  if (figures.length > 0) return figures.map((spec) => makeFigure(experiment, spec, readings));
  throw new ProblemError({
    code: 'no-figure',
    message: `${name} declares no figure`,
    at: { file, line: 1, column: 1 },
    hint: 'add `figures: [{ mark: bars }]`, which draws its first table',
  });
}

function named(figures: readonly Figure[], name: string): Figure {
  const found = figures.find((figure) => figure.name === name);
  if (found !== undefined) return found;
  const hint = suggest(
    name,
    figures.map((figure) => figure.name),
  );
  throw new ProblemError({ code: 'unknown-figure', message: `there is no figure "${name}"`, hint });
}

async function drawOne(figures: readonly Figure[], path: string, files: DrawingFiles): Promise<readonly string[]> {
  const [figure, ...others] = figures;
  if (figure === undefined || others.length > 0) {
    const message = `${path} takes one figure, and there are ${figures.length}`;
    throw new ProblemError({
      code: 'which-figure',
      message,
      hint: `name one: ${figures.map(({ name }) => name).join(', ')}`,
    });
  }
  const { figureSvg, svgDocument } = await import('../report/figures/svg.ts');
  return writeDrawing(async () => svgDocument(await figureSvg(figure)), files);
}
