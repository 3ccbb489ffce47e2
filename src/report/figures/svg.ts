import * as vega from 'vega';
import { compile } from 'vega-lite';
import { xml } from '../labels/svg.ts';
import { chartOf } from './chart.ts';
import type { Figure } from './figure.ts';
import { TEXT, textWidth } from './look.ts';

/** What Vega exports for programs that measure texts themselves; its types leave it out. */
const { textMetrics } = vega as unknown as Readonly<{ textMetrics: { width: (item: Item, text: unknown) => number } }>;
type Item = Readonly<{ fontSize?: number }>;

// without a canvas every letter would count as the widest
textMetrics.width = (item, text) =>
  (Array.isArray(text) ? text : [text]).reduce<number>(
    (most, line) => Math.max(most, textWidth(String(line ?? ''), item.fontSize ?? TEXT)),
    0,
  );

/** A figure as SVG for a page: in the colour of the text around it, without ground. */
export async function figureSvg(figure: Figure): Promise<string> {
  const { spec } = compile(chartOf(figure), { logger: vega.logger(vega.None) });
  const view = new vega.View(vega.parse(spec), { renderer: 'none', logLevel: vega.None });
  try {
    return titled(await view.toSVG(), figure);
  } finally {
    view.finalize();
  }
}

function titled(svg: string, { title, name }: Figure): string {
  return svg.replace(/^(<svg[^>]*>)/, `$1<title>${xml(title ?? name)}</title>`);
}

/** The same as a file of its own: dark on white wherever it is shown. */
export function svgDocument(svg: string): string {
  return `${svg.replace(/^<svg([^>]*)>/, '<svg$1 color="#1b1b1a"><rect width="100%" height="100%" fill="#ffffff"/>')}\n`;
}
