import type { TopLevelSpec } from 'vega-lite';
import { barLayers } from './bars.ts';
import { axisTitle, datumOf } from './datum.ts';
import type { Figure } from './figure.ts';
import { lineLayers } from './lines.ts';
import { config } from './look.ts';

const panelsAbreast = 3;

/** A figure as a chart for Vega-Lite. */
export function chartOf(figure: Figure): TopLevelSpec {
  const { y, panels, points, levels, title } = figure;
  const values = [
    ...points.map((point) => datumOf(point, 'point', figure)),
    ...levels.map((point) => datumOf(point, 'level', figure)),
  ];
  const { width, height, layer } = figure.mark === 'bars' ? barLayers(figure, values) : lineLayers(figure, values);
  const axis = axisTitle(y);
  const common = {
    config,
    description: [title ?? figure.name, ...figure.notes].join('. '),
    data: { values },
    ...(axis === '' ? {} : { title: axis }),
    padding: 4,
  };
  const plot = { width, height, layer };
  const whole =
    panels.length <= 1
      ? { ...common, ...plot }
      : {
          ...common,
          columns: Math.min(panels.length, panelsAbreast),
          facet: { field: 'panel', type: 'nominal', sort: panels, header: { title: null } },
          spec: plot,
        };
  return whole as TopLevelSpec;
}
